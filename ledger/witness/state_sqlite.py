"""What a witness remembers, in SQLite: durable before a transaction ends.

::

    self      the one witness this file belongs to: name and public key
    log       per origin, the newest checkpoint that was signed, or its pin
    conflict  checkpoints with a log's valid signature that were refused: evidence

One process serves a file at a time, and of its threads one is in a transaction.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import DatabaseUnavailableError
from ledger.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

MAX_CONFLICTS = 100
"""Refused checkpoints kept of each log; the first of them tell what went wrong."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS self (
         one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL,
         public_key BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS log (
         origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
         time_s INTEGER NOT NULL, note BLOB NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS conflict (
         id INTEGER PRIMARY KEY, origin TEXT NOT NULL, time_s INTEGER NOT NULL,
         note BLOB NOT NULL, UNIQUE (origin, note)) STRICT""",
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest checkpoint of a log.

    Attributes:
        size: number of leaves.
        root: 32 bytes.
        time_s: when it was signed, seconds since 1970; 0 for a pin.
        note: as it was submitted; empty for a pin.
    """

    size: int
    root: bytes
    time_s: int
    note: bytes

    @classmethod
    def nothing(cls) -> Remembered:
        """Return what is known of a log before anything is."""
        return cls(0, EMPTY_ROOT, 0, b"")


class WitnessState:
    """The state of one witness.

    Args:
        path: the SQLite file; made when absent.

    Raises:
        DatabaseUnavailableError: it cannot be opened; likewise every method.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._translated():
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False
            )
            # EXTRA syncs the folder too, after the journal that it holds is gone.
            self._db.execute("PRAGMA synchronous=EXTRA")
            for table in _TABLES:
                self._db.execute(table)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Hold the state to oneself; what was remembered is durable at the end."""
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def latest(self, origin: str) -> Remembered | None:
        """Return what is remembered of a log."""
        with self._lock, self._translated():
            row = self._db.execute(
                "SELECT size, root, time_s, note FROM log WHERE origin = ?", (origin,)
            ).fetchone()
        return None if row is None else Remembered(*row)

    def remember(self, origin: str, latest: Remembered) -> None:
        """Replace what is remembered of a log; within a transaction."""
        with self._translated():
            self._db.execute(
                "INSERT INTO log (origin, size, root, time_s, note)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
                " size = excluded.size, root = excluded.root,"
                " time_s = excluded.time_s, note = excluded.note",
                (origin, latest.size, latest.root, latest.time_s, latest.note),
            )

    def keep_conflict(self, origin: str, time_s: int, note: bytes) -> None:
        """Keep a signed checkpoint that was refused, up to a limit for each log."""
        with self._translated():
            self._db.execute(
                "INSERT OR IGNORE INTO conflict (origin, time_s, note)"
                " SELECT ?, ?, ? WHERE"
                " (SELECT count(*) FROM conflict WHERE origin = ?) < ?",
                (origin, time_s, note, origin, MAX_CONFLICTS),
            )

    def conflicts(self, origin: str) -> list[bytes]:
        """Return the refused checkpoints of a log, oldest first."""
        with self._lock, self._translated():
            rows = self._db.execute(
                "SELECT note FROM conflict WHERE origin = ? ORDER BY id", (origin,)
            ).fetchall()
        return [bytes(row[0]) for row in rows]

    def owner(self) -> tuple[str, bytes] | None:
        """Return name and public key of the witness, or None in a new file."""
        with self._lock, self._translated():
            row = self._db.execute("SELECT name, public_key FROM self").fetchone()
        return None if row is None else (str(row[0]), bytes(row[1]))

    def own(self, name: str, public_key: bytes) -> None:
        """Say whose file this is; within a transaction."""
        with self._translated():
            self._db.execute(
                "INSERT OR REPLACE INTO self (one, name, public_key) VALUES (1, ?, ?)",
                (name, public_key),
            )

    def is_blank(self) -> bool:
        """Tell whether no log is remembered."""
        with self._lock, self._translated():
            return not self._db.execute("SELECT count(*) FROM log").fetchone()[0]

    def close(self) -> None:
        """Let the file go; harmless when repeated."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DatabaseUnavailableError(
                f"{self._path}: {error}", hint="the witness's memory is in that file"
            ) from error
