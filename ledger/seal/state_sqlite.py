"""The sealer's state in SQLite: tables in the file of the embedded log."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import DatabaseUnavailableError
from ledger.seal.state import (
    HeadState,
    StreamChanges,
    StreamKey,
    has_head,
    swap_lost,
)
from ledger.verdict import StreamHead

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_BUSY_SECONDS = 30.0
_TABLES = (
    """CREATE TABLE IF NOT EXISTS log_head (
         origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
         next_offset INTEGER NOT NULL, topic_id BLOB NOT NULL,
         frontier BLOB NOT NULL, sealed_at_ms INTEGER NOT NULL,
         registry_size INTEGER NOT NULL) STRICT""",
    """CREATE TABLE IF NOT EXISTS stream (
         origin TEXT NOT NULL, key_fp BLOB NOT NULL, stream_id BLOB NOT NULL,
         next_seq INTEGER NOT NULL, head_hash BLOB NOT NULL,
         head_leaf INTEGER NOT NULL, state TEXT NOT NULL,
         PRIMARY KEY (origin, key_fp, stream_id)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS stream_entry (
         origin TEXT NOT NULL, key_fp BLOB NOT NULL, stream_id BLOB NOT NULL,
         seq INTEGER NOT NULL, header_hash BLOB NOT NULL, leaf INTEGER NOT NULL,
         PRIMARY KEY (origin, key_fp, stream_id, seq)) STRICT, WITHOUT ROWID""",
)
_HEAD = (
    "SELECT origin, size, root, next_offset, topic_id, frontier, sealed_at_ms,"
    " registry_size FROM log_head WHERE origin = ?"
)
_LATEST = (
    "SELECT max(sealed_at_ms) FROM log_head WHERE substr(origin, 1, length(?)) = ?"
)
_INSERT_HEAD = (
    "INSERT INTO log_head (size, root, next_offset, topic_id, frontier, sealed_at_ms,"
    " registry_size, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_UPDATE_HEAD = (
    "UPDATE log_head SET size = ?, root = ?, next_offset = ?, topic_id = ?,"
    " frontier = ?, sealed_at_ms = ?, registry_size = ?"
    " WHERE origin = ? AND size = ? AND root = ?"
)
_STREAM = (
    "SELECT next_seq, head_hash, head_leaf, state FROM stream"
    " WHERE origin = ? AND key_fp = ? AND stream_id = ?"
)
_PUT_STREAM = (
    "INSERT INTO stream (origin, key_fp, stream_id, next_seq, head_hash, head_leaf,"
    " state) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (origin, key_fp, stream_id) DO UPDATE SET"
    " next_seq = excluded.next_seq, head_hash = excluded.head_hash,"
    " head_leaf = excluded.head_leaf, state = excluded.state"
)
_ENTRY = (
    "SELECT header_hash, leaf FROM stream_entry"
    " WHERE origin = ? AND key_fp = ? AND stream_id = ? AND seq = ?"
)
_PUT_ENTRY = (
    "INSERT INTO stream_entry (origin, key_fp, stream_id, seq, header_hash, leaf)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)

_FORGET = (
    "DELETE FROM stream WHERE origin = ?",
    "DELETE FROM stream_entry WHERE origin = ?",
)


class SqliteState:
    """See :class:`ledger.seal.state.State`; every commit is synced to the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated():
            self._db = sqlite3.connect(
                path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._db.execute("PRAGMA synchronous=FULL")
            for table in _TABLES:
                self._db.execute(table)

    def head(self, origin: str) -> HeadState | None:
        """See :meth:`ledger.seal.state.State.head`."""
        with self._translated():
            row = self._db.execute(_HEAD, (origin,)).fetchone()
        return None if row is None else HeadState(*row)

    def latest_sealed_ms(self, ledger: str) -> int:
        """See :meth:`ledger.seal.state.State.latest_sealed_ms`."""
        with self._translated():
            row = self._db.execute(_LATEST, (f"{ledger}/",) * 2).fetchone()
        return int(row[0] or 0)

    def stream(self, origin: str, key: StreamKey) -> StreamHead | None:
        """See :meth:`ledger.seal.state.State.stream`."""
        with self._translated():
            row = self._db.execute(_STREAM, (origin, *key)).fetchone()
        return None if row is None else StreamHead(*row)

    def entry(self, origin: str, key: StreamKey, seq: int) -> tuple[bytes, int] | None:
        """See :meth:`ledger.seal.state.State.entry`."""
        with self._translated():
            row = self._db.execute(_ENTRY, (origin, *key, seq)).fetchone()
        return None if row is None else (row[0], row[1])

    def swap(
        self, old: HeadState | None, new: HeadState, changes: StreamChanges
    ) -> None:
        """See :meth:`ledger.seal.state.State.swap`."""
        with self._translated(), self._transaction():
            if self._move_head(old, new) != 1:
                raise swap_lost(new.origin)
            self._db.executemany(_PUT_STREAM, _stream_rows(new.origin, changes))
            self._db.executemany(_PUT_ENTRY, _entry_rows(new.origin, changes))

    def forget(self, origin: str) -> None:
        """See :meth:`ledger.seal.state.State.forget`."""
        with self._translated(), self._transaction():
            if self._db.execute(_HEAD, (origin,)).fetchone() is not None:
                raise has_head(origin)
            for statement in _FORGET:
                self._db.execute(statement, (origin,))

    def close(self) -> None:
        """See :meth:`ledger.seal.state.State.close`."""
        self._db.close()

    def _move_head(self, old: HeadState | None, new: HeadState) -> int:
        row = (
            new.size,
            new.root,
            new.next_offset,
            new.topic_id,
            new.frontier,
            new.sealed_at_ms,
            new.registry_size,
            new.origin,
        )
        if old is None:
            return self._db.execute(_INSERT_HEAD, row).rowcount
        return self._db.execute(_UPDATE_HEAD, (*row, old.size, old.root)).rowcount

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise DatabaseUnavailableError(
                f"{self._path}: {error}", hint="the sealer's state is in that file"
            ) from error


def _stream_rows(
    origin: str, changes: StreamChanges
) -> Iterator[tuple[str, bytes, bytes, int, bytes, int, str]]:
    for (key_fp, stream_id), head in changes.heads.items():
        yield (
            origin,
            key_fp,
            stream_id,
            head.next_seq,
            head.head_hash,
            head.head_leaf,
            head.state,
        )


def _entry_rows(
    origin: str, changes: StreamChanges
) -> Iterator[tuple[str, bytes, bytes, int, bytes, int]]:
    for entry in changes.entries:
        yield (
            origin,
            entry.key_fp,
            entry.stream_id,
            entry.seq,
            entry.header_hash,
            entry.leaf,
        )
