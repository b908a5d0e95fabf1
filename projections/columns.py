"""Columns of a fact table: from an event's own forms to the wire and back to compare.

Rows are written as the bytes of binary ``COPY``: a UUID as its 16 bytes, a time as
microseconds since 2000, so no UUID or datetime object is made per row. Text that
Postgres cannot hold or index (a NUL, more characters than the event types allow) and
times outside the years 1 to 9999 are refused: such an event becomes a finding, never a
crash.

Source: PostgreSQL documentation, COPY, "Binary Format".
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_TEXT = 2_048
"""Characters of a ``text`` column: the longest line an event type allows."""
MAX_NAME = 256
"""Characters of a ``varchar`` column; it may be indexed, and index rows are short."""

_EPOCH_2000 = 946_684_800_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MIN_TIME = -62_135_596_800_000_000
MAX_TIME = 253_402_300_799_999_999


class UnstorableError(ValueError):
    """A value that no column can hold; the text names the column."""


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of one table, as the database lists them.

    Attributes:
        schema: name of the projection whose table this is.
        name: name of the table.
        columns: column names, in order.
        types: their types, as ``format_type`` spells them.
    """

    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]

    def encoder(self) -> Callable[[Sequence[object]], bytes]:
        """Return a function from a row's values to its bytes in binary ``COPY``.

        It raises :class:`UnstorableError` for values that no column can hold.
        """
        null = _NULL
        changes = [_ENCODERS[kind] for kind in self.types]
        front, names = struct.pack(">h", len(changes)), self.columns

        def encode(values: Sequence[object]) -> bytes:
            pairs = zip(changes, values, strict=True)
            try:
                parts = [
                    null if value is None else change(value) for change, value in pairs
                ]
            except (UnstorableError, struct.error, UnicodeEncodeError) as error:
                name = names[_first_refused(changes, values)]
                raise UnstorableError(f"{name}: {error}") from error
            return front + b"".join(parts)

        return encode


def _first_refused(
    changes: Sequence[Callable[[Any], bytes]], values: Sequence[object]
) -> int:
    """Return the number of the first value that its encoder refuses."""
    for number, (change, value) in enumerate(zip(changes, values, strict=True)):
        try:
            if value is not None:
                change(value)
        except (UnstorableError, struct.error, UnicodeEncodeError):
            return number
    raise ValueError("no value is refused")


def to_time(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a time; inverse of :func:`from_time`."""
    return _EPOCH + timedelta(microseconds=microseconds)


def from_time(moment: datetime) -> int:
    """Return a time as microseconds since 1970; inverse of :func:`to_time`."""
    return (moment - _EPOCH) // _MICROSECOND


def plain(value: object, kind: str) -> object:
    """Return a value in a form in which recorded and stored values compare.

    Args:
        value: from ``rows()``, or as the driver loads it.
        kind: type of the column.
    """
    if value is None:
        return None
    if kind == "jsonb":
        return json.loads(to_json(value))
    if isinstance(value, list):
        return [plain(item, kind) for item in cast("list[object]", value)]
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return from_time(value)
    return value


def printed(value: object, kind: str) -> str | None:
    """Return how a plain value is shown to people, by the type of its column."""
    if value is None:
        return None
    if kind == "timestamp with time zone" and isinstance(value, int):
        return to_time(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if kind == "uuid" else value.hex()
    if isinstance(value, list | dict):
        return to_json(cast("object", value))
    return str(value)


def to_json(value: object) -> str:
    """Return a nested value as JSON text; ids as UUID text, NaN and such as text."""
    try:
        return json.dumps(value, default=_plain_json, allow_nan=False, sort_keys=True)
    except ValueError:
        finite = _finite(value)
        return json.dumps(finite, default=_plain_json, allow_nan=False, sort_keys=True)


def _plain_json(value: object) -> str:
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    raise TypeError(f"{type(value).__name__} in a nested value")


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        items = cast("Mapping[str, object]", value).items()
        return {key: _finite(item) for key, item in items}
    if isinstance(value, list):
        return [_finite(item) for item in cast("list[object]", value)]
    return value


def _uuid(value: bytes) -> bytes:
    if len(value) != 16:
        raise UnstorableError(f"{len(value)} bytes are no id")
    return b"\0\0\0\x10" + value


def _time(value: int) -> bytes:
    if not MIN_TIME <= value <= MAX_TIME:
        raise UnstorableError(f"{value} is outside the years 1 to 9999")
    return _LONG(8, value - _EPOCH_2000)


def _bytea(value: bytes) -> bytes:
    return _INT(len(value)) + value


def _bool(value: object) -> bytes:
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


@lru_cache(maxsize=4_096)
def _text(value: str) -> bytes:
    return _checked(value, MAX_TEXT)


@lru_cache(maxsize=4_096)
def _name(value: str) -> bytes:
    return _checked(value, MAX_NAME)


def _checked(value: str, limit: int) -> bytes:
    if len(value) > limit:
        raise UnstorableError(f"{len(value)} characters, at most {limit}")
    if "\0" in value:
        raise UnstorableError("holds a NUL character")
    return _bytea(value.encode())


def _jsonb(value: object) -> bytes:
    text = to_json(value)
    if "\\u0000" in text:
        raise UnstorableError("holds a NUL character")
    return _bytea(b"\x01" + text.encode())


def _list(change: Callable[[Any], bytes], oid: int) -> Callable[[Sequence[Any]], bytes]:
    """Return the encoder of a one-dimensional array of elements of a type."""

    @lru_cache(maxsize=1_024)
    def encode(values: tuple[Any, ...]) -> bytes:
        if not values:
            return _bytea(struct.pack(">iii", 0, 0, oid))
        front = struct.pack(">iiiii", 1, 0, oid, len(values), 1)
        return _bytea(front + b"".join(map(change, values)))

    return lambda values: encode(tuple(values))


_INT = struct.Struct(">i").pack
_LONG = struct.Struct(">iq").pack
_NULL = _INT(-1)
# Element types in an array carry their object id; these are fixed in pg_type.
_TEXT_OID, _VARCHAR_OID, _UUID_OID = 25, 1_043, 2_950
_ENCODERS: Mapping[str, Callable[[Any], bytes]] = {
    "uuid": _uuid,
    "timestamp with time zone": _time,
    "text": _text,
    "character varying": _name,
    "bytea": _bytea,
    "jsonb": _jsonb,
    "boolean": _bool,
    "bigint": partial(_LONG, 8),
    "integer": partial(struct.Struct(">ii").pack, 4),
    "smallint": partial(struct.Struct(">ih").pack, 2),
    "double precision": partial(struct.Struct(">id").pack, 8),
    "text[]": _list(_text, _TEXT_OID),
    "character varying[]": _list(_name, _VARCHAR_OID),
    "uuid[]": _list(_uuid, _UUID_OID),
}
