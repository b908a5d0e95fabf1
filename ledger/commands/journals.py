"""``mlledger journal``: what producers of this home have not yet handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.errors import InvalidEventError, UnavailableError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.journal_admin import JournalStatus


def register(app: typer.Typer) -> None:
    """Add ``journal status | flush | quarantine ls | quarantine drop``."""
    quarantine = typer.Typer(help="Bytes that were refused, kept with the reason.")
    quarantine.command("ls")(quarantine_ls)
    quarantine.command("drop")(quarantine_drop)
    group = typer.Typer(help="Events on their way to the log.")
    group.command("status")(status)
    group.command("flush")(flush)
    group.add_typer(quarantine, name="quarantine")
    app.add_typer(group, name="journal")


def status(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List journals: what waits to be packed, sent or sealed."""
    form = chosen(output, json=json)
    with reporting("journal status", form):
        from ledger.config import load_config
        from ledger.journal_admin import journal_status

        emit(Answer("journal status", _rows(journal_status(load_config(home)))), form)


def flush(
    *,
    timeout: Annotated[float, Option(min=0, help="seconds")] = 30.0,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Send what journals of ended processes still hold; exit 8 if some is left."""
    form = chosen(output, json=json)
    with reporting("journal flush", form):
        from ledger.config import load_config
        from ledger.journal_admin import flush_journals
        from ledger.keys import load_signer

        config = load_config(home)
        done = flush_journals(
            config,
            identity=config.producer.identity,
            signer=load_signer(config.producer.key, base=config.home),
            timeout=timeout,
        )
        waiting = [
            row for row in done.left if (row.events or row.new) and not row.is_held
        ]
        data = {
            "appended": done.appended,
            "sealed": done.sealed,
            "left": _rows(done.left),
            "last_error": done.last_error,
        }
        text = f"{done.appended} entries appended, {done.sealed} found sealed"
        warnings = [f"{len(waiting)} journals still wait: {done.last_error}"]
        emit(
            Answer(
                "journal flush",
                data,
                exit=UnavailableError.exit_code if waiting else 0,
                warnings=warnings if waiting else [],
                text=text,
            ),
            form,
        )


def quarantine_ls(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List what was refused, and why; the bytes are kept."""
    form = chosen(output, json=json)
    with reporting("journal quarantine ls", form):
        from dataclasses import asdict

        from ledger.config import load_config
        from ledger.journal_admin import quarantine_list

        rows = [asdict(kept) for kept in quarantine_list(load_config(home))]
        emit(Answer("journal quarantine ls", rows), form)


def quarantine_drop(
    name: Annotated[str, Argument(help="as journal quarantine ls prints it")],
    *,
    yes: Annotated[bool, Option("--yes", help="delete without being asked")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Delete one quarantined file for good."""
    form = chosen(output, json=json)
    with reporting("journal quarantine drop", form):
        if not yes:
            raise InvalidEventError(
                f"{name}: would be deleted for good", hint="repeat with --yes"
            )
        from ledger import journal_admin
        from ledger.config import load_config

        journal_admin.quarantine_drop(load_config(home), name)
        emit(Answer("journal quarantine drop", {"dropped": name}, text=name), form)


def _rows(journals: Iterable[JournalStatus]) -> list[dict[str, object]]:
    return [
        {
            "journal": row.journal_id.hex(),
            "identity": row.identity,
            "held": row.is_held,
            "events": row.events,
            "new": row.new,
            "appended": row.appended,
            "sealed": row.sealed,
            "bytes": row.size,
            "damage": row.damage,
        }
        for row in journals
    ]
