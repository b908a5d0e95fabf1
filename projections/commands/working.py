"""Let ``mlledger worker`` project what it has sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.commands.working import PROJECTING, Working

if TYPE_CHECKING:
    import typer

    from ledger.config import Config


def register(app: typer.Typer) -> None:
    """Make the worker of this package the one that runs."""
    del app
    if projecting not in PROJECTING:
        PROJECTING.append(projecting)


def projecting(config: Config, **options: Any) -> Working:
    """Return the worker that seals and projects; see its arguments."""
    from projections.worker import Worker

    return Worker(config, **options)
