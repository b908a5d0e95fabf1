"""A log in memory: the obviously right twin of the real ones, for tests."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LogUnavailableError
from ledger.log import (
    MANIFEST,
    Log,
    Position,
    Record,
    check_partition,
    check_send,
    check_start,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class MemoryLog(Log):
    """Records in lists.

    Attributes:
        records: partition → its records; tests may alter them, as an attacker would.
    """

    def __init__(
        self, partitions: int = 1, *, now_ms: Callable[[], int] = clock.now_ms
    ) -> None:
        self.records: dict[int, list[Record]] = {
            number: [] for number in range(MANIFEST, partitions)
        }
        self._partitions = partitions
        self._now_ms = now_ms
        self._identity = clock.random_bytes(16)
        self._lock = threading.Lock()
        self._closed = False

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """See :meth:`ledger.log.Log.send`."""
        check_send(partition, value, partitions=self._partitions)
        if self._closed:
            raise LogUnavailableError("the log is closed")
        with self._lock:
            offset = self.bounds(partition)[1]
            record = Record(partition, offset, self._now_ms(), bytes(value))
            self.records.setdefault(partition, []).append(record)
        future: Future[Position] = Future()
        future.set_result(Position(partition, offset, record.timestamp_ms))
        return future

    def read(
        self,
        partition: int,
        start: int,
        *,
        max_bytes: int = 32 << 20,
        max_records: int = 5000,
    ) -> Iterator[Record]:
        """See :meth:`ledger.log.Log.read`."""
        check_start(partition, start, self.bounds(partition))
        records = list(self.records.get(partition, ()))
        seen = [r for r in records if r.offset >= start]
        return within(iter(seen), max_bytes=max_bytes, max_records=max_records)

    def bounds(self, partition: int) -> tuple[int, int]:
        """See :meth:`ledger.log.Log.bounds`."""
        check_partition(partition, partitions=self._partitions)
        records = self.records.get(partition)
        return (records[0].offset, records[-1].offset + 1) if records else (0, 0)

    def identity(self, partition: int) -> bytes:
        """See :meth:`ledger.log.Log.identity`."""
        check_partition(partition, partitions=self._partitions)
        return self._identity

    def partitions(self) -> int:
        """See :meth:`ledger.log.Log.partitions`."""
        return self._partitions

    def close(self) -> None:
        """See :meth:`ledger.log.Log.close`."""
        self._closed = True
