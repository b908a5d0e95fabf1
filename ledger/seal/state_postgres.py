"""The sealer's state in Postgres: schema ``seal`` of a database of its own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

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
    from collections.abc import Generator

# Two sealers that start at once would both find no table; the lock makes one wait.
_TABLES = """
SELECT pg_advisory_xact_lock(5570271);
CREATE SCHEMA IF NOT EXISTS seal;
CREATE TABLE IF NOT EXISTS seal.log_head (
    origin text PRIMARY KEY, size bigint NOT NULL, root bytea NOT NULL,
    next_offset bigint NOT NULL, topic_id bytea NOT NULL, frontier bytea NOT NULL,
    sealed_at_ms bigint NOT NULL, registry_size bigint NOT NULL);
CREATE TABLE IF NOT EXISTS seal.stream (
    origin text NOT NULL, key_fp bytea NOT NULL, stream_id bytea NOT NULL,
    next_seq bigint NOT NULL, head_hash bytea NOT NULL, head_leaf bigint NOT NULL,
    state text NOT NULL, PRIMARY KEY (origin, key_fp, stream_id));
CREATE TABLE IF NOT EXISTS seal.stream_entry (
    origin text NOT NULL, key_fp bytea NOT NULL, stream_id bytea NOT NULL,
    seq bigint NOT NULL, header_hash bytea NOT NULL, leaf bigint NOT NULL,
    PRIMARY KEY (origin, key_fp, stream_id, seq));
"""
_HEAD = (
    "SELECT origin, size, root, next_offset, topic_id, frontier, sealed_at_ms,"
    " registry_size FROM seal.log_head WHERE origin = %s"
)
_LATEST = (
    "SELECT coalesce(max(sealed_at_ms), 0) FROM seal.log_head"
    " WHERE split_part(origin, '/', 1) = %s"
)
_INSERT_HEAD = (
    "INSERT INTO seal.log_head (size, root, next_offset, topic_id, frontier,"
    " sealed_at_ms, registry_size, origin) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
_UPDATE_HEAD = (
    "UPDATE seal.log_head SET size = %s, root = %s, next_offset = %s, topic_id = %s,"
    " frontier = %s, sealed_at_ms = %s, registry_size = %s"
    " WHERE origin = %s AND size = %s AND root = %s"
)
_STREAM = (
    "SELECT next_seq, head_hash, head_leaf, state FROM seal.stream"
    " WHERE origin = %s AND key_fp = %s AND stream_id = %s"
)
_PUT_STREAM = (
    "INSERT INTO seal.stream (origin, key_fp, stream_id, next_seq, head_hash,"
    " head_leaf, state) VALUES (%s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (origin, key_fp, stream_id) DO UPDATE SET"
    " next_seq = excluded.next_seq, head_hash = excluded.head_hash,"
    " head_leaf = excluded.head_leaf, state = excluded.state"
)
_ENTRY = (
    "SELECT header_hash, leaf FROM seal.stream_entry"
    " WHERE origin = %s AND key_fp = %s AND stream_id = %s AND seq = %s"
)
_PUT_ENTRY = (
    "INSERT INTO seal.stream_entry (origin, key_fp, stream_id, seq, header_hash, leaf)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
_FORGET: tuple[LiteralString, ...] = (
    "DELETE FROM seal.stream WHERE origin = %s",
    "DELETE FROM seal.stream_entry WHERE origin = %s",
)
_Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresState:
    """See :class:`ledger.seal.state.State`; connects on use, again after a loss.

    Commits wait for the disk (and for synchronous standbys) whatever the server's
    default: a head that was signed must never be forgotten.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._open: _Connection | None = None

    def head(self, origin: str) -> HeadState | None:
        """See :meth:`ledger.seal.state.State.head`."""
        with self._connected() as db:
            row = db.execute(_HEAD, (origin,)).fetchone()
        return None if row is None else HeadState(*row)

    def latest_sealed_ms(self, ledger: str) -> int:
        """See :meth:`ledger.seal.state.State.latest_sealed_ms`."""
        with self._connected() as db:
            row = db.execute(_LATEST, (ledger,)).fetchone()
        return int(row[0]) if row else 0

    def stream(self, origin: str, key: StreamKey) -> StreamHead | None:
        """See :meth:`ledger.seal.state.State.stream`."""
        with self._connected() as db:
            row = db.execute(_STREAM, (origin, *key)).fetchone()
        return None if row is None else StreamHead(*row)

    def entry(self, origin: str, key: StreamKey, seq: int) -> tuple[bytes, int] | None:
        """See :meth:`ledger.seal.state.State.entry`."""
        with self._connected() as db:
            row = db.execute(_ENTRY, (origin, *key, seq)).fetchone()
        return None if row is None else (row[0], row[1])

    def swap(
        self, old: HeadState | None, new: HeadState, changes: StreamChanges
    ) -> None:
        """See :meth:`ledger.seal.state.State.swap`."""
        with self._connected() as db, db.transaction(), db.cursor() as cursor:
            if _move_head(cursor, old, new) != 1:
                raise swap_lost(new.origin)
            cursor.executemany(
                _PUT_STREAM,
                [
                    (new.origin, *k, h.next_seq, h.head_hash, h.head_leaf, h.state)
                    for k, h in changes.heads.items()
                ],
            )
            cursor.executemany(
                _PUT_ENTRY,
                [
                    (new.origin, e.key_fp, e.stream_id, e.seq, e.header_hash, e.leaf)
                    for e in changes.entries
                ],
            )

    def forget(self, origin: str) -> None:
        """See :meth:`ledger.seal.state.State.forget`."""
        with self._connected() as db, db.transaction():
            if db.execute(_HEAD, (origin,)).fetchone() is not None:
                raise has_head(origin)
            for statement in _FORGET:
                db.execute(statement, (origin,))

    def close(self) -> None:
        """See :meth:`ledger.seal.state.State.close`."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @contextmanager
    def _connected(self) -> Generator[_Connection]:
        try:
            if self._open is None or self._open.closed:
                self._open = self._connect()
            yield self._open
        except psycopg.Error as error:
            self.close()
            raise DatabaseUnavailableError(
                f"the sealer's database: {error}",
                hint="check [database] seal_dsn in mlledger.toml",
            ) from error

    def _connect(self) -> _Connection:
        db = psycopg.connect(self._dsn, autocommit=True)
        try:
            db.execute("SET synchronous_commit = on")
            with db.transaction():
                db.execute(_TABLES)
        except psycopg.Error:
            db.close()
            raise
        return db


def _move_head(
    cursor: psycopg.Cursor[tuple[Any, ...]], old: HeadState | None, new: HeadState
) -> int:
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
        return cursor.execute(_INSERT_HEAD, row).rowcount
    return cursor.execute(_UPDATE_HEAD, (*row, old.size, old.root)).rowcount
