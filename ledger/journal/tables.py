"""The tables of a journal, and transactions on them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from ledger.errors import JournalError

# Values stand apart: SQLite would write a whole row anew when its state changes.
_TABLES = """
CREATE TABLE IF NOT EXISTS info(
  journal_id BLOB NOT NULL, identity TEXT NOT NULL, created_ms INTEGER NOT NULL,
  segment INTEGER NOT NULL, offset INTEGER NOT NULL, taken INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stream(
  number INTEGER PRIMARY KEY, stream_id BLOB NOT NULL UNIQUE, identity TEXT NOT NULL,
  key_fp BLOB NOT NULL, origin TEXT NOT NULL, log_id BLOB NOT NULL,
  partition INTEGER NOT NULL, state TEXT NOT NULL, next_seq INTEGER NOT NULL,
  head BLOB NOT NULL, sealed_seq INTEGER, sealed_head BLOB,
  attempts INTEGER NOT NULL DEFAULT 0, retry_ms INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS entry(
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, header_hash BLOB NOT NULL,
  record_hash BLOB NOT NULL, size INTEGER NOT NULL, state TEXT NOT NULL,
  partition INTEGER NOT NULL, offset INTEGER, at_ms INTEGER NOT NULL,
  through INTEGER NOT NULL, PRIMARY KEY(stream, seq));
CREATE INDEX IF NOT EXISTS entry_state ON entry(state, stream, seq);
CREATE TABLE IF NOT EXISTS signed(
  stream INTEGER NOT NULL, seq INTEGER NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(stream, seq));
CREATE TRIGGER IF NOT EXISTS entry_gone AFTER DELETE ON entry BEGIN
  DELETE FROM signed WHERE stream = OLD.stream AND seq = OLD.seq; END;
CREATE TABLE IF NOT EXISTS event(
  n INTEGER PRIMARY KEY, schema_id BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS payload(n INTEGER PRIMARY KEY, envelope BLOB NOT NULL);
"""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open a journal's file, made where absent; None opens one in memory.

    Raises:
        JournalError: the file cannot be made, opened or written.
        sqlite3.DatabaseError: it is damaged.
    """
    try:
        connection = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_TABLES)
    except sqlite3.OperationalError as error:
        raise JournalError(f"{path}: {error}") from error
    return connection


def misfit_of(database: sqlite3.Connection) -> str | None:
    """Return what in a file no journal has written, though SQLite itself can read it.

    A byte of a damaged disk can change the name of a table or the type of a value.

    Raises:
        sqlite3.Error: a column is gone, or the file is damaged in another way.
        UnicodeDecodeError: a name is no text.
    """
    with closing(connect(None)) as blank:
        columns = {
            table: blank.execute(f"PRAGMA table_info({table})").fetchall()
            for table in _names(blank)
        }
    found = _names(database)
    if unknown := sorted(found - columns.keys()):
        return f"unknown table {unknown[0]!r}"
    for table in sorted(found):
        for _, name, kind, *_ in columns[table]:
            wrong = f"typeof({name}) NOT IN ('{kind.lower()}', 'null')"
            sql = f"SELECT 1 FROM {table} WHERE {wrong} LIMIT 1"  # noqa: S608
            if database.execute(sql).fetchone():
                return f"a value of {table}.{name} is no {kind}"
            if kind == "TEXT":  # read, as typeof does not see what is no UTF-8
                sql = f"SELECT DISTINCT {name} FROM {table}"  # noqa: S608
                database.execute(sql).fetchall()
    return None


def _names(database: sqlite3.Connection) -> set[str]:
    listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(name) for (name,) in listed}


@contextmanager
def transaction(database: sqlite3.Connection, *, durable: bool) -> Generator[None]:
    """Run a transaction; with ``durable`` it survives a power cut once it is over.

    Raises:
        JournalError: the disk is full or fails; nothing was changed.
    """
    level = "FULL" if durable else "NORMAL"
    try:
        database.execute(f"PRAGMA synchronous = {level}")
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.Error as error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise JournalError(f"journal: {error}") from error
        raise
