r"""The leaf of one event in the RFC 6962 tree of its own entry.

::

    leaf = "mlledger/event/v1\n" | stream_id 16 | seq u64 | index u32 | schema_id 32
         | salt 16 | avro body
    salt = SHA-256(seed 32 | index u32)[:16]

The salt keeps a disclosed proof from giving guessable siblings away. The seed is
secret, random per entry and of fixed length, so that a plain hash serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ledger.header import MAX_EVENTS
from ledger.tree import root_of

_CONTEXT = b"mlledger/event/v1\n"
_INDEXES = tuple(number.to_bytes(4, "big") for number in range(MAX_EVENTS))


EventBytes = tuple[bytes, bytes]
"""Schema id and Avro body; on the way into an entry nothing asks for more."""


class EncodedEvent(NamedTuple):
    """One event as it is signed, with names for the parts of :data:`EventBytes`.

    Attributes:
        schema_id: 32 bytes, SHA-256 of the exact schema bytes.
        body: Avro binary, at most ``MAX_EVENT`` bytes.
    """

    schema_id: bytes
    body: bytes


def events_root(
    *, stream_id: bytes, seq: int, seed: bytes, events: Sequence[EncodedEvent]
) -> bytes:
    """Return the 32-byte root that a header with these events must carry."""
    schema_ids, bodies = zip(*events, strict=True) if events else ((), ())
    return root_of(
        leaf_hashes(
            stream_id=stream_id,
            seq=seq,
            seed=seed,
            schema_ids=schema_ids,
            bodies=bodies,
        )
    )


def event_salt(seed: bytes, index: int) -> bytes:
    """Return the 16-byte salt of event ``index`` (0 to 4095) under a 32-byte seed."""
    return sha256(seed + index.to_bytes(4, "big")).digest()[:16]


def event_leaf(
    *,
    stream_id: bytes,
    seq: int,
    index: int,
    schema_id: bytes,
    salt: bytes,
    body: bytes,
) -> bytes:
    """Return the leaf data of one event, before leaf hashing.

    Args:
        stream_id: 16 bytes.
        seq: number of the entry in its stream.
        index: zero-based place of the event in its entry.
        schema_id: 32 bytes.
        salt: 16 bytes, from :func:`event_salt`.
        body: the Avro body as signed.
    """
    place = stream_id + seq.to_bytes(8, "big") + index.to_bytes(4, "big")
    return _CONTEXT + place + schema_id + salt + body


def leaf_hashes(
    *,
    stream_id: bytes,
    seq: int,
    seed: bytes,
    schema_ids: Sequence[bytes],
    bodies: Sequence[bytes],
) -> list[bytes]:
    """Return the RFC 6962 leaf hash of each event of an entry.

    Args:
        stream_id: 16 bytes.
        seq: number of the entry in its stream.
        seed: 32 bytes.
        schema_ids: one per event.
        bodies: one per event.
    """
    front = b"\x00" + _CONTEXT + stream_id + seq.to_bytes(8, "big")
    digest = sha256  # a local name: this loop runs once per event of the ledger
    return [
        digest(
            front + number + schema_id + digest(seed + number).digest()[:16] + body
        ).digest()
        for number, schema_id, body in zip(_INDEXES, schema_ids, bodies, strict=False)
    ]
