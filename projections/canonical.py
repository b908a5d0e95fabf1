"""Rows as RFC 8785 JSON: one function a table, made once, used for millions of rows.

Ids are UUID text, times microseconds since 1970, bytes hex (sixteen of them are an id),
integers beyond 2^53 text. What may hold a number with a fraction is left to the library
``rfc8785``; the rest is written here, for a general encoder takes ten times as long. A
test holds every line against the library's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import rfc8785

from projections.columns import from_time, plain

if TYPE_CHECKING:
    from datetime import datetime

    from projections.columns import Table

_SAFE = 1 << 53
_Print = Callable[[Any], str]


def printer(table: Table) -> Callable[[Sequence[object]], bytes]:
    """Return the function from a row, as the driver loads it, to its line of JSON.

    Ids may be loaded as UUID objects or as their text.
    """
    names, types = table.columns, table.types
    order = sorted(range(len(names)), key=names.__getitem__)  # as RFC 8785 sorts ASCII
    cells = [
        (index, f"{_text(names[index])}:", _PRINTERS.get(kind) or _general(kind))
        for index, kind in ((index, types[index]) for index in order)
    ]

    def line(row: Sequence[object]) -> bytes:
        parts = [
            name + ("null" if (value := row[index]) is None else show(value))
            for index, name, show in cells
        ]
        return f"{{{','.join(parts)}}}".encode()

    return line


def plain_json(value: object) -> object:
    """Return a plain value (:func:`projections.columns.plain`) in JSON's own types."""
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, int):
        return value if -_SAFE < value < _SAFE else str(value)
    if isinstance(value, list):
        return [plain_json(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {key: plain_json(item) for key, item in items}
    return value


def _general(kind: str) -> _Print:
    def show(value: object) -> str:
        made: Any = plain_json(plain(value, kind))
        return rfc8785.dumps(made).decode()

    return show


_text = lru_cache(maxsize=4_096)(json.JSONEncoder(ensure_ascii=False).encode)


def _uuid(value: UUID | str) -> str:
    return f'"{value}"'


def _time(value: datetime) -> str:
    return _integer(from_time(value))


def _integer(value: int) -> str:
    return str(value) if -_SAFE < value < _SAFE else f'"{value}"'


def _boolean(value: object) -> str:
    return "true" if value else "false"


def _bytea(value: bytes) -> str:
    return _uuid(UUID(bytes=value)) if len(value) == 16 else f'"{value.hex()}"'


def _list(show: _Print) -> _Print:
    def show_list(values: Sequence[Any]) -> str:
        parts = ["null" if value is None else show(value) for value in values]
        return f"[{','.join(parts)}]"

    return show_list


_PRINTERS: dict[str, _Print] = {
    "uuid": _uuid,
    "timestamp with time zone": _time,
    "text": _text,
    "character varying": _text,
    "bytea": _bytea,
    "boolean": _boolean,
    "bigint": _integer,
    "integer": _integer,
    "smallint": _integer,
    "text[]": _list(_text),
    "character varying[]": _list(_text),
    "uuid[]": _list(_uuid),
}
