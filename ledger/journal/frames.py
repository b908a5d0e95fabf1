"""Frames of a spool: how events lie in a file so that a torn write is found.

::

    frame   = u32 length | u32 CRC-32 of what follows | schema id 32 | Avro body
    segment = frame*          the first frame is a title: journal id and identity

Pure functions over bytes; :mod:`ledger.journal.spool` reads and writes the files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from ledger.entry import MAX_EVENT, EventBytes

SCHEMA_ID = 32
PREFIX = 8
FRAME = PREFIX + SCHEMA_ID
LARGEST = FRAME + MAX_EVENT
_FRONT = struct.Struct(">II")
_PATIENCE = 256  # times the segment; bytes at random ask for 32
_TITLE = b"mlledger/spool/v1\n"


def frame(schema_id: bytes, body: bytes) -> bytes:
    """Return one frame; :func:`frames_in` is its inverse."""
    return frames_of(((schema_id, body),))


def frames_of(events: Iterable[EventBytes]) -> bytes:
    """Return the frames of events, one after another."""
    parts: list[bytes] = []
    pack, crc32 = _FRONT.pack, zlib.crc32
    for schema_id, body in events:
        checksum = crc32(body, crc32(schema_id))
        parts += (pack(SCHEMA_ID + len(body), checksum), schema_id, body)
    return b"".join(parts)


def size_of(events: Iterable[EventBytes]) -> int:
    """Return the length of the frames of events."""
    return sum([FRAME + len(body) for _, body in events])


def frames_in(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (end, content) of the whole frames from ``start`` to the first bad one."""
    while (content := _frame_at(data, start)) is not None:
        start += PREFIX + len(content)
        yield start, content


def events_in(
    data: bytes, start: int, *, max_events: int, stop: int
) -> tuple[list[EventBytes], int]:
    """Return events from ``start`` on, and where the last of them ends.

    As :func:`frames_in` it ends at the first bad frame; it is one loop, for it runs for
    every event that is signed from a file.

    Args:
        data: of a segment.
        start: where the first frame begins.
        max_events: most events.
        stop: events but the first end here or before.
    """
    events: list[EventBytes] = []
    front, size = _FRONT.unpack_from, len(data)
    while len(events) < max_events and start + PREFIX < size:
        length, checksum = front(data, start)
        begin, end = start + PREFIX, start + PREFIX + length
        body_at = begin + SCHEMA_ID
        if not SCHEMA_ID < length <= LARGEST - PREFIX or end > size:
            break
        if (events and end > stop) or zlib.crc32(data[begin:end]) != checksum:
            break
        events.append((data[begin:body_at], data[body_at:end]))
        start = end
    return events, start


def title_end(data: bytes) -> int:
    """Return where the title at the begin of a segment ends; 0 if none is there."""
    content = _frame_at(data, 0)
    return PREFIX + len(content) if content and is_title(content) else 0


def title(journal_id: bytes, identity: str) -> bytes:
    """Return a segment's first frame; :func:`parse_title` is its inverse.

    The journal id, twice, stands where other frames have a schema id.
    """
    return frame(journal_id * 2, _TITLE + identity.encode())


def parse_title(data: bytes) -> tuple[bytes, str] | None:
    """Return journal id and identity from a segment's begin; None if damaged."""
    content = _frame_at(data, 0)
    if content is None or not is_title(content):
        return None
    try:
        return content[:16], content[SCHEMA_ID + len(_TITLE) :].decode()
    except UnicodeDecodeError:
        return None


def is_title(content: bytes) -> bool:
    """Tell a title from an event."""
    return content.startswith(_TITLE, SCHEMA_ID) and content[:16] == content[16:32]


def salvage(data: bytes, start: int) -> tuple[list[bytes], list[tuple[int, bytes]]]:
    """Part a damaged segment, from ``start``.

    The search ends, as if nothing whole came after, where far more bytes were summed up
    for frames that are none than damage at random makes likely.

    Returns:
        The contents of the whole frames in order, and the byte ranges between them
        as (place, bytes).
    """
    good: list[bytes] = []
    bad: list[tuple[int, bytes]] = []
    left = _PATIENCE * len(data)
    while start < len(data):
        for stop, content in frames_in(data, start):
            good.append(content)
            start = stop
        if start < len(data):
            found, left = _next_frame(data, start + 1, left)
            bad.append((start, data[start:found]))
            start = found
    return good, bad


def _frame_at(data: bytes, start: int) -> bytes | None:
    head = int.from_bytes(data[start : start + PREFIX], "big")
    length, checksum = head >> 32, head & 0xFFFF_FFFF
    stop = start + PREFIX + length
    if not SCHEMA_ID < length <= LARGEST - PREFIX or stop > len(data):
        return None
    content = data[start + PREFIX : stop]
    return content if zlib.crc32(content) == checksum else None


def _next_frame(data: bytes, start: int, left: int) -> tuple[int, int]:
    """Return where the next whole frame is, and how many bytes may yet be summed up."""
    largest = LARGEST.to_bytes(4, "big")
    for place in range(start, len(data) - PREFIX - SCHEMA_ID):
        if left < 0:
            break
        if data[place : place + 4] <= largest:
            length = int.from_bytes(data[place : place + 4], "big")
            if place + PREFIX + length > len(data):
                continue  # nothing is summed up for it
            left -= length
            if _frame_at(data, place) is not None:
                return place, left
    return len(data), left
