"""The rows in which a live table differs from its shadow, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from psycopg.sql import Identifier

from ledger.errors import IntegrityError
from projections.digests import key_of
from projections.loading import tables_of
from projections.projection import PROJECTIONS
from projections.statements import composed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.verification.findings import Findings
    from projections.columns import Table
    from projections.database import Connection
    from projections.digests import Digested, TableContent

_PACKAGE = "projections"
_NAMED_ROWS = 100
SHADOW: Mapping[str, str] = {p.name: f"{p.name}_audit" for p in PROJECTIONS}
"""Projection → the schema it is made anew in."""


def compare_rows(
    connection: Connection, live: Digested, made: Digested, findings: Findings
) -> None:
    """Compare the tables of a projection with its shadow's; name rows that differ.

    Args:
        connection: that reads both.
        live: what the live tables hold.
        made: what the shadow's hold.
        findings: where what is found goes.
    """
    fresh = {item.table: item for item in made.tables}
    held = {item.table: item for item in live.tables}
    for name in sorted({*fresh, *held}):
        if name not in held or name not in fresh:
            findings.add(_not_both(live.projection, name, fresh.get(name)))
        elif fresh[name] != held[name]:
            table = (live.projection, name)
            _name_rows(connection, table, findings, fresh, held[name])


def _not_both(projection: str, name: str, fresh: TableContent | None) -> IntegrityError:
    place = f"{projection}.{name}"
    wanted, found = ("a table", "none") if fresh else ("none", "a table")
    words = "no table holds these rows" if fresh else "the log makes no such table"
    return IntegrityError(
        f"{place}: {words}", place=place, expected=wanted, actual=found
    )


def _name_rows(
    connection: Connection,
    named: tuple[str, str],
    findings: Findings,
    fresh: Mapping[str, TableContent],
    found: TableContent,
) -> None:
    schema, name = named
    table = tables_of(connection, schema=schema, projection=schema)[name]
    pairs = _differences(connection, table)
    for live, shadow in pairs:
        findings.add(_difference(connection, table, live, shadow))
    if not pairs:
        place = f"{schema}.{name}"
        findings.add(
            IntegrityError(
                f"{place}: its digest is not that of the same leaves folded anew",
                place=place,
                expected=shown(fresh.get(name)),
                actual=shown(found),
            )
        )


def _differences(
    connection: Connection, table: Table
) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    shadow = SHADOW[table.schema]
    statement = composed(
        _PACKAGE,
        "audit_differences",
        live=Identifier(table.schema, table.name),
        shadow=Identifier(shadow, table.name),
        live_position=Identifier(table.schema, "position"),
        shadow_position=Identifier(shadow, "position"),
        key=key_of(connection, shadow, table),
    )
    found = connection.execute(statement, {"limit": _NAMED_ROWS}).fetchall()
    return cast("list[tuple[dict[str, Any] | None, dict[str, Any] | None]]", found)


def _difference(
    connection: Connection,
    table: Table,
    live: dict[str, Any] | None,
    shadow: dict[str, Any] | None,
) -> IntegrityError:
    row = live or shadow or {}
    keys = key_of(connection, SHADOW[table.schema], table).as_string(connection)
    names = [name.strip(' "') for name in keys.split(",")]
    place = f"{table.schema}.{table.name} " + " ".join(str(row[n]) for n in names)
    origin = f"{row.get('origin')} leaf {row.get('leaf')}"
    if live is None:
        text = f"{place}: the log makes this row ({origin}), the table does not hold it"
        return IntegrityError(text, place=place, expected="a row", actual="no row")
    if shadow is None:
        text = f"{place}: the table holds this row, the log makes no such row"
        return IntegrityError(text, place=place, expected="no row", actual="a row")
    column = next(name for name in table.columns if live[name] != shadow[name])
    return IntegrityError(
        f"{place}: column {column} is not what the log says ({origin})",
        place=f"{place} column {column}",
        expected=str(shadow[column]),
        actual=str(live[column]),
    )


def shown(content: TableContent | None) -> str:
    """Return what a table holds in a few words."""
    if content is None:
        return "no such table"
    return f"{content.rows} rows, SHA-256 {content.digest.hex()}"
