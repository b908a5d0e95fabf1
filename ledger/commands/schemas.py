"""``mlledger schemas``: the imprint of the event types, and their registration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting


def register(app: typer.Typer) -> None:
    """Add ``schemas`` and ``schemas register``."""
    group = typer.Typer(help="Event types: their imprint, their registration.")
    group.callback(invoke_without_command=True)(imprint)
    group.command("register")(register_schemas)
    app.add_typer(group, name="schemas")


def imprint(
    context: typer.Context,
    *,
    folder: Annotated[Path, Option(help="where the imprint stands")] = Path("schemas"),
    check: Annotated[bool, Option("--check", help="compare, write nothing")] = False,
) -> None:
    """Write the Avro schema and documentation of each event type, or compare them."""
    if context.invoked_subcommand is not None:
        return
    with reporting("schemas"):
        from ledger.schemas_imprint import check_imprint, write_imprint

        if check:
            check_imprint(folder)
            return
        for path in write_imprint(folder):
            typer.echo(path)


def register_schemas(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Enter in the control log each shipped event type it does not know yet.

    A ledger that is older than this program needs it once, or a worker that has the
    operator's key; again is no harm.
    """
    form = chosen(output, json=json)
    with reporting("schemas register", form):
        from ledger.commands.acting import SEALED, acting
        from ledger.registration import register_schemas as register_missing

        with acting(home) as act:
            made = register_missing(act.config, act.log, act.control)
        text = f"{len(made)} event types registered. {SEALED}"
        if not made:
            text = "every event type of this program is registered already"
        rows: list[dict[str, object]] = [{"event_type": name} for name in made]
        answer = Answer("schemas register", {"registered": made}, text=text, rows=rows)
        emit(answer, form)
