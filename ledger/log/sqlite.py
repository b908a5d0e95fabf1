"""The embedded log: one SQLite file, safe for many processes.

``record(partition, offset, timestamp_ms, value)`` with partition −1 for control, −2 for
the manifest and 0… for events. The offset is the partition's highest plus one, taken
in the same ``BEGIN IMMEDIATE`` transaction that inserts the row; triggers forbid UPDATE
and DELETE. Write-ahead logging with ``synchronous=FULL``: a resolved future survives a
power cut. Sends that wait for the disk together are committed together.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import (
    IntegrityError,
    LogUnavailableError,
    MissingEvidenceError,
)
from ledger.forks import gate
from ledger.log import (
    Log,
    Position,
    Record,
    check_partition,
    check_send,
    check_start,
    explain_read,
    within,
)
from ledger.log.sqlite_file import connect, create_tables, translated
from ledger.log.sqlite_writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

_CHUNK = 32
_SELECT = (
    # A text need not be UTF-8 and would not even be fetched: its kind comes instead.
    "SELECT offset, timestamp_ms,"
    " CASE typeof(value) WHEN 'blob' THEN value ELSE typeof(value) END FROM record"
    " WHERE partition = ? AND offset >= ? AND offset < ? ORDER BY offset LIMIT ?"
)
# Connections a fork inherited: SQLite forbids to use *or close* them in the child.
_inherited: list[object] = []


class SqliteLog(Log):
    """The log in one file.

    Args:
        path: the file; relative settings are resolved by :mod:`ledger.config`.
        partitions: number of event partitions, 1 and up.
        create: make the file where absent.
        now_ms: the clock that stamps records.

    Raises:
        MissingEvidenceError: the file, or the table in it, is absent.
        MalformedError: the file is no SQLite database.
    """

    def __init__(
        self,
        path: Path,
        *,
        partitions: int = 1,
        create: bool = False,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._path = path
        self._partitions = partitions
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._reader: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._closed = False
        if create:
            create_tables(path)
        elif not path.is_file():
            raise MissingEvidenceError(
                f"{path}: the embedded log is absent",
                place=str(path),
                hint="make a ledger with: mlledger init, or restore the file",
            )
        self.identity(0)

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """See :meth:`ledger.log.Log.send`."""
        check_send(partition, value, partitions=self._partitions)
        with self._lock:
            self._after_fork()
            if self._closed:
                raise LogUnavailableError(f"{self._path}: the log is closed")
            if self._writer is None:
                self._writer = Writer(self._path, now_ms=self._now_ms)
            return self._writer.send(partition, value)

    def read(
        self,
        partition: int,
        start: int,
        *,
        max_bytes: int = 32 << 20,
        max_records: int = 5000,
    ) -> Iterator[Record]:
        """See :meth:`ledger.log.Log.read`."""
        bounds = self.bounds(partition)
        check_start(partition, start, bounds)
        explain_read(partition, start, bounds)
        records = self._records(partition, start, bounds[1])
        return within(records, max_bytes=max_bytes, max_records=max_records)

    def bounds(self, partition: int) -> tuple[int, int]:
        """See :meth:`ledger.log.Log.bounds`."""
        check_partition(partition, partitions=self._partitions)
        # Two look-ups in the index; min and max in one SELECT would scan the table.
        rows = self._query(
            "SELECT (SELECT min(offset) FROM record WHERE partition = ?1),"
            " (SELECT max(offset) FROM record WHERE partition = ?1)",
            (partition,),
        )
        first, last = rows[0]
        return (0, 0) if last is None else (int(first), int(last) + 1)

    def identity(self, partition: int) -> bytes:
        """See :meth:`ledger.log.Log.identity`."""
        check_partition(partition, partitions=self._partitions)
        rows = self._query("SELECT identity FROM log_identity", ())
        if len(rows) != 1 or not isinstance(rows[0][0], bytes):
            raise IntegrityError(
                f"{self._path}: the log has {len(rows)} identities, expected one",
                place=f"{self._path} table log_identity",
            )
        return rows[0][0]

    def partitions(self) -> int:
        """See :meth:`ledger.log.Log.partitions`."""
        return self._partitions

    def close(self) -> None:
        """See :meth:`ledger.log.Log.close`."""
        with self._lock:
            self._after_fork()
            self._closed = True
            writer, self._writer = self._writer, None
            reader, self._reader = self._reader, None
        if writer is not None:
            writer.close()
        if reader is not None:
            reader.close()

    def _records(self, partition: int, start: int, end: int) -> Iterator[Record]:
        while start < end:
            rows = self._query(_SELECT, (partition, start, end, _CHUNK))
            for offset, timestamp_ms, value in rows:
                if not isinstance(value, bytes):
                    raise IntegrityError(
                        f"{self._path}: a record's value is {value}, not bytes: the "
                        "file was changed by hand",
                        place=f"{self._path} partition {partition} offset {offset}",
                    )
                yield Record(partition, offset, timestamp_ms, value)
            if len(rows) < _CHUNK:
                return
            start = rows[-1][0] + 1

    def _query(
        self, statement: str, parameters: tuple[object, ...]
    ) -> list[tuple[Any, ...]]:
        with gate, self._lock, translated(self._path):
            self._after_fork()
            if self._closed:
                raise LogUnavailableError(f"{self._path}: the log is closed")
            if self._reader is None:
                self._reader = connect(self._path)
            return self._reader.execute(statement, parameters).fetchall()

    def _after_fork(self) -> None:
        if self._pid == os.getpid():
            return
        _inherited.extend((self._reader, self._writer))
        self._reader, self._writer, self._pid = None, None, os.getpid()
