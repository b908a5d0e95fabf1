"""What to do with a damaged journal: keep its file, carry its intact entries on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.entry import (
    EncodedEvent,
    SignedEntry,
    header_hash,
    parse_entry,
    verify_events_root,
)
from ledger.errors import MalformedError, RootMismatchError
from ledger.journal import payloads
from ledger.journal.rows import Packed, Stream
from ledger.journal.sources import Mark
from ledger.journal.spool_files import identity_in, segments_of
from ledger.journal.store import Journal
from ledger.journal.tables import misfit_of, transaction

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.journal.quarantine import Quarantine

_SIDE_FILES = ("", "-wal", "-shm", "-journal")


def damage_of(path: Path) -> str | None:
    """Return why a journal's file cannot be trusted; None if it can."""
    try:
        database = sqlite3.connect(path, isolation_level=None)
        try:
            answer = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            return misfit_of(database) if answer == "ok" else str(answer)
        finally:
            database.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return str(error)


def salvage(
    path: Path, journal_id: bytes, config: Config, quarantine: Quarantine, now_ms: int
) -> None:
    """Put a damaged journal into quarantine and its intact rows into a new one.

    Entries describe themselves, so their streams are made from their headers; all count
    as unsent, and a copy that was sealed already will be called a duplicate. Where the
    mark is lost the spool is packed from its first segment: an event may be signed
    twice, under one id, but none is left out.
    """
    damage = damage_of(path) or "interrupted while it was mended"
    part = path.with_suffix(".salvaged")
    part.unlink(missing_ok=True)
    identity = _info(path, "identity") or identity_in(path.parent, journal_id) or ""
    journal = Journal(
        part, journal_id=journal_id, identity=str(identity), created_ms=now_ms
    )
    for stream, packed in _streams(_entries(path), str(identity), config):
        journal.record(stream, packed, now_ms=now_ms)
    journal.requeue(_events(path))
    with transaction(journal.database, durable=True):
        payloads.keep(journal.database, _envelopes(path))
    journal.move_mark(_mark(path, journal_id))
    journal.close()
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            quarantine.take_in(side, f"damaged journal: {damage}")
    part.rename(path)


def finish_interrupted(path: Path) -> None:
    """Complete a salvage that ended between its last two steps."""
    part = path.with_suffix(".salvaged")
    if part.exists() and not path.exists():
        part.rename(path)


def _entries(path: Path) -> list[SignedEntry]:
    """Return the entries that can be read and parse, by stream and number."""
    rows = _rows(path, "SELECT rowid, value FROM signed")
    entries: list[SignedEntry] = []
    for (value,) in rows:
        if not isinstance(value, bytes):
            continue
        try:
            entry = parse_entry(value)
            verify_events_root(entry)
            entries.append(entry)
        except (MalformedError, RootMismatchError):
            continue  # the damaged file goes to quarantine with these bytes
    return entries


def _events(path: Path) -> list[EncodedEvent]:
    rows = _rows(path, "SELECT rowid, schema_id, body FROM event")
    return [
        EncodedEvent(schema_id, body)
        for schema_id, body in rows
        if isinstance(schema_id, bytes) and isinstance(body, bytes)
    ]


def _envelopes(path: Path) -> list[bytes]:
    rows = _rows(path, "SELECT rowid, envelope FROM payload")
    return [envelope for (envelope,) in rows if isinstance(envelope, bytes)]


def _rows(path: Path, select: str) -> list[tuple[Any, ...]]:
    """Read from both ends of a table up to the damage; rows without their row id."""
    found: dict[int, tuple[Any, ...]] = {}
    for order in ("ASC", "DESC"):
        try:
            database = sqlite3.connect(path, isolation_level=None)
            try:
                for row in database.execute(f"{select} ORDER BY rowid {order}"):
                    found[row[0]] = row[1:]
            finally:
                database.close()
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue  # what lies beyond the damage is read from the other end
    return [found[number] for number in sorted(found)]


def _streams(
    entries: Sequence[SignedEntry], identity: str, config: Config
) -> list[tuple[Stream, list[Packed]]]:
    grouped: dict[bytes, dict[int, SignedEntry]] = {}
    for entry in entries:
        header = entry.header
        grouped.setdefault(header.stream_id, {})[header.seq] = entry
    made: list[tuple[Stream, list[Packed]]] = []
    for number, group in enumerate(grouped.values(), 1):
        ordered = [group[seq] for seq in sorted(group)]
        made.append((_stream(number, ordered[-1], identity, config), _packed(ordered)))
    return made


def _stream(number: int, last: SignedEntry, identity: str, config: Config) -> Stream:
    header = last.header
    known = config.known_origins
    origins = {sha256(origin.encode()).digest(): origin for origin in known}
    origin = origins.get(header.log_id, config.origin(config.current(0)))
    return Stream(
        number=number,
        stream_id=header.stream_id,
        identity=identity,
        key_fp=header.key_fp,
        origin=origin,
        log_id=header.log_id,
        partition=config.partition(origin),
        state="left",
        next_seq=header.seq + 1,
        head=last.header_hash,
    )


def _packed(entries: Sequence[SignedEntry]) -> list[Packed]:
    return [
        Packed(
            seq=entry.header.seq,
            value=entry.value,
            header_hash=header_hash(entry.header_bytes),
            record_hash=sha256(entry.value).digest(),
            through=0,
        )
        for entry in entries
    ]


def _mark(path: Path, journal_id: bytes) -> Mark:
    segment, offset = _info(path, "segment"), _info(path, "offset")
    if isinstance(segment, int) and isinstance(offset, int):
        return Mark(segment, offset)
    first = min(segments_of(path.parent, journal_id), default=0)
    return Mark(first, 0)


def _info(path: Path, column: str) -> object:
    rows = _rows(path, f"SELECT rowid, {column} FROM info")  # noqa: S608
    return rows[0][0] if rows else None
