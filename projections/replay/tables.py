"""Fact tables in memory: their columns from ``schema.sql``, their rows from entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, cast
from uuid import UUID

from projections.columns import to_time
from projections.stored import Stored, stored
from projections.written import tables_of

Loaded = dict[str, Any]


@cache
def encoder_of(projection: str, name: str) -> Callable[[Any], bytes]:
    """Return what refuses the values that no column can hold."""
    return tables_of(projection)[name].encoder()


class Rows:
    """The rows of all tables, as a database would hold them after the same events."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[object, Stored]] = {}

    def add(self, projection: str, name: str, values: tuple[object, ...]) -> None:
        """Take in a row; of two copies of an event the one with the smallest place."""
        table = tables_of(projection)[name]
        row = stored(table, values)
        kept = self._tables.setdefault(row.name, {})
        key = _key(row)
        before = kept.get(key)
        if before is None:
            kept[key] = row
            return
        first, again = sorted((before, row), key=_place)
        kept[key] = first
        if name in {"event", "decision"} and _place(first) != _place(again):
            self._repeat(projection, again)

    def all(self, name: str) -> list[Stored]:
        """Return the rows of ``schema.table``."""
        return list(self._tables.get(name, {}).values())

    def loaded(self, name: str) -> list[Loaded]:
        """Return the rows of ``schema.table`` as the driver would load them."""
        return [load(row) for row in self.all(name)]

    def _repeat(self, projection: str, row: Stored) -> None:
        table = tables_of(projection)["repetition"]
        values = tuple(row.values[column] for column in table.columns)
        self.add(projection, "repetition", values)


def load(row: Stored) -> Loaded:
    """Return a row's values as the driver loads them: ids and times as objects."""
    kinds = zip(row.table.columns, row.table.types, strict=True)
    return {name: _load(row.values[name], kind) for name, kind in kinds}


def _load(value: object, kind: str) -> object:
    if value is None or kind == "jsonb":
        return value
    if isinstance(value, list):
        inner = kind.removesuffix("[]")
        return [_load(item, inner) for item in cast("list[object]", value)]
    if kind == "uuid":
        return UUID(bytes=cast("bytes", value))
    if kind == "timestamp with time zone":
        return to_time(cast("int", value))
    return value


def _key(row: Stored) -> object:
    v = row.values
    if row.table.name == "repetition":
        return (v["event_id"], v["origin"], v["leaf"], v["idx"])
    if "event_id" in v:
        return v["event_id"]
    return (v["origin"], v["leaf"], v.get("idx"))


def _place(row: Stored) -> tuple[Any, ...]:
    v = row.values
    return (v["sealed_at"], v["origin"], v["leaf"], v["idx"])
