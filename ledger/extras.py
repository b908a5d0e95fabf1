"""Commands whose packages are not installed: they say what to install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import ConfigurationError
from ledger.output import reporting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import typer

_ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def explain(app: typer.Typer, names: Iterable[str], *, extra: str) -> None:
    """Add hidden commands that end with exit code 3 and name the extra they need.

    Args:
        app: the command line.
        names: first words of the commands.
        extra: name of the extra that brings them.
    """
    for name in names:
        app.command(name, hidden=True, context_settings=_ANYTHING)(
            _refusal(name, extra)
        )


def _refusal(name: str, extra: str) -> Callable[[], None]:
    def refuse() -> None:
        with reporting(name):
            raise ConfigurationError(
                f"mlledger {name}: needs packages that are not installed",
                hint=f"pip install 'mlledger[{extra}]'",
            )

    return refuse
