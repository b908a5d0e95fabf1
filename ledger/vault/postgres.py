"""The vault's tables in Postgres: a database and a role of their own.

SQL stands in ``sql/``, one question a file. Every method is one transaction; each may
be repeated with the same arguments and changes nothing the second time.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, LiteralString, Self, cast
from uuid import UUID

import psycopg

from ledger.errors import DatabaseUnavailableError, NotAuthorisedError
from ledger.vault.columns import (
    from_time,
    held,
    key_of,
    of_decision,
    of_deployment,
    of_payload,
    of_release,
    of_rule,
    place,
    to_time,
)
from ledger.vault.store import Arrived, Encrypted, RuleEvent

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ledger.vault.follow import Read
    from ledger.vault.store import Held, Refused

_Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresVault:
    """The vault's database; connects on use, again after a loss.

    Args:
        dsn: libpq connection string; the login acts as ``mlledger_vault``.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._open: _Connection | None = None

    def position(self, source: str) -> int:
        """Return from where on a source is to be read."""
        with self.transaction() as db:
            row = db.execute(sql("position"), {"source": source}).fetchone()
        return 0 if row is None else int(row[0])

    def put_sealed(self, read: Read) -> None:
        """Take in what leaves of an origin say, and that they were read."""
        told = {
            "put_deployment": [of_deployment(item) for item in read.deployments],
            "put_release": [of_release(*item) for item in read.releases.items()],
            "put_decision": [of_decision(item) for item in read.decisions],
            "put_rule": [of_rule(item) for item in read.rules],
        }
        with self.transaction() as db, db.cursor() as cursor:
            for name, rows in told.items():
                if rows:
                    cursor.executemany(sql(name), rows)
            cursor.execute(sql("set_position"), place(read.origin, read.next_leaf))

    def put_rule(self, rule: RuleEvent) -> None:
        """Take in a rule or hold before it is sealed, so that it counts at once."""
        with self.transaction() as db:
            db.execute(sql("put_rule"), of_rule(rule))

    def put_arrived(
        self,
        source: str,
        next_offset: int,
        arrived: Sequence[Encrypted],
        refused: Sequence[Refused],
        now_us: int,
    ) -> None:
        """Take in what the transport brought, and that it was read."""
        now = to_time(now_us)
        with self.transaction() as db, db.cursor() as cursor:
            if arrived:
                rows = [{**of_payload(item), "received_at": now} for item in arrived]
                cursor.executemany(sql("put_payload"), rows)
            for item in refused:
                row = {
                    "source": source,
                    "log_offset": item.offset,
                    "digest": item.digest,
                    "reason": item.reason,
                    "received_at": now,
                }
                cursor.execute(sql("put_refused"), row)
            cursor.execute(sql("set_position"), place(source, next_offset))

    def settle(self, *, stale_before_us: int) -> dict[str, int]:
        """Compare waiting payloads with sealed decisions; count the outcomes."""
        with self.transaction() as db:
            states = [state for (state,) in db.execute(sql("settle")).fetchall()]
            stale = db.execute(
                sql("stale"), {"before": to_time(stale_before_us)}
            ).rowcount
        counts = {"kept": states.count("kept"), "quarantined": stale}
        counts["quarantined"] += states.count("quarantined")
        return counts

    def arrived(self, decision_id: bytes) -> list[Arrived]:
        """Return the payloads that arrived for a decision, the kept one first."""
        key = {"decision_id": UUID(bytes=decision_id)}
        with self.transaction() as db:
            rows = db.execute(sql("payload_of_decision"), key).fetchall()
        return [
            Arrived(Encrypted(decision_id, *row[:4]), row[4], row[5], row[6])
            for row in rows
        ]

    def held_under(self, key_ids: Sequence[bytes]) -> list[Held]:
        """Return what lies under some data keys."""
        with self.transaction() as db:
            rows = db.execute(sql("held_under"), {"key_ids": list(key_ids)}).fetchall()
        return [held(row) for row in rows]

    def keys_due(
        self,
        *,
        before_us: int,
        uses: Sequence[str],
        stale_us: int,
        after: bytes,
        limit: int,
    ) -> list[bytes]:
        """Return ids of data keys with a payload whose time is up, in order."""
        values = {
            "before": to_time(before_us),
            "uses": list(uses),
            "stale": to_time(stale_us),
            "after": after,
            "limit": limit,
        }
        with self.transaction() as db:
            rows = db.execute(sql("keys_due"), values).fetchall()
        return [bytes(row[0]) for row in rows]

    def under(self, item: Held) -> tuple[bytes, bytes] | None:
        """Return nonce and ciphertext of a payload, unless it is under another key."""
        with self.transaction() as db:
            return db.execute(sql("payload_row"), key_of(item)).fetchone()

    def rekey(self, item: Held, fresh: Encrypted) -> None:
        """Put a payload that stays under a new key."""
        values = {
            **key_of(item),
            "new_key_id": fresh.key_id,
            "nonce": fresh.nonce,
            "ciphertext": fresh.ciphertext,
        }
        with self.transaction() as db:
            db.execute(sql("rekey"), values)

    def delete_under(self, key_ids: Sequence[bytes]) -> int:
        """Delete all that lies under some data keys; returns how many rows."""
        with self.transaction() as db:
            done = db.execute(sql("delete_under"), {"key_ids": list(key_ids)}).rowcount
        with self._connected() as db:
            db.execute(sql("vacuum"))
        return done

    def rules(self) -> list[RuleEvent]:
        """Return retention rules and holds, oldest first."""
        with self.transaction() as db:
            rows = db.execute(sql("rules")).fetchall()
        return [RuleEvent(i.bytes, kind, from_time(at), f) for i, kind, at, f in rows]

    def note_access(
        self, decision_id: bytes, *, purpose: str, reader: str, now_us: int
    ) -> None:
        """Write down who reads a payload, and what for."""
        values = {
            "time": to_time(now_us),
            "decision_id": UUID(bytes=decision_id),
            "purpose": purpose,
            "reader": reader,
        }
        with self.transaction() as db:
            db.execute(sql("note_access"), values)

    def accesses(self, decision_ids: Sequence[bytes]) -> int:
        """Return how often payloads of some decisions were read."""
        values = {"decision_ids": [UUID(bytes=i) for i in decision_ids]}
        with self.transaction() as db:
            row = db.execute(sql("accesses"), values).fetchone()
        return int(row[0]) if row else 0

    def counts(self) -> dict[str, int]:
        """Return how many payloads are in which state."""
        with self.transaction() as db:
            return dict(db.execute(sql("counts")).fetchall())

    def close(self) -> None:
        """Let go of the connection."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Generator[_Connection]:
        """Hold a transaction of the vault's database for a block.

        Raises:
            DatabaseUnavailableError: it is away, or refuses.
            NotAuthorisedError: the login may not.
        """
        with self._connected() as db, db.transaction():
            yield db

    @contextmanager
    def _connected(self) -> Generator[_Connection]:
        try:
            if self._open is None or self._open.closed:
                self._open = self._connect()
            yield self._open
        except psycopg.errors.InsufficientPrivilege as error:
            self.close()
            raise NotAuthorisedError("the vault's database: not allowed") from error
        except psycopg.Error as error:
            self.close()
            # What the driver says of a row may quote it.
            away = isinstance(error, psycopg.OperationalError)
            raise DatabaseUnavailableError(
                f"the vault's database: {error if away else type(error).__name__}",
                hint="check [vault] dsn in mlledger.toml",
            ) from None

    def _connect(self) -> _Connection:
        db = psycopg.connect(self._dsn, autocommit=True)
        try:
            db.execute("SET synchronous_commit = on")
            db.execute("SET timezone = 'UTC'")
            with db.transaction():
                db.execute(sql("schema_lock"))
                db.execute(sql("schema"))
        except psycopg.Error:
            db.close()
            raise
        return db


@cache
def sql(name: str) -> LiteralString:
    """Return the text of ``sql/<name>.sql``; the files are part of the program."""
    path = files("ledger.vault").joinpath("sql", f"{name}.sql")
    return cast("LiteralString", path.read_text(encoding="utf-8"))
