"""A log whose older records lie in an archive: what is gone from it is read there.

Appending, bounds and identity are the live log's own, so that who watches them sees
what happened to it. Only :meth:`ArchivedLog.read` and :meth:`ArchivedLog.readable` know
the archive. A partition that was closed by a declared break is read there alone: under
its old name there may be another log by now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.log import Log, Position, Record, explain_read, within
from ledger.origins import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ledger.archive import ArchiveFolder, OriginArchive
    from ledger.config import Config


class ArchivedLog(Log):
    """See :class:`ledger.log.Log`.

    Args:
        live: the log itself; closed with this one.
        archive: where its older records are.
        config: names the origins, and which of them are open.
    """

    def __init__(self, live: Log, archive: ArchiveFolder, config: Config) -> None:
        self.live = live
        self._archive = archive
        self._config = config

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """See :meth:`ledger.log.Log.send`."""
        return self.live.send(partition, value)

    def bounds(self, partition: int) -> tuple[int, int]:
        """See :meth:`ledger.log.Log.bounds`: of the live log alone."""
        return self.live.bounds(partition)

    def readable(self, partition: int) -> tuple[int, int]:
        """See :meth:`ledger.log.Log.readable`: the archive's offsets too."""
        index = self._origin(partition).index()
        if self._is_closed(partition):
            return index.first, index.end
        first, end = self.live.bounds(partition)
        if not index.segments:
            return first, end
        return min(index.first, first), max(index.end, end)

    def read(
        self,
        partition: int,
        start: int,
        *,
        max_bytes: int = 32 << 20,
        max_records: int = 5000,
    ) -> Iterator[Record]:
        """See :meth:`ledger.log.Log.read`; a hole between the two is passed over."""
        archived, is_closed = self._origin(partition), self._is_closed(partition)
        index = archived.index()
        first = index.end if is_closed else self.live.bounds(partition)[0]
        if not is_closed and not index.first <= start < min(first, index.end):
            hole = bool(index.segments) and index.end <= start < first
            return self.live.read(
                partition,
                first if hole else start,
                max_bytes=max_bytes,
                max_records=max_records,
            )
        explain_read(partition, start, (index.first, first))
        records = (
            Record(partition, *record)
            for record in archived.read(start)
            if record.offset < first
        )
        return within(records, max_bytes=max_bytes, max_records=max_records)

    def identity(self, partition: int) -> bytes:
        """See :meth:`ledger.log.Log.identity`."""
        return self.live.identity(partition)

    def partitions(self) -> int:
        """See :meth:`ledger.log.Log.partitions`."""
        return self.live.partitions()

    def close(self) -> None:
        """See :meth:`ledger.log.Log.close`."""
        self.live.close()

    def _is_closed(self, partition: int) -> bool:
        return self._config.current(place_of(partition).base) != partition

    def _origin(self, partition: int) -> OriginArchive:
        return self._archive.origin(self._config.origin(partition))
