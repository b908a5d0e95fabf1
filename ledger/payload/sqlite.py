"""The transport in one file, for the embedded log: a letter box, emptied by the vault.

Deleted envelopes are overwritten (``secure_delete``), and the write-ahead log is cut to
nothing after a deletion, so that the file keeps no copy of what was taken out.
"""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import LogUnavailableError
from ledger.forks import gate
from ledger.log import Record
from ledger.payload.transport import PARTITION, PayloadLog

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS carried(
  n INTEGER PRIMARY KEY AUTOINCREMENT, envelope BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS box(identity BLOB NOT NULL);
"""
_BUSY_SECONDS = 30.0


class SqlitePayloads(PayloadLog):
    """See :class:`ledger.payload.transport.PayloadLog`.

    Args:
        path: the file, made where absent, readable by its owner only.

    Raises:
        LogUnavailableError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            path.touch(mode=0o600)
            self._db = sqlite3.connect(
                path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")
            self._db.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
            self._db.execute(
                "INSERT INTO box SELECT ? WHERE NOT EXISTS (SELECT 1 FROM box)",
                (clock.random_bytes(16),),
            )

    def send(self, envelopes: Sequence[bytes]) -> Sequence[Future[object]]:
        """See :meth:`PayloadLog.send`; all of them in one transaction."""
        with self._locked() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO carried(envelope) VALUES (?)", [(e,) for e in envelopes]
            )
            db.execute("COMMIT")
        done: Future[object] = Future()
        done.set_result(None)
        return [done] * len(envelopes)

    def read(self, start: int, *, limit: int) -> list[Record]:
        """See :meth:`PayloadLog.read`."""
        with self._locked() as db:
            rows = db.execute(
                "SELECT n - 1, envelope FROM carried WHERE n > ? ORDER BY n LIMIT ?",
                (start, limit),
            ).fetchall()
        return [Record(PARTITION, offset, 0, value) for offset, value in rows]

    def bounds(self) -> tuple[int, int]:
        """See :meth:`PayloadLog.bounds`."""
        with self._locked() as db:
            end = _one(db, "SELECT max(seq) FROM sqlite_sequence WHERE name='carried'")
            first = _one(db, "SELECT min(n) - 1 FROM carried")
        last = int(end or 0)
        return (last if first is None else int(first), last)

    def identity(self) -> bytes:
        """See :meth:`PayloadLog.identity`."""
        with self._locked() as db:
            return bytes(_one(db, "SELECT identity FROM box"))

    def forget(self, before: int) -> None:
        """See :meth:`PayloadLog.forget`."""
        with self._locked() as db:
            gone = db.execute("DELETE FROM carried WHERE n <= ?", (before,)).rowcount
            if gone:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """See :meth:`PayloadLog.close`."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _locked(self) -> Generator[sqlite3.Connection]:
        with gate, self._lock, self._translated():
            try:
                yield self._db
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LogUnavailableError(f"{self._path}: {error}") from error


def _one(db: sqlite3.Connection, statement: str) -> Any:
    return db.execute(statement).fetchone()[0]
