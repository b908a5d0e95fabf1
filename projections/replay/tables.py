"""Fact tables in memory: their columns from ``schema.sql``, their rows from entries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast
from uuid import UUID

from projections.columns import Table, to_time
from projections.stored import Stored, stored

_TABLE = re.compile(r"^CREATE TABLE (\w+) \($(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(
    r"^ {7}([a-z_]+) +([a-z ]+?(?:\(\d+\))?(?:\[\])?)(?: +[A-Z].*)?,?$"
)
_TYPES = {
    "timestamptz": "timestamp with time zone",
    "varchar(256)": "character varying",
}

Loaded = dict[str, Any]


@cache
def tables_of(projection: str) -> Mapping[str, Table]:
    """Return the fact tables of a projection by name, as ``schema.sql`` makes them."""
    text = files(f"projections.{projection}").joinpath("sql", "schema.sql")
    found: dict[str, Table] = {}
    for name, body in _TABLE.findall(text.read_text(encoding="utf-8")):
        columns = [
            (match[1], _type(match[2]))
            for line in body.splitlines()
            if (match := _COLUMN.match(line))
        ]
        names, kinds = zip(*columns, strict=True)
        found[name] = Table(projection, name, names, kinds)
    found.pop("position")
    return found


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


def _type(text: str) -> str:
    inner = text.removesuffix("[]")
    return _TYPES.get(inner, inner) + text.removeprefix(inner)
