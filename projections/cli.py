"""Commands of this package: tables, worker, questions, and what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.extras import explain

if TYPE_CHECKING:
    import typer

_COMMANDS = (
    "decision",
    "run",
    "model",
    "release",
    "deployment",
    "event",
    "query",
    "sample",
    "whatis",
    "db",
    "vault",
    "erase",
    "alert",
    "drift",
    "control",
    "finding",
)


def register(app: typer.Typer) -> None:
    """Add the commands; nothing heavy is imported until one of them runs."""
    from importlib.util import find_spec

    from projections.commands import prove

    prove.register_replay()
    if find_spec("psycopg") is None:
        explain(app, _COMMANDS, extra="embedded")
        _explain_parts()
        return
    from projections.commands import (
        alert,
        auditing,
        consumer,
        control,
        database,
        decision,
        drift,
        event,
        finding,
        question,
        recorded,
        sample,
        show,
        vault,
        whatis,
        working,
    )

    recorded.register_records()
    for module in (
        decision,
        show,
        event,
        consumer,
        question,
        sample,
        whatis,
        working,
        database,
        auditing,
        vault,
        prove,
        drift,
        alert,
        control,
        finding,
    ):
        module.register(app)


def _explain_parts() -> None:
    """Name the extra for what this package adds to groups of the ledger's commands."""
    from ledger.commands import consumers, prove, verify

    parts = (
        (consumers.group, "consumer", ("ls", "undeclared")),
        (prove.group, "prove", ("decision", "answer", "report")),
        (verify.group, "verify", ("projection",)),
    )
    for group, name, commands in parts:
        explain(group, commands, extra="embedded", group=name)
