"""A small local memory in the ledger's home: never evidence, always safe to delete.

It holds digests of files that have not changed, the last run of each name (to say what
differs), which names have been registered from this home, and where inputs and the code
of runs were (to find them again).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ledger.clock import now_us

_RACY_NS = 2_000_000_000
_TABLES = """
CREATE TABLE IF NOT EXISTS file_digest (
    path TEXT PRIMARY KEY, state TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS last_run (name TEXT PRIMARY KEY, summary TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS registered (
    name TEXT PRIMARY KEY, fields TEXT NOT NULL, handle TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS place (
    key TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (key, path));
"""


class LocalCache:
    """The memory in one SQLite file; a fault of it is counted and is otherwise a miss.

    Attributes:
        faults: how many times the file could not be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.faults = 0

    def known_digest(self, path: Path, stat: os.stat_result) -> str | None:
        """Return the digest of a file whose size, times and inode have not changed."""
        found = self._one(
            "SELECT digest FROM file_digest WHERE path = ? AND state = ?",
            (str(path.absolute()), _state(stat)),
        )
        return None if found is None else str(found)

    def keep_digest(self, path: Path, stat: os.stat_result, digest: str) -> None:
        """Remember a file's digest, unless the file is younger than two seconds.

        A file that was written a moment ago may be written again within one tick of
        the file system's clock, and would look the same.
        """
        newest = max(stat.st_mtime_ns, stat.st_ctime_ns)
        if now_us() * 1_000 - newest > _RACY_NS:
            self._change(
                "INSERT OR REPLACE INTO file_digest VALUES (?, ?, ?)",
                (str(path.absolute()), _state(stat), digest),
            )

    def last_run(self, name: str) -> dict[str, Any] | None:
        """Return the summary of the last run of that name, or None."""
        found = self._one("SELECT summary FROM last_run WHERE name = ?", (name,))
        return None if found is None else dict(json.loads(str(found)))

    def keep_run(self, name: str, summary: Mapping[str, Any]) -> None:
        """Remember a run as the last of its name."""
        text = json.dumps(summary, sort_keys=True)
        self._change("INSERT OR REPLACE INTO last_run VALUES (?, ?)", (name, text))

    def registered(self, name: str, fields: str | None = None) -> dict[str, Any] | None:
        """Return the handle of a registration, or None.

        Args:
            name: kind and name, such as ``dataset/loans``.
            fields: digest of what was registered; None accepts any.
        """
        query = "SELECT handle FROM registered WHERE name = ? AND ? IN (fields, '')"
        found = self._one(query, (name, fields or ""))
        return None if found is None else dict(json.loads(str(found)))

    def keep_registered(
        self, name: str, fields: str, handle: Mapping[str, Any]
    ) -> None:
        """Remember that a name has been registered, and with which fields."""
        self._change(
            "INSERT OR REPLACE INTO registered VALUES (?, ?, ?)",
            (name, fields, json.dumps(handle)),
        )

    def keep_place(self, key: str, path: Path) -> None:
        """Remember where something was: content by its digest, code by its run."""
        self._change(
            "INSERT OR IGNORE INTO place VALUES (?, ?)", (key, str(path.absolute()))
        )

    def places(self, key: str) -> list[Path]:
        """Return where something was once seen; it may be gone or changed by now."""
        try:
            with closing(self._open()) as connection:
                rows = connection.execute(
                    "SELECT path FROM place WHERE key = ? ORDER BY rowid", (key,)
                ).fetchall()
        except (sqlite3.Error, OSError):
            self.faults += 1
            return []
        return [Path(path) for (path,) in rows]

    def _one(self, query: str, values: tuple[object, ...]) -> object | None:
        try:
            with closing(self._open()) as connection:
                row = connection.execute(query, values).fetchone()
        except (sqlite3.Error, OSError):
            self.faults += 1
            return None
        return row[0] if row else None

    def _change(self, query: str, values: tuple[object, ...]) -> None:
        try:
            with closing(self._open()) as connection, connection:
                connection.execute(query, values)
        except (sqlite3.Error, OSError):
            self.faults += 1

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=2.0)
        connection.executescript(_TABLES)
        return connection


def _state(stat: os.stat_result) -> str:
    parts = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return " ".join(str(part) for part in parts)
