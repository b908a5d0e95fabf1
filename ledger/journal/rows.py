"""Rows of a journal, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """A row of ``stream``.

    Attributes:
        number: 1 and up within the journal, in the order of opening.
        state: ``open``, ``closed``, ``left`` (its process is gone) or ``refused``.
        next_seq: sequence number of the next entry, 0 and up.
        head: hash of the last header, zeros before the first.
        sealed_seq: of the last entry known to be sealed, or None.
        sealed_head: hash of that entry's header.
        attempts: resends in a row without any seal.
        retry_ms: nothing is sent before this time.
    """

    number: int
    stream_id: bytes
    identity: str
    key_fp: bytes
    origin: str
    log_id: bytes
    partition: int
    state: str
    next_seq: int
    head: bytes
    sealed_seq: int | None = None
    sealed_head: bytes | None = None
    attempts: int = 0
    retry_ms: int = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """A signed entry that is about to enter the journal.

    Attributes:
        seq: its number in the stream.
        value: the whole record value.
        header_hash: SHA-256 of its header.
        record_hash: SHA-256 of the value.
        through: events taken from the source before this entry was made.
    """

    seq: int
    value: bytes
    header_hash: bytes
    record_hash: bytes
    through: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """An entry to send."""

    stream: int
    seq: int
    partition: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """An appended entry whose verdict is not known; ``offset`` is the latest copy's."""

    stream: int
    seq: int
    origin: str
    offset: int
    header_hash: bytes
    record_hash: bytes
    at_ms: int
