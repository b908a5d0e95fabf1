"""Write rows by the thousand: binary ``COPY`` into staging, then one ``INSERT``.

Rows that are there already stay, unless the new copy of an event has the smaller
(sealed_at, origin, leaf, idx): so any interleaving of origins gives the same tables.
The copies that do not stay are kept as ``repetition``, where another digest under the
same id is a finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier

from projections.columns import Table
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.database import Connection

EncodedRow = tuple[object, bytes]
"""The first value of a row, and its bytes in binary ``COPY``."""

_PACKAGE = "projections"
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_PRIMARY = frozenset(("event", "decision"))
"""Tables that hold each event once, and beside which ``repetition`` stands."""


class Loader:
    """Writes rows of fact tables through one connection.

    Args:
        connection: of the writer or the owner.
        schemas: projection name → schema that is written, for shadow schemas.
    """

    def __init__(
        self, connection: Connection, schemas: Mapping[str, str] | None = None
    ) -> None:
        self._connection = connection
        self._schemas = dict(schemas or {})
        self._staged: set[tuple[str, str]] = set()

    def schema(self, projection: str) -> str:
        """Return the schema that is written for a projection."""
        return self._schemas.get(projection, projection)

    def tables(self, projection: str) -> dict[str, Table]:
        """Return the fact tables of a projection, by name, from the catalogue."""
        return tables_of(
            self._connection, schema=self.schema(projection), projection=projection
        )

    def load(self, table: Table, rows: Sequence[EncodedRow]) -> int:
        """Write encoded rows of one table; return how many were new.

        Args:
            table: where to.
            rows: as :meth:`Table.encoder` makes them, each behind the first of its
                values, in the order of positions.
        """
        if not rows:
            return 0
        first, again = _split(table, rows)
        new = self._load_distinct(table, first)
        return new + self.load(table, again)

    def forget(self) -> None:
        """Forget staging tables, after a transaction that was rolled back."""
        self._staged.clear()

    def _load_distinct(self, table: Table, rows: Sequence[EncodedRow]) -> int:
        parts = self._parts(table)
        self._stage(table, rows, parts)
        execute = self._connection.execute
        new = execute(composed(_PACKAGE, "insert_new", **parts)).rowcount
        if new < len(rows) and table.columns[0] == "event_id":
            if table.name in _PRIMARY:
                execute(composed(_PACKAGE, "insert_repeated", **parts))
            if table.name != "repetition":
                execute(composed(_PACKAGE, "keep_smallest", **parts))
        execute(composed(_PACKAGE, "empty_stage", **parts))
        return new

    def _stage(
        self,
        table: Table,
        rows: Sequence[EncodedRow],
        parts: Mapping[str, Composable],
    ) -> None:
        key = (self.schema(table.schema), table.name)
        if key not in self._staged:
            self._connection.execute(composed(_PACKAGE, "create_stage", **parts))
            self._staged.add(key)
        with self._connection.cursor() as cursor:
            statement = composed(_PACKAGE, "copy_stage", **parts)
            with cursor.copy(statement) as copy:
                copy.write(b"".join((_SIGNATURE, *(row for _, row in rows), _TRAILER)))

    def _parts(self, table: Table) -> dict[str, Composable]:
        schema = self.schema(table.schema)
        names = [Identifier(name) for name in table.columns]
        excluded: list[Composed] = [SQL("excluded.{}").format(name) for name in names]
        return {
            "target": Identifier(schema, table.name),
            "repetition": Identifier(schema, "repetition"),
            "stage": Identifier(f"stage_{schema}_{table.name}"),
            "columns": SQL(", ").join(names),
            "excluded": SQL(", ").join(excluded),
        }


def tables_of(
    connection: Connection, *, schema: str, projection: str
) -> dict[str, Table]:
    """Return the fact tables of a schema, by name; ``position`` is not one of them."""
    listed = connection.execute(sql(_PACKAGE, "columns"), {"schema": schema}).fetchall()
    return {
        name: Table(projection, name, tuple(columns), tuple(types))
        for name, columns, types in listed
    }


def _split(
    table: Table, rows: Sequence[EncodedRow]
) -> tuple[Sequence[EncodedRow], Sequence[EncodedRow]]:
    """Part the rows into the first of each event id, and the rest."""
    if table.columns[0] != "event_id" or len({row[0] for row in rows}) == len(rows):
        return rows, ()
    seen: set[object] = set()
    first: list[EncodedRow] = []
    again: list[EncodedRow] = []
    for row in rows:
        (again if row[0] in seen else first).append(row)
        seen.add(row[0])
    return first, again
