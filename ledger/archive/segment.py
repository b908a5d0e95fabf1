"""One segment of an archive: its bytes, and the records read back from them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SEGMENT = 32 << 20
"""A segment ends with the record that reaches so many bytes."""
MAX_RECORDS = 65_536
_MAGIC = b"MLLA\x00\x01"
_RANGE = struct.Struct(">QQ")
_FRAME = struct.Struct(">QQI")
_NULL = 0xFFFF_FFFF
_MAX_VALUE = 1 << 24


class ArchivedRecord(NamedTuple):
    """A record of the log as it is archived.

    Attributes:
        offset: 0 and up.
        timestamp_ms: the log's own clock at append.
        value: the bytes, or None for a null value.
    """

    offset: int
    timestamp_ms: int
    value: bytes | None


class SegmentWriter:
    """Gathers the bytes of one segment in memory; bounded by :data:`MAX_SEGMENT`.

    Args:
        origin: the log the records are of.
        first: first offset the segment covers.
    """

    def __init__(self, origin: str, first: int) -> None:
        self.origin = origin
        self.first = first
        self.last = first - 1
        self.records = 0
        self._frames: list[bytes] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether the segment should end here."""
        return self._size >= MAX_SEGMENT or self.records >= MAX_RECORDS

    def add(self, record: ArchivedRecord) -> None:
        """Take the next record; offsets ascend."""
        if record.offset <= self.last:
            raise ValueError(f"offset {record.offset} after {self.last}")
        length = _NULL if record.value is None else len(record.value)
        self._frames += [
            _FRAME.pack(record.offset, record.timestamp_ms, length),
            record.value or b"",
        ]
        self._size += _FRAME.size + len(record.value or b"")
        self.records += 1
        self.last = record.offset

    def cover(self, last: int) -> None:
        """Let the segment cover offsets up to ``last`` that hold no record."""
        self.last = max(self.last, last)

    def to_bytes(self) -> bytes:
        """Return the whole file."""
        name = self.origin.encode()
        front = _MAGIC + len(name).to_bytes(2, "big") + name
        return front + _RANGE.pack(self.first, self.last) + b"".join(self._frames)


def segment_name(first: int, last: int, digest: bytes) -> str:
    """Return the file name of a segment."""
    return f"{first}-{last}-{digest.hex()}.seg"


def read_segment(
    file: BinaryIO, *, origin: str, first: int, last: int, place: str, start: int = 0
) -> Iterator[ArchivedRecord]:
    """Yield the records of a segment from offset ``start`` on, one in memory at a time.

    Args:
        file: the segment, at its beginning.
        origin: the origin it must be of.
        first: the first offset it must cover.
        last: the last one.
        place: named by errors.
        start: records below it are passed over.

    Raises:
        MalformedError: the bytes are not exactly such a segment.
    """
    name = origin.encode()
    wanted = _MAGIC + len(name).to_bytes(2, "big") + name + _RANGE.pack(first, last)
    if file.read(len(wanted)) != wanted:
        raise _malformed(place, "not a segment of this origin and these offsets")
    before = first - 1
    while front := file.read(_FRAME.size):
        if len(front) != _FRAME.size:
            raise _malformed(place, "cut off")
        offset, timestamp_ms, length = _FRAME.unpack(front)
        if not before < offset <= last:
            raise _malformed(place, f"offset {offset} after {before}")
        before = offset
        value = _value(file, length, place)
        if offset >= start:
            yield ArchivedRecord(offset, timestamp_ms, value)


def _value(file: BinaryIO, length: int, place: str) -> bytes | None:
    if length == _NULL:
        return None
    if length > _MAX_VALUE:
        raise _malformed(place, f"a record of {length} bytes")
    value = file.read(length)
    if len(value) != length:
        raise _malformed(place, "cut off")
    return value


def _malformed(place: str, what: str) -> MalformedError:
    return MalformedError(
        f"{place}: {what}", place=place, hint="restore the file from another copy"
    )
