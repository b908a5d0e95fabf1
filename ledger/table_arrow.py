"""Arrow columns as the ``table1`` digest sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ledger.table_digest import ROWS_AT_ONCE, Column, Piece, unsupported

_NUMBERS = (
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64"),
)


def arrow_columns(table: Any) -> Iterator[Column]:
    """Yield the columns of an Arrow table or record batch.

    Raises:
        InvalidEventError: a column's type is refused.
    """
    for name, values in zip(table.schema.names, table.columns, strict=True):
        yield arrow_column(name, values)


def arrow_column(name: str, values: Any) -> Column:
    """Return one Arrow array or chunked array as a column."""
    arrow_type = values.type
    arrow: Any = import_module("pyarrow")
    if arrow.types.is_dictionary(arrow_type):
        arrow_type = arrow_type.value_type
    kind = _type_name(arrow.types, arrow_type)
    if kind is None:
        raise unsupported(name, f"Arrow type {values.type}")
    read = _reader(arrow, kind)
    return Column(name, kind, (_piece(part, read) for part in _parts(values)))


def _type_name(types: Any, arrow_type: Any) -> str | None:
    if types.is_timestamp(arrow_type):
        zone = f", {arrow_type.tz}" if arrow_type.tz else ""
        return f"timestamp[{arrow_type.unit}{zone}]"
    if types.is_duration(arrow_type):
        return f"duration[{arrow_type.unit}]"
    if types.is_floating(arrow_type):
        return f"float{arrow_type.bit_width}"
    return _plain_name(str(arrow_type))


def _plain_name(name: str) -> str | None:
    if name in {*_NUMBERS, "bool", "null"}:
        return name
    if name in {"string", "large_string", "string_view"}:
        return "string"
    if name in {"binary", "large_binary", "binary_view"}:
        return "binary"
    if name.startswith("fixed_size_binary["):
        return "binary"
    return "date" if name in {"date32[day]", "date64[ms]"} else None


def _reader(arrow: Any, kind: str) -> Callable[[Any], Any]:
    """Return how a chunk's values are read, nulls as anything."""
    if kind == "string":
        return lambda part: [(text or "").encode() for text in part.to_pylist()]
    if kind == "binary":
        return lambda part: [data or b"" for data in part.to_pylist()]
    if kind == "null":
        return lambda _: None
    if kind == "date":
        date32, int32 = arrow.date32(), arrow.int32()
        return lambda part: _numbers(part.cast(date32).cast(int32))
    if kind.startswith(("timestamp", "duration")):
        return lambda part: _numbers(part.cast(arrow.int64()))
    return _numbers


def _numbers(part: Any) -> Any:
    return part.fill_null(False if str(part.type) == "bool" else 0).to_numpy(
        zero_copy_only=False
    )


def _parts(values: Any) -> Iterator[Any]:
    chunks = getattr(values, "chunks", None)
    for chunk in [values] if chunks is None else chunks:
        for start in range(0, len(chunk), ROWS_AT_ONCE):
            yield chunk.slice(start, ROWS_AT_ONCE)


def _piece(part: Any, read: Callable[[Any], Any]) -> Piece:
    if hasattr(part, "dictionary_decode"):
        part = part.dictionary_decode()
    valid = part.is_valid().to_numpy(zero_copy_only=False)
    return Piece(valid, read(part))
