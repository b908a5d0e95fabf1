"""Envelopes in a journal: durable with the entry of their decision, gone once sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ledger.journal.tables import transaction


def keep(database: sqlite3.Connection, envelopes: Sequence[bytes]) -> None:
    """Take envelopes in, within the caller's transaction."""
    if envelopes:
        database.executemany(
            "INSERT INTO payload(envelope) VALUES (?)", [(e,) for e in envelopes]
        )


def waiting(
    database: sqlite3.Connection, *, after: int, limit: int
) -> list[tuple[int, bytes]]:
    """Return (number, envelope) of the oldest envelopes behind a number."""
    return database.execute(
        "SELECT n, envelope FROM payload WHERE n > ? ORDER BY n LIMIT ?",
        (after, limit),
    ).fetchall()


def count(database: sqlite3.Connection) -> int:
    """Return how many envelopes are not acknowledged."""
    return int(database.execute("SELECT count(*) FROM payload").fetchone()[0])


def sent(database: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Delete envelopes that the transport has; their bytes are overwritten.

    Raises:
        JournalError: the disk is full or fails; they will be sent again.
    """
    database.execute("PRAGMA secure_delete = ON")
    try:
        with transaction(database, durable=False):
            database.executemany(
                "DELETE FROM payload WHERE n = ?", [(n,) for n in numbers]
            )
    finally:
        database.execute("PRAGMA secure_delete = OFF")


def wipe_log(database: sqlite3.Connection) -> None:
    """Cut the write-ahead log to nothing: it still holds what was deleted."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
