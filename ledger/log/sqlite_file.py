"""The file of the embedded log: its tables, its connections, its errors."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import (
    IntegrityError,
    LedgerError,
    LogUnavailableError,
    MalformedError,
    MissingEvidenceError,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS record (
    partition    INTEGER NOT NULL,
    offset       INTEGER NOT NULL,
    timestamp_ms INTEGER NOT NULL,
    value        BLOB    NOT NULL,
    UNIQUE (partition, offset)
);
CREATE TRIGGER IF NOT EXISTS record_keeps_rows BEFORE UPDATE ON record
BEGIN SELECT RAISE(ABORT, 'the log is append-only: UPDATE refused'); END;
CREATE TRIGGER IF NOT EXISTS record_keeps_all BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'the log is append-only: DELETE refused'); END;
CREATE TRIGGER IF NOT EXISTS record_keeps_places BEFORE INSERT ON record
WHEN EXISTS (SELECT 1 FROM record WHERE rowid = NEW.rowid
                OR (partition = NEW.partition AND offset = NEW.offset))
BEGIN SELECT RAISE(ABORT, 'the log is append-only: REPLACE refused'); END;
CREATE TABLE IF NOT EXISTS log_identity (identity BLOB NOT NULL);
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for reading and writing; it must exist.

    The connection waits for other processes' locks and commits with a full sync.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def create_tables(path: Path) -> None:
    """Make the file and its tables where absent; an identity is drawn only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with translated(path):
        path.touch(mode=0o600)
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
            connection.execute(
                "INSERT INTO log_identity SELECT ?"
                " WHERE NOT EXISTS (SELECT 1 FROM log_identity)",
                (clock.random_bytes(16),),
            )


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Turn SQLite's and the system's errors into this package's."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise LogUnavailableError(f"{path}: {error.strerror}") from error


def translate(error: sqlite3.Error, path: Path) -> LedgerError:
    """Return the error that tells a caller what to do about SQLite's."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    text = f"{path}: {error}"
    match code & 0xFF:  # the low byte is the primary code
        case sqlite3.SQLITE_NOTADB:
            return MalformedError(text, place=str(path))
        case sqlite3.SQLITE_CORRUPT:
            return IntegrityError(
                text, place=str(path), hint="restore the file from a copy"
            )
        case sqlite3.SQLITE_CONSTRAINT:
            return IntegrityError(text, place=f"{path} table record")
        case sqlite3.SQLITE_FULL:
            return LogUnavailableError(
                f"disk full: {path} takes no more records",
                hint="free space; what was not appended is sent again",
            )
        case sqlite3.SQLITE_ERROR if "no such table" in str(error):
            return MissingEvidenceError(f"{path}: holds no log", place=str(path))
        case _:
            return LogUnavailableError(text)
