"""``mlledger event tail``: the newest events, and those that come after them."""

from __future__ import annotations

import csv
import sys
import time
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ledger.options import Format, HomeOption, JsonOption, OutputOption, chosen
from ledger.output import cell, csv_cell, json_line, reporting
from projections.commands.listing import emit_rows
from projections.commands.opening import LimitOption, auditing, row_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from projections.database import Connection
    from projections.integrity.queries import Event

    Printer = Callable[[Mapping[str, object]], None]

COLUMNS = ("event_id", "time", "type", "identity", "subject", "position")
TypeOption = Annotated[
    str | None, Option("--type", help="a type, or a family with a dot: registry.")
]
_WIDTHS = {"event_id": 36, "time": 27, "type": 36, "identity": 24, "subject": 16}
_AGAIN_S = 1.0
_AT_ONCE = 1_000


def tail(
    *,
    type_name: TypeOption = None,
    follow: Annotated[
        bool, Option("--follow", "-f", help="go on until stopped")
    ] = False,
    limit: LimitOption = 20,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the newest events, oldest first; with --follow each as it is projected."""
    form = chosen(output, json=json)
    with reporting("event tail", form):
        printer = _printer(form) if follow else None
        with auditing(home) as connection:
            connection.autocommit = True
            if printer is None:
                found = rows_of(_newest(connection, type_name, limit))
                emit_rows(
                    "event tail", found, form, columns=COLUMNS, connection=connection
                )
            for one in _following(connection, type_name, limit):
                printer(row_of(one))
                sys.stdout.flush()


def _newest(connection: Connection, type_name: str | None, limit: int) -> list[Event]:
    from projections.integrity.queries import events

    return events(connection, type_name=type_name, limit=limit)[::-1]


def _following(
    connection: Connection, type_name: str | None, limit: int
) -> Generator[Event]:
    """Yield the newest events, then for ever those that were not there before."""
    batch = _newest(connection, type_name, max(limit, _AT_ONCE))
    yield from batch[-limit:]
    while True:
        seen = {one.event_id for one in batch}
        time.sleep(_AGAIN_S)
        batch = _newest(connection, type_name, _AT_ONCE)
        yield from (one for one in batch if one.event_id not in seen)


def _printer(form: Format) -> Printer:
    """Return what prints one row after the other, without knowing the last.

    Raises:
        UsageError: the form is one object, which would never end.
    """
    from ledger.errors import UsageError

    if form == "json":
        raise UsageError(
            "--follow --output json: one object would never end",
            hint="one object a line: --output ndjson",
        )
    if form == "ndjson":
        return _json_line
    return _csv_printer() if form == "csv" else _table_printer()


def _json_line(row: Mapping[str, object]) -> None:
    sys.stdout.write(json_line(row) + "\n")


def _csv_printer() -> Printer:
    writer = csv.writer(sys.stdout)
    headed: list[Sequence[str]] = []

    def write(row: Mapping[str, object]) -> None:
        if not headed:
            headed.append(list(row))
            writer.writerow(map(csv_cell, headed[0]))
        writer.writerow([csv_cell(row[name]) for name in headed[0]])

    return write


def _table_printer() -> Printer:
    """Columns of fixed width: what comes later is not known yet."""
    _line({name: name for name in COLUMNS})
    return _line


def _line(row: Mapping[str, object]) -> None:
    cells = (cell(row.get(name)).ljust(_WIDTHS.get(name, 0)) for name in COLUMNS)
    sys.stdout.write("  ".join(cells).rstrip() + "\n")
