"""A decision and its payload as one event of the journal: both are kept, or neither.

A pair stands in the journal's source like any event, under a schema id of its own, so
that one checksummed frame, or one place in the memory ring, holds both::

    decision's schema id 32 | u32 length of its body | its body | envelope

It never leaves the journal: the shipper parts it when it signs the decision, and the
transaction that makes the entry durable takes in the envelope as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from ledger.entry import EventBytes

PAIR = sha256(b"mlledger/decision-with-payload/v1\n").digest()
"""Stands where other frames of the journal have a schema id."""
_FRONT = 36


def pair(schema_id: bytes, body: bytes, envelope: bytes) -> EventBytes:
    """Return a decision with its envelope; :func:`parted` is the inverse."""
    size = len(body).to_bytes(4, "big")
    return PAIR, schema_id + size + body + envelope


def parted(
    events: Sequence[EventBytes],
) -> tuple[Sequence[EventBytes], list[bytes]]:
    """Return the events as they are signed, in order, and the envelopes among them.

    Raises:
        MalformedError: a pair is none.
    """
    if PAIR not in {known_as for known_as, _ in events}:
        return events, []
    signed: list[EventBytes] = []
    envelopes: list[bytes] = []
    for known_as, body in events:
        if known_as == PAIR:
            event, envelope = _parted(body)
            signed.append(event)
            envelopes.append(envelope)
        else:
            signed.append((known_as, body))
    return signed, envelopes


def _parted(data: bytes) -> tuple[EventBytes, bytes]:
    end = _FRONT + int.from_bytes(data[32:_FRONT], "big")
    if len(data) < _FRONT or end >= len(data):
        raise MalformedError("journal: a decision with its payload is cut off")
    return (data[:32], data[_FRONT:end]), data[end:]
