"""Group commit: one thread that appends what others send, a transaction at a time."""

from __future__ import annotations

import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import LogUnavailableError
from ledger.forks import gate
from ledger.log import Position
from ledger.log.sqlite_file import connect, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BATCH_BYTES = 16 << 20
_BATCH_RECORDS = 4096
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Sent:
    partition: int
    value: bytes
    future: Future[Position] = field(default_factory=Future[Position])


class Writer:
    """The thread and its queue; made for one process, never used across a fork."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._now_ms = now_ms
        self._queue: queue.SimpleQueue[_Sent | None] = queue.SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(
            target=self._run, name="mlledger-log-writer", daemon=True
        )
        self._thread.start()

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """Queue a value; the future resolves after the commit that holds it."""
        sent = _Sent(partition, bytes(value))
        sent.future.set_running_or_notify_cancel()  # it can no longer be cancelled
        self._queue.put(sent)
        return sent.future

    def close(self) -> None:
        """Commit what is queued, for some seconds at most, and end the thread."""
        self._queue.put(None)
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        ending = False
        while not ending:
            batch, ending = self._collect()
            if batch:
                with gate:
                    self._append(batch)
        if self._connection is not None:
            with gate:
                self._connection.close()

    def _collect(self) -> tuple[list[_Sent], bool]:
        """Wait for one value, then take all that are queued, within limits."""
        batch: list[_Sent] = []
        size = 0
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            size += len(item.value)
            if size >= _BATCH_BYTES or len(batch) == _BATCH_RECORDS:
                return batch, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _append(self, batch: Sequence[_Sent]) -> None:
        try:
            positions = self._commit(batch)
        except sqlite3.Error as error:
            reason = str(translate(error, self._path))
            self._forget_connection()
            for sent in batch:
                sent.future.set_exception(LogUnavailableError(reason))
            return
        for sent, position in zip(batch, positions, strict=True):
            sent.future.set_result(position)

    def _commit(self, batch: Sequence[_Sent]) -> list[Position]:
        if self._connection is None:
            self._connection = connect(self._path)
        self._connection.execute("BEGIN IMMEDIATE")
        now_ms = self._now_ms()
        positions: list[Position] = []
        for sent in batch:
            row = self._connection.execute(
                "INSERT INTO record SELECT ?1, coalesce(max(offset), -1) + 1, ?2, ?3"
                " FROM record WHERE partition = ?1 RETURNING offset",
                (sent.partition, now_ms, sent.value),
            ).fetchone()
            positions.append(Position(sent.partition, row[0], now_ms))
        self._connection.execute("COMMIT")
        return positions

    def _forget_connection(self) -> None:
        """Close after a failure, which also rolls back; the next batch reopens."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
