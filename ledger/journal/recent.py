"""The newest events of a spool, in memory beside its file.

The shipper takes them from here, and so need not read and parse what this very process
has just written. The file remains what counts: it is written first, and whoever opens a
spool anew reads it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ledger.journal.frames import FRAME, size_of
from ledger.journal.sources import Mark, Taken

if TYPE_CHECKING:
    from ledger.entry import EventBytes

RECENT_BYTES = 16 << 20


class _Written(NamedTuple):
    """Events of one write: the bytes of their frames, and where those end."""

    events: Sequence[EventBytes]
    size: int
    end: Mark


class Recent:
    """All pending events, or the oldest of them, or none; guarded by its owner's lock.

    Args:
        limit: bytes of frames that are held at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._written: deque[_Written] = deque()
        self._events = self._bytes = 0

    def keep(
        self, events: Sequence[EventBytes], size: int, end: Mark, *, pending: int
    ) -> None:
        """Keep what was written, if there is room and nothing older is missing here.

        Args:
            events: of one write.
            size: bytes of their frames.
            end: where the frames end.
            pending: number of events that were pending before.
        """
        if pending == self._events and self._bytes + size <= self._limit:
            self._written.append(_Written(events, size, end))
            self._events += len(events)
            self._bytes += size

    def take(self, *, max_events: int, max_bytes: int) -> Taken | None:
        """Return the oldest events as ``Source.take`` does; None if none are here."""
        taken: list[EventBytes] = []
        size, mark = 0, None
        for place, item in enumerate(self._written):
            room, space = max_events - len(taken), max_bytes - size
            if len(item.events) > room or item.size > space:
                count = _fitting(item.events, room, space) or (0 if taken else 1)
                if count == 0:
                    break
                part = self._split(place, count)
            else:
                part = item
            taken += part.events
            size += part.size
            mark = part.end
            if part is not item or len(taken) == max_events:
                break
        return None if mark is None else Taken(taken, size, mark)

    def consumed(self, events: int) -> None:
        """Forget the oldest events, as many as were taken."""
        while events > 0 and self._written:
            item = self._written.popleft()
            events -= len(item.events)
            self._events -= len(item.events)
            self._bytes -= item.size

    def clear(self) -> None:
        """Forget everything; what is pending is read from the file."""
        self._written.clear()
        self._events = self._bytes = 0

    def _split(self, place: int, count: int) -> _Written:
        """Part one write behind its first events; returns what is before."""
        events, size, end = self._written[place]
        first = size_of(events[:count])
        front = _Written(
            events[:count], first, Mark(end.segment, end.offset - size + first)
        )
        self._written[place] = front
        if count < len(events):
            self._written.insert(place + 1, _Written(events[count:], size - first, end))
        return front


def _fitting(events: Sequence[EventBytes], most: int, room: int) -> int:
    """Return how many of the first events fit into so many events and bytes."""
    ends = list(accumulate([FRAME + len(body) for _, body in events]))
    return min(most, bisect_right(ends, room))
