"""Where a shipper takes events from: the port, and the memory ring of mode ``fire``."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ledger.errors import JournalError
from ledger.journal.frames import size_of

if TYPE_CHECKING:
    from ledger.entry import EventBytes

RING_BYTES = 16 << 20


class DamagedSourceError(JournalError):
    """What should be an event is not; :meth:`Source.repair` mends the source."""


class Mark(NamedTuple):
    """A place in a spool: segment number, 0 and up, and byte offset in it."""

    segment: int
    offset: int


START = Mark(0, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one read of a source returned.

    Attributes:
        events: in the order in which they were emitted.
        size: bytes they occupy in the source.
        mark: where the next read begins.
    """

    events: Sequence[EventBytes]
    size: int
    mark: Mark


class Source(Protocol):
    """Events that were emitted and that no entry holds yet."""

    @property
    def pending_events(self) -> int:
        """Number of events that wait."""
        ...

    @property
    def pending_bytes(self) -> int:
        """Bytes of those events."""
        ...

    @property
    def appended_events(self) -> int:
        """Number of events that were ever appended here."""
        ...

    def append(self, events: Sequence[EventBytes]) -> None:
        """Take events; all of them or, on a ``JournalError``, none."""
        ...

    def sync(self) -> None:
        """Wait until what was appended survives a power cut, where that is meant."""
        ...

    def take(self, *, max_events: int, max_bytes: int) -> Taken:
        """Return the oldest events, at least one if there is one; nothing is lost.

        Raises:
            DamagedSourceError: the oldest one is damaged.
        """
        ...

    def consumed(self, taken: Taken) -> None:
        """Forget what was taken; the entry that holds it is durable."""
        ...

    def repair(self, keep: Callable[[str, bytes], None]) -> None:
        """Drop what is damaged, told to ``keep`` by name and bytes before it goes."""
        ...

    def wipe(self) -> None:
        """Let files go that hold nothing but what was taken, payload included."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Ring(Source):
    """Events in memory, bounded; a full ring refuses. Thread-safe.

    Args:
        limit: bytes it holds at most.
    """

    def __init__(self, limit: int = RING_BYTES) -> None:
        self._limit = limit
        self._events: deque[EventBytes] = deque()
        self._bytes = self._appended = 0
        self._lock = threading.Lock()

    @property
    def pending_events(self) -> int:
        """See :class:`Source`."""
        return len(self._events)

    @property
    def pending_bytes(self) -> int:
        """See :class:`Source`."""
        return self._bytes

    @property
    def appended_events(self) -> int:
        """See :class:`Source`."""
        return self._appended

    def append(self, events: Sequence[EventBytes]) -> None:
        """See :class:`Source`.

        Raises:
            JournalError: the ring is full.
        """
        size = size_of(events)
        with self._lock:
            if self._bytes + size > self._limit:
                count = len(events)
                raise JournalError(f"the memory ring is full ({count} events refused)")
            self._events.extend(events)
            self._bytes += size
            self._appended += len(events)

    def sync(self) -> None:
        """See :class:`Source`; memory survives nothing."""

    def take(self, *, max_events: int, max_bytes: int) -> Taken:
        """See :class:`Source`."""
        taken: list[EventBytes] = []
        size = 0
        with self._lock:
            for event in self._events:
                grown = size + size_of((event,))
                if len(taken) == max_events or (taken and grown > max_bytes):
                    break
                taken.append(event)
                size = grown
        return Taken(taken, size, START)

    def consumed(self, taken: Taken) -> None:
        """See :class:`Source`."""
        with self._lock:
            for _event in taken.events:
                self._events.popleft()
            self._bytes -= taken.size

    def repair(self, keep: Callable[[str, bytes], None]) -> None:
        """See :class:`Source`; memory is not looked at."""

    def wipe(self) -> None:
        """See :class:`Source`; nothing is in a file."""

    def close(self) -> None:
        """See :class:`Source`."""
