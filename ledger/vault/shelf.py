"""The key shelf: one file with the wrapped data keys, found by a keyed hash.

::

    subject(key_id, tag, wrapped, leaving)   one open key a subject
    suppressed(tag, before_ms, until_ms)     what of it arrives late is deleted as well
    erasure(id, tag, plan, event)            deletions that were begun

``tag`` = HMAC-SHA-256(look-up key, subject): whoever steals the file, or the database,
has no list of people and cannot test a name. Data keys and the look-up key are wrapped
with AES-256-GCM under the wrapping key. Deleted rows are overwritten
(``secure_delete``), and the rollback journal is cut to nothing at each commit.
"""

from __future__ import annotations

import hmac
import json
import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import clock
from ledger.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

_TABLES = """
CREATE TABLE IF NOT EXISTS secret(name TEXT PRIMARY KEY, wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS subject(
  key_id BLOB PRIMARY KEY, tag BLOB NOT NULL, wrapped BLOB NOT NULL,
  leaving INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS subject_tag ON subject(tag) WHERE leaving = 0;
CREATE TABLE IF NOT EXISTS suppressed(
  tag BLOB PRIMARY KEY, before_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS erasure(
  id BLOB PRIMARY KEY, tag BLOB, plan TEXT NOT NULL, event BLOB);
"""
_LOOKUP = "look-up"
_BUSY_SECONDS = 30.0


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The key that one subject's payload is encrypted under; never printed."""

    key_id: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """A deletion that was begun.

    Attributes:
        id: 16 bytes, also the id of its event.
        tag: of the subject, or None for one on schedule.
        plan: what was to be done.
        event: the events, packed, once the keys are destroyed.
    """

    id: bytes
    tag: bytes | None
    plan: dict[str, Any]
    event: bytes | None


class Shelf:
    """The file of keys; used by one thread.

    Args:
        path: of the file, made where absent, readable by its owner only.
        wrapping_key: 32 bytes.

    Raises:
        ConfigurationError: the file is of another wrapping key.
        UnavailableError: it cannot be read or written.
    """

    def __init__(self, path: Path, wrapping_key: bytes) -> None:
        self._path = path
        self._wrap = AESGCM(wrapping_key)
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None
            )
            for pragma in ("journal_mode = TRUNCATE", "secure_delete = ON"):
                self._db.execute(f"PRAGMA {pragma}").fetchall()
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(f"BEGIN IMMEDIATE;{_TABLES}COMMIT;")
        self._lookup = self._lookup_key()

    def tag(self, subject: str) -> bytes:
        """Return what a subject is found by, 32 bytes."""
        return hmac.digest(self._lookup, subject.encode(), "sha256")

    def open_key(self, tag: bytes) -> DataKey | None:
        """Return a subject's data key, or None if it has none."""
        with self._locked() as db:
            row = db.execute(
                "SELECT key_id, wrapped FROM subject WHERE tag = ? AND leaving = 0",
                (tag,),
            ).fetchone()
        return None if row is None else self._unwrapped(*row)

    def key_for(self, tag: bytes) -> DataKey:
        """Return a subject's data key, made and durable if it had none."""
        if found := self.open_key(tag):
            return found
        made = DataKey(clock.random_bytes(16), clock.random_bytes(32))
        with self._transaction() as db:
            db.execute(
                "INSERT INTO subject(key_id, tag, wrapped) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (made.key_id, tag, self._wrapped(made.key_id, made.key)),
            )
        return self.open_key(tag) or made

    def key(self, key_id: bytes) -> DataKey | None:
        """Return a data key by its id, or None if it was destroyed."""
        with self._locked() as db:
            row = db.execute(
                "SELECT key_id, wrapped FROM subject WHERE key_id = ?", (key_id,)
            ).fetchone()
        return None if row is None else self._unwrapped(*row)

    def tag_of(self, key_id: bytes) -> bytes | None:
        """Return the tag that a data key belongs to, or None if it was destroyed."""
        with self._locked() as db:
            row = db.execute(
                "SELECT tag FROM subject WHERE key_id = ?", (key_id,)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def leave(self, key_id: bytes) -> None:
        """Let a subject's next key be another one; this one still decrypts."""
        with self._transaction() as db:
            db.execute("UPDATE subject SET leaving = 1 WHERE key_id = ?", (key_id,))

    def suppressed(self) -> dict[bytes, int]:
        """Return tag → decision time, ms, up to which payload is not wanted now."""
        with self._locked() as db:
            return dict(db.execute("SELECT tag, before_ms FROM suppressed").fetchall())

    def forget_suppressed(self, now_ms: int) -> int:
        """Delete suppressions that have ended; returns how many."""
        with self._transaction() as db:
            statement = "DELETE FROM suppressed WHERE until_ms <= ?"
            return db.execute(statement, (now_ms,)).rowcount

    def begin(self, begun: Begun, *, before_ms: int = 0, until_ms: int = 0) -> None:
        """Write down what a deletion is going to do, before anything is done.

        Args:
            begun: the deletion.
            before_ms: payload of the subject's decisions up to then is not wanted any
                more, even if it arrives later.
            until_ms: when nothing can be on its way any more.
        """
        with self._transaction() as db:
            db.execute(
                "INSERT INTO erasure(id, tag, plan) VALUES (?, ?, ?)",
                (begun.id, begun.tag, json.dumps(begun.plan)),
            )
            if begun.tag is not None:
                db.execute(
                    "INSERT INTO suppressed VALUES (?, ?, ?) ON CONFLICT(tag) DO UPDATE"
                    " SET before_ms = excluded.before_ms, until_ms = excluded.until_ms",
                    (begun.tag, before_ms, until_ms),
                )

    def begun(self) -> list[Begun]:
        """Return the deletions that were begun and not finished."""
        with self._locked() as db:
            rows = db.execute("SELECT id, tag, plan, event FROM erasure").fetchall()
        return [Begun(i, tag, json.loads(plan), event) for i, tag, plan, event in rows]

    def destroy(self, begun: Begun, key_ids: Sequence[bytes], event: bytes) -> None:
        """Destroy data keys and keep the event that says so, in one transaction."""
        with self._transaction() as db:
            for key_id in key_ids:
                # Overwritten before it goes, for pages that are never used again.
                blank = (os.urandom(60), key_id)
                db.execute("UPDATE subject SET wrapped = ? WHERE key_id = ?", blank)
                db.execute("DELETE FROM subject WHERE key_id = ?", (key_id,))
            db.execute("UPDATE erasure SET event = ? WHERE id = ?", (event, begun.id))

    def finish(self, begun: Begun) -> None:
        """Forget a deletion whose event is safe."""
        with self._transaction() as db:
            db.execute("DELETE FROM erasure WHERE id = ?", (begun.id,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lookup_key(self) -> bytes:
        fresh = clock.random_bytes(32)
        wrapped = self._wrapped(_LOOKUP.encode(), fresh)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO secret VALUES (?, ?) ON CONFLICT DO NOTHING",
                (_LOOKUP, wrapped),
            )
            row = db.execute(
                "SELECT wrapped FROM secret WHERE name = ?", (_LOOKUP,)
            ).fetchone()
        return self._unwrapped(_LOOKUP.encode(), row[0]).key

    def _wrapped(self, name: bytes, key: bytes) -> bytes:
        nonce = clock.random_bytes(12)
        return nonce + self._wrap.encrypt(nonce, key, name)

    def _unwrapped(self, name: bytes, wrapped: bytes) -> DataKey:
        try:
            return DataKey(name, self._wrap.decrypt(wrapped[:12], wrapped[12:], name))
        except InvalidTag:
            raise ConfigurationError(
                f"{self._path}: its keys are wrapped under another key",
                hint="set vault.wrapping_key to the key this file was made with",
            ) from None

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._locked() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def _locked(self) -> Generator[sqlite3.Connection]:
        with self._translated():
            yield self._db

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(f"{self._path}: {error}") from error
