"""Rows of fact tables with all their columns, and events whose rows are absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, cast
from uuid import UUID

from psycopg.sql import SQL, Identifier

from ledger.errors import EvidenceError
from projections.asking import Bounds, asking
from projections.columns import Table, UnstorableError, from_time
from projections.integrity.queries import short_leaves
from projections.projection import PROJECTIONS
from projections.rows import EventPosition
from projections.statements import composed, sql
from projections.stored import Stored, found_by, stored
from projections.written import tables_of

if TYPE_CHECKING:
    from ledger.verification import LedgerVerifier, VerifiedEvent
    from projections.database import Connection

_PACKAGE = "projections"
_MAX_EVENTS = 4_096


def expected_rows(
    event: VerifiedEvent, position: EventPosition
) -> dict[str, tuple[object, ...]]:
    """Return the rows that a verified event makes, by schema and table."""
    made: dict[str, tuple[object, ...]] = {}
    for projection in PROJECTIONS:
        for row in projection.rows(
            event.decoded,
            position,
            event.sealed_at_ms * 1_000,
            event.identity,
            event.kind,
        ):
            made[f"{projection.name}.{row.table}"] = row.values
    return made


def is_storable(
    event: VerifiedEvent, position: EventPosition, tables: Sequence[Table]
) -> bool:
    """Tell whether the tables can hold the rows that a verified event makes."""
    named = {f"{table.schema}.{table.name}": table for table in tables}
    try:
        for name, values in expected_rows(event, position).items():
            named[name].encoder()(values)
    except UnstorableError:
        return False
    return True


@cache
def all_tables() -> Mapping[str, Table]:
    """Return every fact table, by schema and name."""
    return {
        f"{projection.name}.{name}": table
        for projection in PROJECTIONS
        for name, table in tables_of(projection.name).items()
    }


@cache
def _statement(table: Table, column: str) -> bytes:
    """Return the statement that reads rows of a table by a column's value."""
    kind = table.types[table.columns.index(column)]
    statement = composed(
        _PACKAGE,
        "chain_rows_among" if kind.endswith("[]") else "chain_rows",
        columns=SQL(", ").join(map(Identifier, table.columns)),
        table=Identifier(table.schema, table.name),
        key=Identifier(column),
    )
    return statement.as_bytes()


class RowReader:
    """Reads rows by key, together with events whose rows turned out to be absent."""

    def __init__(self, connection: Connection, bounds: Bounds) -> None:
        self._connection = connection
        self._bounds = bounds
        self._tables = all_tables()
        self._recovered: dict[str, dict[UUID, Stored]] = {}

    def rows(self, name: str, column: str, keys: Sequence[object]) -> list[Stored]:
        """Return rows of ``schema.table`` whose column is, or has, one of the keys."""
        if not keys:
            return []
        table = self._tables[name]
        parameters = {
            "keys": [UUID(bytes=k) if isinstance(k, bytes) else k for k in keys],
            "as_of": self._bounds.as_of,
            "known_as_of": self._bounds.known_as_of,
        }
        statement = _statement(table, column)
        with asking():
            found = self._connection.execute(statement, parameters).fetchall()
        present = [stored(table, row) for row in found]
        return present + self._absent(name, column, keys)

    def recover_known(
        self, types: dict[str, list[str]], verifier: LedgerVerifier
    ) -> None:
        """Take in events that ``integrity.event`` knows and whose rows are absent.

        Args:
            types: ``schema.table`` → event types that make rows of it.
            verifier: re-reads them from the log.
        """
        for name, kinds in types.items():
            table = self._tables[name]
            place = Identifier(table.schema, table.name)
            statement = composed(_PACKAGE, "absent_rows", table=place)
            with asking():
                found = self._connection.execute(statement, {"types": kinds}).fetchall()
            for origin, leaf, idx in found:
                self._recover(verifier, EventPosition(origin, leaf, idx))

    def recover_short(self, verifier: LedgerVerifier) -> None:
        """Take in events of leaves that have fewer rows than their entries events."""
        for short in short_leaves(self._connection):
            for index in set(range(short.n_events)) - set(short.present):
                self._recover(verifier, EventPosition(short.origin, short.leaf, index))
        with asking():
            statement = sql("projections.integrity", "missing_leaves")
            missing = self._connection.execute(statement).fetchall()
        for origin, leaf in missing:
            for index in range(_MAX_EVENTS):
                if not self._recover(verifier, EventPosition(origin, leaf, index)):
                    break

    def positions(self) -> dict[str, int]:
        """Return origin → number of leaves the projections have read."""
        place = Identifier("integrity", "position")
        statement = composed(_PACKAGE, "positions", position=place)
        with asking():
            found = self._connection.execute(statement).fetchall()
        return {origin: leaf for origin, leaf, _ in found}

    def _recover(self, verifier: LedgerVerifier, at: EventPosition) -> bool:
        try:
            event = verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
        except EvidenceError:
            return False  # evidence that fails here fails where it is linked to
        for name, values in expected_rows(event, at).items():
            table = self._tables[name]
            row = stored(table, values, absent=True)
            if not self._is_present(row) and self._within(row):
                self._recovered.setdefault(name, {})[row.id] = row
        return True

    def _is_present(self, row: Stored) -> bool:
        return any(
            not found.absent for found in self.rows(row.name, "event_id", [row.id])
        )

    def _within(self, row: Stored) -> bool:
        limits = (("time", self._bounds.as_of), ("sealed_at", self._bounds.known_as_of))
        return all(
            limit is None or cast("int", row.values[name]) <= from_time(limit)
            for name, limit in limits
        )

    def _absent(self, name: str, column: str, keys: Sequence[object]) -> list[Stored]:
        wanted = {k.bytes if isinstance(k, UUID) else k for k in keys}
        recovered = self._recovered.get(name, {}).values()
        return found_by(recovered, column, wanted)
