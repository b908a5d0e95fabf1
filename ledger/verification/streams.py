"""Streams while a whole origin is verified: accepted entries lie on the disk.

A ledger has few streams and many entries; of the entries only a resend asks.
"""

from __future__ import annotations

import sqlite3

from ledger.verdict import Judgement, StreamHead, Verdict

_BUFFERED = 20_000
_TABLE = (
    "CREATE TABLE entry (key_fp BLOB, stream_id BLOB, seq INTEGER, header_hash BLOB,"
    " leaf INTEGER, PRIMARY KEY (key_fp, stream_id, seq)) WITHOUT ROWID"
)
_FIND = (
    "SELECT header_hash, leaf FROM entry WHERE key_fp = ? AND stream_id = ? AND seq = ?"
)
_Row = tuple[bytes, bytes, int, bytes, int]


class DiskStreams:
    """See :class:`ledger.verdict.Streams`; a temporary file, gone when closed."""

    def __init__(self) -> None:
        self._heads: dict[tuple[bytes, bytes], StreamHead] = {}
        self._buffer: list[_Row] = []
        # An empty name asks SQLite for a private file that spills to the disk.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(_TABLE)

    def head(self, key_fp: bytes, stream_id: bytes) -> StreamHead | None:
        """See :meth:`ledger.verdict.Streams.head`."""
        return self._heads.get((key_fp, stream_id))

    def entry(
        self, key_fp: bytes, stream_id: bytes, seq: int
    ) -> tuple[bytes, int] | None:
        """See :meth:`ledger.verdict.Streams.entry`."""
        self._flush()
        row = self._db.execute(_FIND, (key_fp, stream_id, seq)).fetchone()
        return None if row is None else (row[0], row[1])

    def apply(self, judgement: Judgement, leaf: int) -> None:
        """Take in the judgement that became leaf ``leaf``."""
        if judgement.entry is None:
            return
        header = judgement.entry.header
        stream = (header.key_fp, header.stream_id)
        after = judgement.head_after(leaf, self._heads.get(stream))
        if after is not None:
            self._heads[stream] = after
        if judgement.verdict == Verdict.ACCEPTED:
            header_hash = judgement.entry.header_hash
            self._buffer.append((*stream, header.seq, header_hash, leaf))
            if len(self._buffer) >= _BUFFERED:
                self._flush()

    def close(self) -> None:
        """Drop the temporary file."""
        self._db.close()

    def _flush(self) -> None:
        if self._buffer:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)", self._buffer
            )
            self._db.execute("COMMIT")
            self._buffer.clear()
