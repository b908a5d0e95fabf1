"""Quarantine: records that are sealed but do not count, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.entry import parse_header
from ledger.errors import MalformedError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import OriginReader, Public
from ledger.verdict import Verdict
from ledger.verification.places import at, leaf_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ledger.verification.control import ControlReader


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record with a verdict against it; its bytes stay in the log.

    Attributes:
        origin: such as ``acme/p0``.
        leaf: index of its leaf.
        offset: offset in the log.
        verdict: name of the verdict, such as ``BAD_SIGNATURE``.
        aux: what the verdict points to; see :class:`ledger.leaf.SealLeaf`.
        sealed_at_ms: the sealer's clock, milliseconds since 1970.
        record_hash: SHA-256 of the record.
        key_fp: key that its header names, unproven; None without a header.
        stream_id: stream that its header names, unproven; None without a header.
        identity: registered identity of that key, or None.
    """

    origin: str
    leaf: int
    offset: int
    verdict: str
    aux: int
    sealed_at_ms: int
    record_hash: bytes
    key_fp: bytes | None
    stream_id: bytes | None
    identity: str | None


def quarantine(
    control: ControlReader,
    public: Public,
    *,
    origins: Sequence[str] | None = None,
    newest: int | None = None,
) -> Iterator[Quarantined]:
    """Yield what lies in quarantine, from authenticated leaves, in order.

    Args:
        control: the control log, refreshed.
        public: the published ledger.
        origins: the origins to look into; None for all that are published.
        newest: look at that many of each origin's last leaves alone; None for all.

    Raises:
        IntegrityError: the evidence contradicts itself.
        MissingEvidenceError: a tile is absent.
    """
    for origin, log in control.control.logs.items():
        wanted = origins is None or origin in origins
        if not wanted or next(iter(public.list(origin)), None) is None:
            continue
        reader = OriginReader(public, log.active)
        size = reader.checkpoint.size
        start = 0 if newest is None else max(0, size - newest)
        for index, data in enumerate(reader.leaves(start, size), start):
            with at(leaf_place(origin, index)):
                leaf = parse_leaf(data)
            if Verdict.MALFORMED <= leaf.verdict < Verdict.GAP:
                yield _quarantined(origin, index, leaf, control)


def _quarantined(
    origin: str, index: int, leaf: SealLeaf, control: ControlReader
) -> Quarantined:
    key_fp, stream_id = _named(leaf)
    key = control.control.key(key_fp) if key_fp else None
    return Quarantined(
        origin=origin,
        leaf=index,
        offset=leaf.offset,
        verdict=leaf.verdict.name,
        aux=leaf.aux,
        sealed_at_ms=leaf.sealed_at_ms,
        record_hash=leaf.record_hash,
        key_fp=key_fp,
        stream_id=stream_id,
        identity=key.identity if key else None,
    )


def _named(leaf: SealLeaf) -> tuple[bytes | None, bytes | None]:
    if not leaf.env:
        return None, None
    try:
        header = parse_header(leaf.header_bytes)
    except MalformedError:
        return None, None  # the record is malformed: that is why it lies here
    return header.key_fp, header.stream_id
