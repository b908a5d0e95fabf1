"""The signed entry: what a producer writes, as the value of one log record.

All integers are big-endian::

    value                                      header (172 bytes)
       0   4  "MLLE"                             0  4  "MLLH"
       4   2  version = 1                        4  2  version = 1
       6   2  header_len = 172                   6  1  kind: 1 data, 2 open, 3 close,
       8 172  header                                   4 heartbeat
     180  64  Ed25519 over PAE(header)           7  1  flags = 0
     244   4  payload_len = len(value) - 248     8 32  log_id = SHA-256(origin)
     248   …  payload                           40 16  stream_id
                                                56  8  seq (0 = open)
    payload                                     64 32  prev = hash of previous header
       seed 32 | u8 k ≥ 1 | k × schema_id 32    96 32  key_fp = SHA-256(public key)
       | { u8 schema index | u32 length        128  8  claimed_time_ms
         | avro body } × n_events              136  4  n_events
                                               140 32  events_root

``events_root`` is the RFC 6962 root over one leaf per event; the leaf carries a salt
made from the secret ``seed``, so that showing one event gives nothing away about its
siblings. The header commits to everything: its hash names the entry.

:func:`pack_entry` and :func:`parse_entry` are inverses: each well-formed entry
has exactly one spelling. Parsing checks neither signature nor root.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from ledger.errors import (
    MalformedError,
    RootMismatchError,
    SignatureError,
)
from ledger.event_leaf import (
    EncodedEvent,
    EventBytes,
    event_leaf,
    event_salt,
    events_root,
    leaf_hashes,
)
from ledger.header import (
    HEADER_SIZE,
    KIND_CLOSE,
    KIND_DATA,
    KIND_HEARTBEAT,
    KIND_OPEN,
    MAX_EVENTS,
    NO_HASH,
    PAYLOAD_TYPE,
    Header,
    header_hash,
    pae,
    parse_header,
)
from ledger.kinds import check_types, ledger_schema_id
from ledger.packing import (
    ENTRY_FRONT,
    EVENT_FRONT,
    MAX_EVENT,
    MAX_SCHEMAS,
    MAX_VALUE,
    PAYLOAD_AT,
    SCHEMAS_AT,
    pack_entry,
    packed_size,
)
from ledger.tree import inclusion_proof, nodes_of, root_of

__all__ = [
    "ENV_SIZE",
    "HEADER_SIZE",
    "KIND_CLOSE",
    "KIND_DATA",
    "KIND_HEARTBEAT",
    "KIND_OPEN",
    "MAX_EVENT",
    "MAX_EVENTS",
    "MAX_SCHEMAS",
    "MAX_VALUE",
    "NO_HASH",
    "PAYLOAD_TYPE",
    "EncodedEvent",
    "EventBytes",
    "Header",
    "SignedEntry",
    "event_hashes",
    "event_inclusion",
    "event_leaf",
    "event_salt",
    "events_root",
    "header_hash",
    "ledger_schema_id",
    "pack_entry",
    "packed_size",
    "pae",
    "parse_entry",
    "parse_header",
    "peek_env",
    "verify_entry_signature",
    "verify_events_root",
]

ENV_SIZE = HEADER_SIZE + 64


@dataclass(frozen=True)
class SignedEntry:
    """A well-formed entry; neither its signature nor its root has been checked.

    Attributes:
        value: the whole record value.
        header: its parsed header.
        seed: 32 bytes from which the salts of the events are made.
        schema_ids: the distinct schema ids, in order of first use.
        schema_indexes: per event, its place in ``schema_ids``.
        bodies: per event, its Avro body.
    """

    value: bytes
    header: Header
    seed: bytes
    schema_ids: tuple[bytes, ...]
    schema_indexes: bytes
    bodies: tuple[bytes, ...]

    @property
    def header_bytes(self) -> bytes:
        """The 172 signed bytes."""
        return self.value[8:180]

    @property
    def signature(self) -> bytes:
        """The 64-byte Ed25519 signature over the header."""
        return self.value[180:244]

    @property
    def env(self) -> bytes:
        """Header and signature, 236 bytes, as the seal leaf carries them."""
        return self.value[8:244]

    @cached_property
    def header_hash(self) -> bytes:
        """SHA-256 of the header: the identity of the entry."""
        return header_hash(self.header_bytes)

    @cached_property
    def events(self) -> tuple[EncodedEvent, ...]:
        """The events in signed order; built on first use."""
        ids = self.schema_ids
        pairs = zip(self.schema_indexes, self.bodies, strict=True)
        return tuple(EncodedEvent(ids[number], body) for number, body in pairs)


def parse_entry(value: bytes) -> SignedEntry:
    """Take the value of a log record apart; inverse of :func:`pack_entry`.

    Raises:
        MalformedError: the bytes are not exactly one well-formed entry.
    """
    if len(value) > MAX_VALUE:
        raise MalformedError(f"entry of {len(value)} bytes; at most {MAX_VALUE}")
    if value[:8] != ENTRY_FRONT or len(value) < SCHEMAS_AT:
        raise MalformedError("not an entry: wrong first bytes or too short")
    if int.from_bytes(value[244:PAYLOAD_AT], "big") != len(value) - PAYLOAD_AT:
        raise MalformedError("payload length differs from the length of the value")
    header = parse_header(value[8:180])
    schema_ids = _parse_schema_ids(value)
    indexes, bodies = _parse_events(value, header.n_events, len(schema_ids))
    check_types(header, schema_ids)
    return SignedEntry(
        value=value,
        header=header,
        seed=value[PAYLOAD_AT : PAYLOAD_AT + 32],
        schema_ids=schema_ids,
        schema_indexes=indexes,
        bodies=bodies,
    )


def _parse_schema_ids(value: bytes) -> tuple[bytes, ...]:
    count = value[SCHEMAS_AT - 1]
    end = SCHEMAS_AT + 32 * count
    if count == 0 or end > len(value):
        raise MalformedError("schema ids: none, or cut off")
    ids = tuple(value[at : at + 32] for at in range(SCHEMAS_AT, end, 32))
    if len(set(ids)) != count:
        raise MalformedError("schema ids: one stands there twice")
    return ids


def _parse_events(
    value: bytes, n_events: int, n_schemas: int
) -> tuple[bytes, tuple[bytes, ...]]:
    unpack, at, used = EVENT_FRONT.unpack_from, SCHEMAS_AT + 32 * n_schemas, 0
    indexes, bodies = bytearray(), list[bytes]()
    try:
        for _ in range(n_events):
            number, length = unpack(value, at)
            if number >= used:
                if number > used:
                    raise MalformedError("schema ids are not in order of first use")
                used += 1
            indexes.append(number)
            start = at + 5
            at = start + length
            bodies.append(value[start:at])
    except struct.error as error:
        raise MalformedError("events: cut off") from error
    if at != len(value) or used != n_schemas:
        raise MalformedError("events: cut off, trailing bytes or an unused schema id")
    if max(map(len, bodies)) > MAX_EVENT:
        raise MalformedError(f"an event exceeds {MAX_EVENT} bytes")
    return bytes(indexes), tuple(bodies)


def peek_env(value: bytes) -> bytes:
    """Return header and signature of a record value as the seal leaf shows them.

    Returns:
        236 bytes when the first eight bytes are an entry's and 244 are there, else
        none; nothing about them has been checked.
    """
    return value[8:244] if value[:8] == ENTRY_FRONT and len(value) >= 244 else b""


def verify_entry_signature(entry: SignedEntry, public_key: bytes) -> None:
    """Check that the header was signed by the key it names.

    Args:
        entry: a parsed entry.
        public_key: raw 32-byte Ed25519 key.

    Raises:
        SignatureError: another key, or the signature does not verify (strictly).
    """
    from ledger.keys import verify_signature

    if sha256(public_key).digest() != entry.header.key_fp:
        raise SignatureError("the entry names another key")
    verify_signature(
        public_key=public_key,
        signature=entry.signature,
        message=pae(PAYLOAD_TYPE, entry.header_bytes),
    )


def verify_events_root(entry: SignedEntry) -> None:
    """Check that the events are those that the header commits to.

    Raises:
        RootMismatchError: an event, the seed or their order differs.
    """
    computed = root_of(event_hashes(entry))
    if computed != entry.header.events_root:
        raise RootMismatchError(
            expected=entry.header.events_root, computed=computed, what="events_root"
        )


def event_hashes(entry: SignedEntry) -> list[bytes]:
    """Return the RFC 6962 leaf hash of each event of an entry."""
    return leaf_hashes(
        stream_id=entry.header.stream_id,
        seq=entry.header.seq,
        seed=entry.seed,
        schema_ids=[entry.schema_ids[number] for number in entry.schema_indexes],
        bodies=entry.bodies,
    )


def event_inclusion(entry: SignedEntry, index: int) -> list[bytes]:
    """Return the proof that event ``index`` is under the entry's events_root."""
    hashes = event_hashes(entry)
    return inclusion_proof(nodes_of(hashes), index=index, size=len(hashes))
