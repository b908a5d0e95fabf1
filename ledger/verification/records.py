"""The log beside the tree: for each leaf the record it speaks of, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.log import Log, Record


class Records:
    """The records of one partition, asked for by ascending offsets.

    Args:
        log: the ledger's log.
        partition: −2 and up.
        start: no offset below it will be asked for.
    """

    def __init__(self, log: Log, partition: int, start: int = 0) -> None:
        self.first, self.end = log.readable(partition)
        self._records = _read_all(log, partition, max(start, self.first), self.end)
        self._next = next(self._records, None)

    def at(self, offset: int) -> Record | None:
        """Return the record at an offset, or None when the log holds none."""
        record = self._seek(offset)
        return record if record and record.offset == offset else None

    def within(self, first: int, last: int) -> Record | None:
        """Return a record between two offsets, both included, or None."""
        record = self._seek(first)
        return record if record and record.offset <= last else None

    def _seek(self, offset: int) -> Record | None:
        while self._next and self._next.offset < offset:
            self._next = next(self._records, None)
        return self._next


def _read_all(log: Log, partition: int, start: int, end: int) -> Iterator[Record]:
    while start < end:
        last = start - 1
        for record in log.read(partition, start):
            last = record.offset
            yield record
        if last < start:
            return
        start = last + 1
