"""The seal leaf: one record of the log as the tree of its origin holds it.

All integers are big-endian::

    0   4  "MLLS"          16   8  broker_timestamp_ms    48  32  record_hash
    4   2  version = 1     24   8  aux                    80   2  env_len: 0 or 236
    6   2  verdict         32   8  registry_size          82   …  env
    8   8  offset          40   8  sealed_at_ms

``record_hash`` is SHA-256 of the record's value, SHA-256 of nothing for a null value
and zeros for a gap; ``env`` is header ‖ signature of the entry. The record itself is
not in the tree: it may expire while the tree and every signature stay.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.header import HEADER_SIZE, NO_HASH
from ledger.judgement import Verdict

ENV_SIZE = HEADER_SIZE + 64

_FRONT = b"MLLS\x00\x01"
_LEAF = struct.Struct(">6sHQQQQQ32sH")
_CODES = frozenset(Verdict)
_WITH_AUX = frozenset((Verdict.DUPLICATE, Verdict.SEQ_GAP, Verdict.FORK, Verdict.GAP))
_MAYBE_BARE = frozenset((Verdict.MALFORMED, Verdict.TOO_LARGE))


@dataclass(frozen=True, slots=True)
class SealLeaf:
    """What the ledger says about one offset, or about a range that holds no record.

    Attributes:
        verdict: why the record counts or does not.
        offset: offset of the record in the log; of a gap, the first missing one.
        broker_timestamp_ms: as the log gave it, milliseconds since 1970; 0 of a gap.
        aux: DUPLICATE and FORK: the leaf that stands against it; SEQ_GAP: the number
            that was expected; GAP: the last missing offset; else 0.
        registry_size: number of control leaves the verdict could see.
        sealed_at_ms: the sealer's clock, milliseconds since 1970.
        record_hash: 32 bytes, SHA-256 of the value; zeros of a gap.
        env: header and signature (236 bytes), or nothing.
    """

    verdict: Verdict
    offset: int
    broker_timestamp_ms: int
    aux: int
    registry_size: int
    sealed_at_ms: int
    record_hash: bytes
    env: bytes

    @property
    def header_bytes(self) -> bytes:
        """The entry's header, 172 bytes, or nothing; not parsed, not verified."""
        return self.env[:HEADER_SIZE]

    @property
    def signature(self) -> bytes:
        """The entry's signature, 64 bytes, or nothing; not verified."""
        return self.env[HEADER_SIZE:]

    @property
    def last_offset(self) -> int:
        """The last offset this leaf covers; of a gap it may lie beyond the first."""
        return self.aux if self.verdict == Verdict.GAP else self.offset

    def to_bytes(self) -> bytes:
        """Return the leaf's 82 or 318 bytes; inverse of :func:`parse_leaf`."""
        front = _LEAF.pack(
            _FRONT,
            self.verdict,
            self.offset,
            self.broker_timestamp_ms,
            self.aux,
            self.registry_size,
            self.sealed_at_ms,
            self.record_hash,
            len(self.env),
        )
        return front + self.env


def gap_leaf(
    *, first: int, last: int, registry_size: int, sealed_at_ms: int
) -> SealLeaf:
    """Return the leaf of offsets ``first`` to ``last``, which hold no record."""
    return SealLeaf(
        verdict=Verdict.GAP,
        offset=first,
        broker_timestamp_ms=0,
        aux=last,
        registry_size=registry_size,
        sealed_at_ms=sealed_at_ms,
        record_hash=NO_HASH,
        env=b"",
    )


def parse_leaf(data: bytes) -> SealLeaf:
    """Take the bytes of a seal leaf apart; inverse of :meth:`SealLeaf.to_bytes`.

    Raises:
        MalformedError: the bytes are not exactly one leaf, or no rule of verdicts
            could have made it.
    """
    if len(data) < _LEAF.size:
        raise MalformedError(f"seal leaf of {len(data)} bytes")
    (
        front,
        verdict,
        offset,
        timestamp,
        aux,
        registry_size,
        sealed_at,
        record,
        env_len,
    ) = _LEAF.unpack_from(data)
    env = data[_LEAF.size :]
    if front != _FRONT or len(env) != env_len or env_len not in (0, ENV_SIZE):
        raise MalformedError("seal leaf: wrong magic, version or length")
    if verdict not in _CODES:
        raise MalformedError(f"seal leaf: no verdict {verdict}")
    leaf = SealLeaf(
        verdict=Verdict(verdict),
        offset=offset,
        broker_timestamp_ms=timestamp,
        aux=aux,
        registry_size=registry_size,
        sealed_at_ms=sealed_at,
        record_hash=record,
        env=env,
    )
    _check(leaf)
    return leaf


def _check(leaf: SealLeaf) -> None:
    if leaf.verdict == Verdict.GAP:
        _check_gap(leaf)
    elif not leaf.env and leaf.verdict not in _MAYBE_BARE:
        raise MalformedError(f"seal leaf: {leaf.verdict.name} without header")
    if leaf.aux and leaf.verdict not in _WITH_AUX:
        raise MalformedError(f"seal leaf: {leaf.verdict.name} with aux {leaf.aux}")


def _check_gap(leaf: SealLeaf) -> None:
    bare = not leaf.env and leaf.record_hash == NO_HASH
    if not bare or leaf.broker_timestamp_ms or leaf.aux < leaf.offset:
        raise MalformedError("seal leaf: a gap holds a range of offsets and no record")
