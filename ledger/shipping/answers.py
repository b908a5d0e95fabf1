"""What a verdict asks of the producer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.journal.quarantine import Quarantine
    from ledger.journal.rows import Stream, Waiting
    from ledger.shipping.outbox import Outbox
    from ledger.shipping.receipts import Receipt, Reply

_RETRY_MS = (1_000, 300_000)
_SILENCE_MS = (60_000, 3_600_000)
_RETRIED = frozenset((Verdict.UNKNOWN_KEY, Verdict.UNKNOWN_SCHEMA))
_HINTS = {
    Verdict.UNKNOWN_SCHEMA: "; the ledger does not know an event type of this release, "
    "until its operator runs: mlledger schemas register (sent again until then)"
}


def apply_receipts(
    outbox: Outbox,
    receipts: Sequence[Receipt],
    reply: Reply,
    quarantine: Quarantine | None,
) -> str | None:
    """Do what the receipts of one journal ask for.

    ====================================  ==============================================
    ACCEPTED, DUPLICATE                   sealed
    SEQ_GAP, or other bytes at the place  resend from the first unsealed entry
    UNKNOWN_KEY, UNKNOWN_SCHEMA           resend after 1 s … 5 min
    NOT_AUTHORISED                        new stream with the events the key may write
    KEY_REVOKED                           new stream once a key is authorised
    any other                             new stream with the same events
    ====================================  ==============================================

    Returns:
        The last trouble in words, or None.

    """
    if rows := [item.row for item in receipts if item.is_sealed]:
        outbox.sealed(rows)
    trouble: str | None = None
    handled: set[int] = set()
    for item in receipts:
        if not item.is_sealed and item.row.stream not in handled:
            handled.add(item.row.stream)
            trouble = _describe(item)
            _handle(outbox, item, reply, quarantine)
    return trouble


def resend_silent(outbox: Outbox, rows: Sequence[Waiting]) -> None:
    """Send streams again of which nothing was sealed for 60 s, 120 s … 1 h.

    Args:
        outbox: the journal's.
        rows: its oldest appended entries, whose verdict is still unknown.
    """
    low, high = _SILENCE_MS
    seen: set[int] = set()
    for row in rows:
        if row.stream in seen:
            continue
        seen.add(row.stream)
        patience = low * 2 ** min(_stream(outbox, row.stream).attempts, 20)
        if outbox.age_ms(row) > min(high, patience):
            outbox.rewind(row.stream, 0)


def _handle(
    outbox: Outbox, item: Receipt, reply: Reply, quarantine: Quarantine | None
) -> None:
    number, verdict = item.row.stream, item.verdict
    attempts = _stream(outbox, number).attempts
    if not item.is_ours or verdict == Verdict.SEQ_GAP:
        outbox.rewind(number, _pause(attempts - 1) if attempts else 0)
    elif verdict in _RETRIED:
        outbox.rewind(number, _pause(attempts))
    else:
        reason = _describe(item)

        def keep(name: str, value: bytes) -> None:
            if quarantine is not None:
                quarantine.keep(name, value, reason)

        if verdict == Verdict.KEY_REVOKED:
            outbox.held = True
        allowed = reply.may_sign if verdict == Verdict.NOT_AUTHORISED else None
        outbox.give_up(number, may_sign=allowed or _any_type, keep=keep)


def _any_type(schema_id: bytes) -> bool:
    return bool(schema_id)


def _pause(attempts: int) -> int:
    low, high = _RETRY_MS
    return min(high, low * 2 ** min(attempts, 20))


def _stream(outbox: Outbox, number: int) -> Stream:
    return outbox.journal.streams()[number - 1]


def _describe(item: Receipt) -> str:
    row = item.row
    place = f"{row.origin} offset {row.offset} (entry {row.seq})"
    if not item.is_ours:
        return f"{place}: sealed with other bytes than were sent; sent again"
    hint = _HINTS.get(item.verdict, "")
    return f"{place}: refused as {item.verdict.name}{hint}"
