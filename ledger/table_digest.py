r"""The ``table1`` digest: a table by its columns' types and values.

Exact bytes, for whoever writes it again. All numbers are little-endian::

    table   = SHA-256( "table1\n" ‖ decimal(rows) ‖ "\n" ‖ line of each column )
    line    = hex(column) ‖ " " ‖ type ‖ " " ‖ name as an RFC 8785 JSON string ‖ "\n"
    column  = SHA-256( "column1\n" ‖ type ‖ "\n"
                       ‖ SHA-256(one byte per row: 1 has a value, 0 is null)
                       ‖ SHA-256(values) )
    values  = fixed width: the value of each row, zero bytes where null
              string, binary: of each row u32 length ‖ bytes; length 0 where null

=====================  =======================================================
type                   value
=====================  =======================================================
null                   nothing: a column without any value or type
bool                   1 byte, 0 or 1
int8 … int64           two's complement, 1 to 8 bytes
uint8 … uint64         1 to 8 bytes
float16 … float64      IEEE 754; **NaN counts as null**, 0.0 and -0.0 differ
date                   i32, days since 1970-01-01
timestamp[u]           i64 since 1970-01-01T00:00 by a wall clock; u is s, ms, us, ns
timestamp[u, zone]     i64 since 1970-01-01T00:00 UTC, shown in that zone
duration[u]            i64
string                 UTF-8, as it is (no normalisation)
binary                 bytes
=====================  =======================================================

Dictionaries and categoricals count as what they decode to; large, view and fixed-size
strings and binaries as string and binary; Arrow's date64 as date. A pandas index
counts as Arrow counts it: a RangeIndex not at all, any other as further columns after
the rest, by its name or ``__index_level_<i>__``. pandas cannot tell NaN from null in a
float column, so neither does the scheme. Names are texts; two of one name are refused,
and so are nested, decimal, time-of-day and mixed columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from typing import Any, cast

from ledger.errors import InvalidEventError

ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive rows of a column.

    Attributes:
        valid: NumPy array of bool, one per row.
        values: NumPy array of the column's type; a list of bytes for string and
            binary; None for null. What stands at an invalid row does not matter.
    """

    valid: Any
    values: Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the scheme sees it.

    Attributes:
        name: its name.
        type: from the table in the module's docstring.
        pieces: its rows in order, at most 65,536 at once.
    """

    name: str
    type: str
    pieces: Iterator[Piece]


def digest_table(table: Any) -> bytes:
    """See :func:`ledger.digest.table1_digest`."""
    rows, columns = _open(table)
    hasher = sha256(f"table1\n{rows}\n".encode())
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise InvalidEventError(f"column {column.name!r} stands there twice")
        seen.add(column.name)
        name = _json_name(column.name)
        hasher.update(f"{_digest_column(column).hex()} {column.type} {name}\n".encode())
    return hasher.digest()


def unsupported(name: str, kind: object) -> InvalidEventError:
    """Return the error for a column whose type the scheme refuses."""
    return InvalidEventError(
        f"column {name!r}: table1 has no bytes for {kind}",
        hint="convert it to numbers, texts, dates or timestamps, or drop it",
    )


def _open(table: Any) -> tuple[int, Iterator[Column]]:
    library = type(table).__module__.partition(".")[0]
    if library == "pandas" and type(table).__name__ == "DataFrame":
        from ledger.table_pandas import pandas_columns

        return len(table), pandas_columns(table)
    if library == "pyarrow" and type(table).__name__ in {"Table", "RecordBatch"}:
        from ledger.table_arrow import arrow_columns

        return table.num_rows, arrow_columns(table)
    raise InvalidEventError(
        f"{type(table).__name__}: not a pandas DataFrame or a pyarrow Table"
    )


def _json_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(f"column {name!r}: the name is not Unicode") from error
    return json.dumps(name, ensure_ascii=False)


def _digest_column(column: Column) -> bytes:
    valid, values = sha256(), sha256()
    for piece in column.pieces:
        present = _without_nan(piece)
        valid.update(present.tobytes())
        values.update(_value_bytes(present, piece.values))
    head = f"column1\n{column.type}\n".encode()
    return sha256(head + valid.digest() + values.digest()).digest()


def _without_nan(piece: Piece) -> Any:
    """Return which rows have a value, not counting NaN."""
    if getattr(getattr(piece.values, "dtype", None), "kind", "") != "f":
        return piece.valid
    # The one comparison that NaN fails is with itself.
    return piece.valid & (piece.values == piece.values)


def _value_bytes(valid: Any, values: Any) -> bytes:
    if values is None:
        return b""
    if isinstance(values, list):
        return _prefixed(valid.tolist(), cast("list[bytes]", values))
    numpy: Any = import_module("numpy")
    kept = numpy.where(valid, values, values.dtype.type(0))
    return kept.astype(kept.dtype.newbyteorder("<"), copy=False).tobytes()


def _prefixed(valid: Sequence[bool], values: Sequence[bytes]) -> bytes:
    kept = [v if ok else b"" for ok, v in zip(valid, values, strict=True)]
    return b"".join([len(value).to_bytes(4, "little") + value for value in kept])
