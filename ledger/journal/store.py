"""The journal: a producer's durable outbox of signed entries, until they are sealed.

``<journal id>.sqlite`` holds the streams one process (and whoever adopts its journal)
wrote, their entries with a state each, and events that have to be signed anew::

    new ──► appended ──► sealed          refused: its bytes go to quarantine/
     ▲          │
     └──────────┘  resend

Only the shipper's thread touches the file, so that ``emit`` never waits for its disk. A
transaction that makes an entry is durable (``synchronous=FULL``) before the entry is
sent; one that only notes an answer of the log need not be: forgotten answers lead to a
resend of the same bytes, which the sealer calls a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.journal import payloads
from ledger.journal.rows import Packed, Stream, Unsent, Waiting
from ledger.journal.sources import START, Mark
from ledger.journal.tables import connect, transaction

if TYPE_CHECKING:
    from ledger.entry import EventBytes


class Journal:
    """The tables of one journal; used from one thread.

    Args:
        path: the file, made where absent; None keeps everything in memory.
        journal_id: 16 bytes, also the id of the journal's first stream.
        identity: whose events the journal holds.
        created_ms: clock at the making.

    Raises:
        JournalError: the file cannot be made, opened or written.
        sqlite3.DatabaseError: the file is damaged.
    """

    def __init__(
        self, path: Path | None, *, journal_id: bytes, identity: str, created_ms: int
    ) -> None:
        self.path = path
        self.journal_id = journal_id
        self.bytes = 0
        self.database = self._db = connect(path)
        with transaction(self._db, durable=True):
            if self._one("SELECT count(*) FROM info")[0] == 0:
                self._db.execute(
                    "INSERT INTO info VALUES(?,?,?,?,?,0)",
                    (journal_id, identity, created_ms, *START),
                )
        row = self._one("SELECT identity, segment, offset, taken FROM info")
        self.identity = str(row[0])
        self.mark = Mark(row[1], row[2])
        self.taken: int = row[3]
        self.bytes = self._size("1")

    def streams(self) -> list[Stream]:
        """Return all streams, in the order of opening."""
        columns = ",".join(Stream.__slots__)
        rows = self._db.execute(f"SELECT {columns} FROM stream ORDER BY number")  # noqa: S608
        return [Stream(*row) for row in rows]

    def leave_streams(self) -> None:
        """Mark streams that a process which is gone left open."""
        with transaction(self._db, durable=False):
            self._db.execute("UPDATE stream SET state = 'left' WHERE state = 'open'")

    def record(
        self,
        stream: Stream,
        packed: Sequence[Packed],
        *,
        mark: Mark | None = None,
        taken: int = 0,
        resigned: int | None = None,
        now_ms: int,
        envelopes: Sequence[bytes] = (),
    ) -> None:
        """Make entries durable, and forget the events they hold, in one transaction.

        Args:
            stream: as it is after these entries; a new stream is added.
            packed: the entries, in order.
            mark: how far the source was consumed; None if it was not.
            taken: number of events taken from the source.
            resigned: highest ``event.n`` that the entries hold, or None.
            now_ms: clock.
            envelopes: payload of decisions among the events.
        """
        with transaction(self._db, durable=True):
            payloads.keep(self._db, envelopes)
            self._put_stream(stream)
            for item in packed:
                self._put_entry(stream, item, now_ms)
            self._db.execute(
                "UPDATE info SET segment = ?, offset = ?, taken = taken + ?",
                (*(mark or self.mark), taken),
            )
            if resigned is not None:
                self._db.execute("DELETE FROM event WHERE n <= ?", (resigned,))
        self.bytes += sum(len(item.value) for item in packed)
        self.taken += taken
        self.mark = mark or self.mark

    def to_resign(self, limit: int) -> list[tuple[int, EventBytes]]:
        """Return the oldest events that have to be signed anew, with their number."""
        rows = self._db.execute(
            "SELECT n, schema_id, body FROM event ORDER BY n LIMIT ?", (limit,)
        )
        return [(n, (schema_id, body)) for n, schema_id, body in rows]

    def unsent(
        self, *, after: tuple[int, int], limit: int, now_ms: int
    ) -> list[Unsent]:
        """Return entries to send, in order, of streams that need not wait.

        Args:
            after: stream number and seq of the last entry that is being sent.
            limit: most entries.
            now_ms: clock, compared with the streams' ``retry_ms``.
        """
        rows = self._db.execute(
            "SELECT e.stream, e.seq, e.partition, v.value FROM entry e"
            " JOIN signed v USING (stream, seq) JOIN stream s"
            " ON s.number = e.stream WHERE e.state = 'new' AND s.retry_ms <= ?"
            " AND (e.stream, e.seq) > (?, ?) ORDER BY e.stream, e.seq LIMIT ?",
            (now_ms, *after, limit),
        )
        return [Unsent(*row) for row in rows]

    def appended(self, places: Sequence[tuple[int, int, int]], now_ms: int) -> None:
        """Note (stream, seq, offset) of entries the log has acknowledged."""
        with transaction(self._db, durable=False):
            self._db.executemany(
                "UPDATE entry SET state = 'appended', offset = ?, at_ms = ?"
                " WHERE stream = ? AND seq = ? AND state = 'new'",
                [(offset, now_ms, stream, seq) for stream, seq, offset in places],
            )

    def waiting(self, limit: int) -> list[Waiting]:
        """Return the oldest appended entries that wait for a verdict."""
        rows = self._db.execute(
            "SELECT e.stream, e.seq, s.origin, e.offset, e.header_hash, e.record_hash,"
            " e.at_ms FROM entry e JOIN stream s ON s.number = e.stream"
            " WHERE e.state = 'appended' ORDER BY e.stream, e.seq LIMIT ?",
            (limit,),
        )
        return [Waiting(*row) for row in rows]

    def sealed(self, rows: Sequence[Waiting], now_ms: int) -> None:
        """Note entries that are sealed; their values go with :meth:`forget_sealed`."""
        with transaction(self._db, durable=False):
            for row in rows:
                self._db.execute(
                    "UPDATE entry SET state = 'sealed', at_ms = ?"
                    " WHERE stream = ? AND seq = ?",
                    (now_ms, row.stream, row.seq),
                )
                self._db.execute(
                    "UPDATE stream SET sealed_seq = ?, sealed_head = ?, attempts = 0"
                    " WHERE number = ? AND coalesce(sealed_seq, -1) < ?",
                    (row.seq, row.header_hash, row.stream, row.seq),
                )

    def forget_sealed(self, before_ms: int) -> None:
        """Drop entries that were sealed at or before a time."""
        size = self._size("state = 'sealed' AND at_ms <= ?", before_ms)
        if size:
            with transaction(self._db, durable=False):
                self._db.execute(
                    "DELETE FROM entry WHERE state = 'sealed' AND at_ms <= ?",
                    (before_ms,),
                )
            self.bytes -= size

    def rewind(self, stream: int, *, retry_ms: int) -> None:
        """Send a stream again from its first unsealed entry, not before a time."""
        with transaction(self._db, durable=False):
            self._db.execute(
                "UPDATE entry SET state = 'new', offset = NULL"
                " WHERE stream = ? AND state = 'appended'",
                (stream,),
            )
            self._db.execute(
                "UPDATE stream SET retry_ms = ?, attempts = attempts + 1"
                " WHERE number = ?",
                (retry_ms, stream),
            )

    def unsealed(self, stream: int) -> list[tuple[int, bytes]]:
        """Return (seq, value) of a stream's entries without a seal, in order."""
        rows = self._db.execute(
            "SELECT seq, value FROM entry JOIN signed USING (stream, seq)"
            " WHERE stream = ?"
            " AND state IN ('new', 'appended') ORDER BY seq",
            (stream,),
        )
        return [(seq, value) for seq, value in rows]

    def give_up(self, stream: int, events: Sequence[EventBytes]) -> None:
        """Drop a refused stream's unsealed entries; keep events to be signed anew.

        Args:
            stream: number of the stream; its values are in quarantine already.
            events: to be signed anew.
        """
        size = self._size("stream = ? AND state IN ('new', 'appended')", stream)
        with transaction(self._db, durable=True):
            self._db.execute(
                "DELETE FROM entry WHERE stream = ? AND state IN ('new', 'appended')",
                (stream,),
            )
            self._db.execute(
                "UPDATE stream SET state = 'refused' WHERE number = ?", (stream,)
            )
            self._requeue(events)
        self.bytes -= size

    def requeue(self, events: Sequence[EventBytes]) -> None:
        """Enter events that have to be signed anew."""
        with transaction(self._db, durable=True):
            self._requeue(events)

    def move_mark(self, mark: Mark) -> None:
        """Set how far the source was consumed, when a damaged journal is remade."""
        with transaction(self._db, durable=True):
            self._db.execute("UPDATE info SET segment = ?, offset = ?", mark)
        self.mark = mark

    def count(self, state: str) -> int:
        """Return the number of entries in a state."""
        return self._one("SELECT count(*) FROM entry WHERE state = ?", (state,))[0]

    def count_to_resign(self) -> int:
        """Return the number of events that have to be signed anew."""
        return self._one("SELECT count(*) FROM event")[0]

    def through(self, *states: str) -> int:
        """Return how many taken events are past all of the given states."""
        marks = ",".join("?" * len(states))
        least = self._one(
            f"SELECT min(through) FROM entry WHERE state IN ({marks})",  # noqa: S608
            states,
        )[0]
        return self.taken if least is None else least

    def oldest_ms(self, state: str) -> int | None:
        """Return when the oldest entry of a state came into it."""
        return self._one("SELECT min(at_ms) FROM entry WHERE state = ?", (state,))[0]

    def close(self) -> None:
        """Close the file; SQLite folds its write-ahead log in."""
        self._db.close()

    def _requeue(self, events: Sequence[EventBytes]) -> None:
        insert = "INSERT INTO event(schema_id, body) VALUES(?,?)"
        self._db.executemany(insert, events)

    def _put_stream(self, stream: Stream) -> None:
        values = [getattr(stream, name) for name in Stream.__slots__]
        marks = ",".join("?" * len(values))
        self._db.execute(
            f"INSERT INTO stream VALUES({marks}) ON CONFLICT(number) DO UPDATE"
            " SET state = excluded.state, next_seq = excluded.next_seq,"
            " head = excluded.head",
            values,
        )

    def _put_entry(self, stream: Stream, item: Packed, now_ms: int) -> None:
        self._db.execute(
            "INSERT INTO entry VALUES(?,?,?,?,?,'new',?,NULL,?,?)",
            (
                stream.number,
                item.seq,
                item.header_hash,
                item.record_hash,
                len(item.value),
                stream.partition,
                now_ms,
                item.through,
            ),
        )
        self._db.execute(
            "INSERT INTO signed VALUES(?,?,?)", (stream.number, item.seq, item.value)
        )

    def _size(self, where: str, *values: object) -> int:
        sql = f"SELECT coalesce(sum(size), 0) FROM entry WHERE {where}"  # noqa: S608
        return self._one(sql, values)[0]

    def _one(self, statement: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
        return self._db.execute(statement, values).fetchone()
