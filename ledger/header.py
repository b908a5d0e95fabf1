"""The header of a signed entry: 172 bytes, and what is signed for them.

The layout stands in :mod:`ledger.entry`. The header commits to the entry's place in
its stream and, by ``events_root``, to every event; its hash names the entry.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import MalformedError

KIND_DATA, KIND_OPEN, KIND_CLOSE, KIND_HEARTBEAT = 1, 2, 3, 4
MAX_EVENTS = 4_096
HEADER_SIZE = 172
NO_HASH = bytes(32)
PAYLOAD_TYPE = "application/vnd.mlledger.entry-header.v1"

_FRONT = b"MLLH\x00\x01"
_HEADER = struct.Struct(">6sBB32s16sQ32s32sQI32s")
_TWO_63 = 1 << 63


@dataclass(frozen=True, slots=True)
class Header:
    """The signed part of an entry.

    Attributes:
        kind: ``KIND_DATA``, ``KIND_OPEN``, ``KIND_CLOSE`` or ``KIND_HEARTBEAT``.
        log_id: 32 bytes, SHA-256 of the origin the entry was signed for.
        stream_id: 16 bytes, random per process start.
        seq: number within the stream, ``0 <= seq < 2**63``; 0 opens it.
        prev: 32 bytes, hash of the stream's previous header; zeros at seq 0.
        key_fp: 32 bytes, SHA-256 of the raw public key.
        claimed_time_ms: the producer's clock, milliseconds since 1970, below 2**63.
        n_events: number of events, 1 to 4096.
        events_root: 32 bytes, RFC 6962 root over the event leaves.
    """

    kind: int
    log_id: bytes
    stream_id: bytes
    seq: int
    prev: bytes
    key_fp: bytes
    claimed_time_ms: int
    n_events: int
    events_root: bytes

    @property
    def is_genesis(self) -> bool:
        """Whether the entry has the shape of a genesis: it opens with two events."""
        return self.kind == KIND_OPEN and self.n_events == 2

    def to_bytes(self) -> bytes:
        """Return the 172 bytes that are signed; inverse of :func:`parse_header`."""
        return _HEADER.pack(
            _FRONT,
            self.kind,
            0,
            self.log_id,
            self.stream_id,
            self.seq,
            self.prev,
            self.key_fp,
            self.claimed_time_ms,
            self.n_events,
            self.events_root,
        )


def parse_header(data: bytes) -> Header:
    """Parse the 172 header bytes; inverse of :meth:`Header.to_bytes`.

    Raises:
        MalformedError: wrong length, magic, version or flags, or a field breaks a
            rule that the header alone can show.
    """
    if len(data) != HEADER_SIZE:
        raise MalformedError(f"header of {len(data)} bytes; it has {HEADER_SIZE}")
    front, kind, flags, *fields = _HEADER.unpack(data)
    if front != _FRONT or flags != 0:
        raise MalformedError("header: wrong magic, version or flags")
    header = Header(kind, *fields)
    check_header(header)
    return header


def check_header(header: Header) -> None:
    """Refuse a header that breaks a rule it can show by itself.

    Raises:
        MalformedError: see the text.
    """
    kind, seq = header.kind, header.seq
    if not KIND_DATA <= kind <= KIND_HEARTBEAT:
        raise MalformedError(f"header: no entry kind {kind}")
    if not (0 <= seq < _TWO_63 and 0 <= header.claimed_time_ms < _TWO_63):
        raise MalformedError("header: seq and claimed time are below 2**63")
    if (kind == KIND_OPEN) != (seq == 0):
        raise MalformedError("header: the entry that opens a stream has seq 0")
    if seq == 0 and header.prev != NO_HASH:
        raise MalformedError("header: prev is zero at seq 0")
    most = {KIND_DATA: MAX_EVENTS, KIND_OPEN: 2}.get(kind, 1)
    if not 1 <= header.n_events <= most:
        raise MalformedError(f"header: {header.n_events} events; 1 to {most} allowed")


def header_hash(header: bytes) -> bytes:
    """Return the identity of the entry with these header bytes (172 B): SHA-256."""
    return sha256(header).digest()


def pae(payload_type: str, body: bytes) -> bytes:
    """Return what is signed for a body of a type: DSSE pre-authentication encoding.

    Source: DSSE protocol v1.0.2, "Signature definition".
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
