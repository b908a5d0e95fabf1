"""Pack events into one signed entry; the layout stands in :mod:`ledger.entry`."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, TooLargeError
from ledger.event_leaf import EventBytes, leaf_hashes
from ledger.header import (
    MAX_EVENTS,
    NO_HASH,
    PAYLOAD_TYPE,
    Header,
    check_header,
    pae,
)
from ledger.kinds import check_types
from ledger.merkle import root_of

if TYPE_CHECKING:
    from ledger.keys import Signer

MAX_VALUE = 921_600
MAX_EVENT = 524_288
MAX_SCHEMAS = 255
ENTRY_FRONT = b"MLLE\x00\x01\x00\xac"
EVENT_FRONT = struct.Struct(">BI")
PAYLOAD_AT = 248
SCHEMAS_AT = PAYLOAD_AT + 33


def pack_entry(  # noqa: PLR0913  the fields of the header and the payload
    *,
    kind: int,
    log_id: bytes,
    stream_id: bytes,
    seq: int,
    prev: bytes,
    signer: Signer,
    claimed_time_ms: int,
    events: Sequence[EventBytes],
    seed: bytes,
) -> bytes:
    """Sign events as one entry and return the value of its log record.

    Args:
        kind: one of the ``KIND_`` constants.
        log_id: SHA-256 of the origin.
        stream_id: 16 bytes.
        seq: number of the entry in its stream.
        prev: hash of the previous header; 32 zeros at seq 0.
        signer: the producer's key.
        claimed_time_ms: the producer's clock, milliseconds since 1970.
        events: 1 to 4096 events, each at most 512 KiB.
        seed: 32 fresh random bytes, secret until an event is disclosed.

    Raises:
        TooLargeError: an event, their number or their sum exceeds the format.
        ValueError: the result would not be well-formed.
    """
    each, bodies = zip(*events, strict=True) if events else ((), ())
    schema_ids = tuple(dict.fromkeys(each))
    blank = Header(
        kind=kind,
        log_id=log_id,
        stream_id=stream_id,
        seq=seq,
        prev=prev,
        key_fp=sha256(signer.public_key).digest(),
        claimed_time_ms=claimed_time_ms,
        n_events=len(events),
        events_root=NO_HASH,
    )
    sizes = list(map(len, bodies))
    size = _checked_size(schema_ids, sizes)
    _refuse_unpackable(blank, seed, schema_ids)
    leaves = leaf_hashes(
        stream_id=stream_id, seq=seq, seed=seed, schema_ids=each, bodies=bodies
    )
    root = root_of(leaves)
    signed = replace(blank, events_root=root).to_bytes()
    numbers = {schema_id: number for number, schema_id in enumerate(schema_ids)}
    fronts = map(EVENT_FRONT.pack, map(numbers.__getitem__, each), sizes)
    signature = signer.sign(pae(PAYLOAD_TYPE, signed))
    parts = [b""] * (2 * len(bodies))  # each front, then its body; no loop per event
    parts[::2], parts[1::2] = fronts, bodies
    length = (size - PAYLOAD_AT).to_bytes(4, "big")
    before = (ENTRY_FRONT, signed, signature, length, seed, bytes([len(schema_ids)]))
    return b"".join((*before, *schema_ids, *parts))


def _checked_size(schema_ids: Sequence[bytes], sizes: Sequence[int]) -> int:
    size = packed_size(
        n_schemas=len(schema_ids), bodies_len=sum(sizes), n_events=len(sizes)
    )
    for what, found, most in (
        ("events in an entry", len(sizes), MAX_EVENTS),
        ("event types in an entry", len(schema_ids), MAX_SCHEMAS),
        ("bytes of an event", max(sizes, default=0), MAX_EVENT),
        ("bytes of an entry", size, MAX_VALUE),
    ):
        if found > most:
            raise TooLargeError(f"{what}: {found}; the format allows {most}")
    return size


def _refuse_unpackable(
    header: Header, seed: bytes, schema_ids: tuple[bytes, ...]
) -> None:
    hashes = (header.log_id, header.prev, seed, *schema_ids)
    if len(header.stream_id) != 16 or any(len(item) != 32 for item in hashes):
        raise ValueError("stream_id has 16 bytes; log_id, prev, seed, schema ids 32")
    try:
        check_header(header)
        check_types(header, schema_ids)
    except MalformedError as error:
        raise ValueError(str(error)) from error


def packed_size(*, n_schemas: int, bodies_len: int, n_events: int) -> int:
    """Return the length of the value of an entry, to cut at ``MAX_VALUE``.

    Args:
        n_schemas: number of distinct schemas among the events.
        bodies_len: sum of the lengths of the Avro bodies.
        n_events: number of events.
    """
    return SCHEMAS_AT + 32 * n_schemas + 5 * n_events + bodies_len
