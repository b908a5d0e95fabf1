"""The index of one origin's archive; its SHA-256 stands for every archived byte."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from ledger.archive.segment import segment_name
from ledger.errors import MalformedError

_HEAD = "mlledger-archive/v1"
_NUMBER = r"(0|[1-9][0-9]{0,18})"
_LINE = re.compile(rf"{_NUMBER} {_NUMBER} {_NUMBER} ([0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One segment, as the index lists it.

    Attributes:
        first: first offset it covers.
        last: last offset it covers, ``first`` or more.
        records: number of records in it.
        digest: SHA-256 of the file, 32 bytes.
    """

    first: int
    last: int
    records: int
    digest: bytes

    @property
    def name(self) -> str:
        """File name of the segment."""
        return segment_name(self.first, self.last, self.digest)


@dataclass(frozen=True, slots=True)
class Index:
    """What an archive of an origin holds.

    Attributes:
        origin: the origin.
        segments: in order of offsets; between two of them offsets may be missing.
    """

    origin: str
    segments: tuple[SegmentLine, ...] = ()

    @property
    def first(self) -> int:
        """First offset that is covered."""
        return self.segments[0].first if self.segments else 0

    @property
    def end(self) -> int:
        """One past the last offset that is covered."""
        return self.segments[-1].last + 1 if self.segments else 0

    @property
    def digest(self) -> bytes:
        """SHA-256 of the index, 32 bytes."""
        return sha256(format_index(self).encode()).digest()

    def begins_with(self, digest: bytes) -> bool:
        """Tell whether an earlier index of this archive had that digest."""
        lines = format_index(self).encode().splitlines(keepends=True)
        so_far = sha256(b"".join(lines[:2]))
        if so_far.digest() == digest:
            return True
        for line in lines[2:]:
            so_far.update(line)
            if so_far.digest() == digest:
                return True
        return False

    def covers(self, first: int, end: int) -> bool:
        """Tell whether all offsets from ``first`` to below ``end`` are covered."""
        for segment in self.segments:
            if segment.first <= first <= segment.last:
                first = segment.last + 1
        return first >= end

    def plus(self, line: SegmentLine) -> Index:
        """Return the index with one more segment, which begins after its last one."""
        if self.segments and line.first < self.end:
            raise ValueError(f"segment from {line.first} after {self.end - 1}")
        return Index(self.origin, (*self.segments, line))


def format_index(index: Index) -> str:
    """Return the text of an index; inverse of :func:`parse_index`."""
    lines = [f"{s.first} {s.last} {s.records} {s.digest.hex()}" for s in index.segments]
    return "\n".join([_HEAD, index.origin, *lines]) + "\n"


def parse_index(text: str, *, origin: str, place: str) -> Index:
    """Read an index.

    Raises:
        MalformedError: it is not spelled exactly so, or of another origin.
    """
    lines, segments = text.split("\n"), list[SegmentLine]()
    if lines[:2] == [_HEAD, origin]:
        for line in lines[2:-1]:
            end = segments[-1].last + 1 if segments else 0
            segments.append(_segment(line, end, place))
    index = Index(origin, tuple(segments))
    if format_index(index) != text:
        raise MalformedError(f"{place}: not the index of {origin}", place=place)
    return index


def _segment(line: str, end: int, place: str) -> SegmentLine:
    """Return what a line says; it covers no offset below ``end``."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise MalformedError(f"{place}: not a line of an index: {line!r}", place=place)
    first, last, records = (int(match[n]) for n in (1, 2, 3))
    if not (end <= first <= last and records <= last - first + 1):
        raise MalformedError(f"{place}: offsets out of order: {line!r}", place=place)
    return SegmentLine(first, last, records, bytes.fromhex(match[4]))
