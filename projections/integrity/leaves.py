"""Seal leaves as rows: accepted entries, and leaves that were not accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.header import parse_header
from ledger.verdict import Verdict
from projections.columns import MAX_TIME
from projections.rows import Row

if TYPE_CHECKING:
    from ledger.header import Header
    from ledger.leaf import SealLeaf

WORDS: dict[int, str] = {
    Verdict.DUPLICATE: "resent; accepted before",
    Verdict.MALFORMED: "not an entry",
    Verdict.BAD_SIGNATURE: "the signature does not verify",
    Verdict.UNKNOWN_KEY: "signed by a key the ledger does not know",
    Verdict.NOT_AUTHORISED: "the key may not sign these events",
    Verdict.KEY_REVOKED: "signed by a revoked key",
    Verdict.WRONG_LOG: "made for another log",
    Verdict.SEQ_GAP: "an entry of the stream is missing before it",
    Verdict.FORK: "the stream has two histories",
    Verdict.BAD_ROOT: "the events differ from what the header commits to",
    Verdict.UNKNOWN_SCHEMA: "its schema is not registered",
    Verdict.TOO_LARGE: "larger than an entry may be",
    Verdict.STREAM_CLOSED: "the stream was closed",
    Verdict.GAP: "offsets that hold no record",
}
_MAX_LONG = (1 << 63) - 1


def leaf_row(leaf: SealLeaf, *, origin: str, number: int) -> Row:
    """Return the row of one seal leaf: of ``entry`` when accepted, else ``unaccepted``.

    Args:
        leaf: the parsed leaf.
        origin: whose tree it is in.
        number: its zero-based index there.
    """
    header = _header(leaf)
    if leaf.verdict == Verdict.ACCEPTED:
        if header is None:
            raise MalformedError(f"{origin} leaf {number}: accepted without a header")
        return Row("entry", (*_front(leaf, header, origin, number), *_entry(header)))
    columns = (
        int(leaf.verdict),
        WORDS[leaf.verdict],
        min(leaf.aux, _MAX_LONG),
        leaf.record_hash,
        *((None,) * 4 if header is None else _stream(header)),
    )
    return Row("unaccepted", (*_front(leaf, header, origin, number), *columns))


def _front(
    leaf: SealLeaf, header: Header | None, origin: str, number: int
) -> tuple[object, ...]:
    return (
        origin,
        number,
        leaf.sealed_at_ms * 1_000,
        None if header is None else _moment(header.claimed_time_ms),
        _moment(leaf.broker_timestamp_ms) if leaf.broker_timestamp_ms else None,
        min(leaf.offset, _MAX_LONG),
    )


def _entry(header: Header) -> tuple[object, ...]:
    return (
        header.kind,
        header.stream_id,
        header.seq,
        header.key_fp,
        header.n_events,
    )


def _stream(header: Header) -> tuple[object, ...]:
    return (header.stream_id, header.seq, header.key_fp, header.n_events)


def _header(leaf: SealLeaf) -> Header | None:
    if not leaf.env:
        return None
    try:
        return parse_header(leaf.header_bytes)
    except MalformedError:
        return None  # what is in quarantine need not have a readable header


def _moment(milliseconds: int) -> int | None:
    """Return microseconds, or None for what no calendar holds."""
    microseconds = milliseconds * 1_000
    return microseconds if microseconds <= MAX_TIME else None
