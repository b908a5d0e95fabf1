"""Rows of fact tables as plain values, wherever they come from; no database here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from projections.columns import Table, plain, printed
from projections.rows import EventPosition

COMMON = frozenset(
    ("event_id", "time", "sealed_at", "origin", "leaf", "idx", "identity", "basis")
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of a fact table.

    Attributes:
        table: its table.
        values: plain values by column, see :func:`projections.columns.plain`.
        absent: the row is not in the database; the values are those of the log.
    """

    table: Table
    values: dict[str, object]
    absent: bool = False

    @property
    def name(self) -> str:
        """Schema and table."""
        return f"{self.table.schema}.{self.table.name}"

    @property
    def id(self) -> UUID:
        """Id of the event the row comes from."""
        return UUID(bytes=cast("bytes", self.values["event_id"]))

    @property
    def position(self) -> EventPosition:
        """Where the row says its event is."""
        v = self.values
        origin, leaf, index = v["origin"], v["leaf"], v["idx"]
        return EventPosition(cast("str", origin), cast("int", leaf), cast("int", index))

    def keys(self, column: str) -> list[object]:
        """Return the values of a column that rows are found by: one, or a list's."""
        value = self.values[column]
        return cast("list[object]", value) if isinstance(value, list) else [value]

    def fields(self) -> dict[str, object]:
        """Return what the row says beside its common columns, as people read it."""
        kinds = zip(self.table.columns, self.table.types, strict=True)
        return {
            name: shown(self.values[name], kind)
            for name, kind in kinds
            if name not in COMMON
        }


def found_by(
    rows: Iterable[Stored], column: str, keys: Iterable[object]
) -> list[Stored]:
    """Return the rows whose column is, or has, one of the keys.

    Args:
        rows: of one table.
        column: its key column.
        keys: plain values: ids as bytes.

    Returns:
        In order of time and event id.
    """
    wanted = set(keys)
    found = [row for row in rows if wanted.intersection(row.keys(column))]
    return sorted(
        found, key=lambda row: (cast("int", row.values["time"]), row.id.bytes)
    )


def shown(value: object, kind: str) -> object:
    """Return a plain value for JSON: ids and times as text, numbers as they are."""
    if isinstance(value, list) and kind != "jsonb":
        inner = kind.removesuffix("[]")
        return [shown(item, inner) for item in cast("list[object]", value)]
    if isinstance(value, bytes) or kind == "timestamp with time zone":
        return printed(cast("object", value), kind)
    return cast("object", value)


def stored(table: Table, row: Sequence[object], *, absent: bool = False) -> Stored:
    """Return a row as the driver loads it, or as ``rows()`` makes it."""
    values = {
        name: plain(value, kind)
        for name, kind, value in zip(table.columns, table.types, row, strict=True)
    }
    return Stored(table, values, absent)
