"""The ``.bin`` files of a bundle: leaves, disclosed events, records; big-endian.

Each ``parse_*`` is the inverse of its ``format_*`` and consumes its bytes exactly.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Any

from ledger.bundle.contents import Disclosed
from ledger.errors import MalformedError
from ledger.packing import MAX_EVENT

LEAF_SIZES = (82, 318)
MAX_RECORD = 1 << 24
_LEAF = struct.Struct(">QH")
_EVENT = struct.Struct(">QI32s16sI")
_RECORD = struct.Struct(">QI")
_MAX_NUMBER = (1 << 63) - 1


def format_leaves(leaves: Mapping[int, bytes]) -> bytes:
    """Return ``leaves.bin``."""
    rows = (_LEAF.pack(index, len(data)) + data for index, data in leaves.items())
    return b"".join(rows)


def parse_leaves(data: bytes) -> dict[int, bytes]:
    """Return leaves by index.

    Raises:
        MalformedError: cut off, out of order, or a length that no leaf has.
    """
    leaves, at, last = dict[int, bytes](), 0, -1
    while at < len(data):
        (index, size), at = _front(_LEAF, data, at)
        if size not in LEAF_SIZES:
            raise MalformedError(f"a seal leaf of {size} bytes")
        last = _next(index, last)
        leaves[index], at = _take(data, at, size)
    return leaves


def format_events(events: Iterable[Disclosed]) -> bytes:
    """Return ``events.bin``."""
    return b"".join(
        _EVENT.pack(e.leaf, e.index, e.schema_id, e.salt, len(e.body)) + e.body
        for e in events
    )


def parse_events(data: bytes) -> tuple[Disclosed, ...]:
    """Return disclosed events.

    Raises:
        MalformedError: cut off, out of order, or a body that is too long.
    """
    events, at, last = list[Disclosed](), 0, (-1, -1)
    while at < len(data):
        (leaf, index, schema_id, salt, size), at = _front(_EVENT, data, at)
        if (leaf, index) <= last or leaf > _MAX_NUMBER:
            raise MalformedError(f"event {index} of leaf {leaf} is out of order")
        if size > MAX_EVENT:
            raise MalformedError(f"an event of {size} bytes; at most {MAX_EVENT}")
        last = (leaf, index)
        body, at = _take(data, at, size)
        events.append(Disclosed(leaf, index, schema_id, salt, body))
    return tuple(events)


def format_records(records: Mapping[int, bytes]) -> bytes:
    """Return ``records.bin``."""
    rows = (_RECORD.pack(leaf, len(value)) + value for leaf, value in records.items())
    return b"".join(rows)


def parse_records(data: bytes) -> dict[int, bytes]:
    """Return record values by leaf.

    Raises:
        MalformedError: cut off, out of order, or a value that is too long.
    """
    records, at, last = dict[int, bytes](), 0, -1
    while at < len(data):
        (leaf, size), at = _front(_RECORD, data, at)
        if size > MAX_RECORD:
            raise MalformedError(f"a record of {size} bytes; at most {MAX_RECORD}")
        last = _next(leaf, last)
        records[leaf], at = _take(data, at, size)
    return records


def _front(form: struct.Struct, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
    if at + form.size > len(data):
        raise MalformedError("cut off")
    return form.unpack_from(data, at), at + form.size


def _take(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    if at + size > len(data):
        raise MalformedError("cut off")
    return data[at : at + size], at + size


def _next(number: int, last: int) -> int:
    if number <= last or number > _MAX_NUMBER:
        raise MalformedError(f"leaf {number} is out of order")
    return number
