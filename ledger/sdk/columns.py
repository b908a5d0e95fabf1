"""Columns of a model's input or output: names and types, from whatever tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ledger.errors import InvalidEventError


def columns_of(columns: object) -> list[dict[str, str]]:
    """Return columns in order, each with ``name`` and ``type``.

    Args:
        columns: name → type; pairs of name and type; names alone; a pandas or pyarrow
            table, of which only the schema is read; or None.

    Raises:
        InvalidEventError: columns cannot be read from that.
    """
    if columns is None:
        return []
    if isinstance(columns, Mapping):
        items = cast("Mapping[object, object]", columns).items()
        return [_column(name, kind) for name, kind in items]
    schema: Any = getattr(columns, "schema", None)
    if schema is not None:
        return [_column(name, schema.field(name).type) for name in schema.names]
    types: Any = getattr(columns, "dtypes", None)
    if types is not None and hasattr(types, "items"):
        return [_column(name, kind) for name, kind in types.items()]
    if isinstance(columns, Sequence) and not isinstance(columns, (str, bytes)):
        return [_listed(item) for item in cast("Sequence[object]", columns)]
    raise InvalidEventError(
        f"columns from {type(columns).__name__}: cannot be read",
        hint="give a mapping of name to type, or a table",
    )


def _listed(item: object) -> dict[str, str]:
    if isinstance(item, str):
        return _column(item, "unknown")
    if isinstance(item, Sequence):
        pair = cast("Sequence[object]", item)
        if len(pair) == 2:
            return _column(pair[0], pair[1])
    return _column(cast("object", item), "unknown")


def _column(name: object, kind: object) -> dict[str, str]:
    return {"name": str(name), "type": str(kind)}
