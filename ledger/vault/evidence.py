"""What a deletion leaves behind as evidence: the event, with everything that remains.

The event is built once, when the keys are destroyed, and kept as bytes until it is in
the journal: a repetition after a crash is the very same event.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.avro import schema_id
from ledger.codec import encode
from ledger.journal.adoption import journal_ids
from ledger.journal.quarantine import Quarantine
from ledger.payload.transport import CLEAR_DAYS, RETENTION_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.config import Config
    from ledger.vault.shelf import Begun

_DAY_US = 86_400_000_000
_PER_EVENT = 20_000
"""So many decisions fit an event with room to spare; more make several events."""
METHOD = (
    "rows deleted from the vault's database; transport emptied as far as the vault had "
    "read it; data keys, and with them salts, destroyed in the key file"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known about places where something may remain.

    Attributes:
        config: of the home.
        now_us: when the keys are destroyed.
        accesses: how often these payloads were read out of the vault.
        windows: windows of statistics that these decisions are in.
        trouble: why the transport could not be emptied, or empty.
    """

    config: Config
    now_us: int
    accesses: int
    windows: int
    trouble: str


def deletion_events(begun: Begun, trace: Trace) -> list[bytes]:
    """Return the bodies of the events that say what was deleted and what remains."""
    from ledger.events.governance import PayloadDeleted

    plan, now = begun.plan, trace.now_us
    reason, days = plan["reason"], trace.config.vault.backup_days
    shared: dict[str, Any] = {
        "cause": reason["cause"],
        "method": METHOD,
        "key_ids": [bytes.fromhex(text) for text in plan["key_ids"]],
        "deleted_at": now,
        "retained": [
            {**item, "decision": bytes.fromhex(item["decision"])}
            for item in plan["duties"][:_PER_EVENT]
        ],
        "backup_clear_by": now + days * _DAY_US if days else None,
        "request": bytes.fromhex(reason["request"]) if reason["request"] else None,
        "rule": reason["rule"],
        "reason": reason["text"],
    }
    decisions = [bytes.fromhex(text) for text in plan["deleted"]]
    bodies: list[bytes] = []
    for start in range(0, len(decisions), _PER_EVENT):
        part = decisions[start : start + _PER_EVENT]
        event = PayloadDeleted.record(
            basis="observed",
            id=clock.new_id() if bodies else begun.id,
            time=now,
            decisions=part,
            residuals=list(residuals(trace, len(part))),
            **shared,
        )
        bodies.append(encode(event).body)
    return bodies


def pack(bodies: list[bytes]) -> bytes:
    """Return bodies as they are written down; :func:`unpack` is the inverse."""
    return json.dumps([body.hex() for body in bodies]).encode()


def unpack(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (schema id, body) of the events that were written down."""
    from ledger.events.governance import PayloadDeleted

    known_as = schema_id(PayloadDeleted)
    return [(known_as, bytes.fromhex(text)) for text in json.loads(data)]


def residuals(trace: Trace, decisions: int) -> Iterator[dict[str, Any]]:
    """Yield what remains after a deletion: what, where, how many, until when."""
    yield _left(
        "decisions, their commitments and proofs: the commitments cannot be opened or "
        "tested without the destroyed salts",
        "ledger",
        decisions,
    )
    yield _left("this event, which names those decisions together", "ledger", 1)
    yield _left(
        "ciphertext under the destroyed keys, in pages and write-ahead log that the "
        "database has not used again",
        "vault database",
        decisions,
    )
    yield from _backups(trace)
    yield from _transport(trace)
    yield from _journals(trace)
    yield _left(
        "keyed hash of the subject's identifier, so that late payload is deleted too",
        "vault key file",
        1,
        until=trace.now_us + (CLEAR_DAYS + 1) * _DAY_US,
    )
    if trace.windows:
        least = trace.config.vault.statistics_least
        yield _left(
            "statistics of windows they were in, over many persons (now "
            f"{least} or more), in which they may be counted",
            "ledger",
            trace.windows,
        )
    if trace.accesses:
        yield _left(
            "copies that were read out of the vault for a stated purpose",
            "outside the ledger",
            trace.accesses,
        )


def _backups(trace: Trace) -> Iterator[dict[str, Any]]:
    if days := trace.config.vault.backup_days:
        until = trace.now_us + days * _DAY_US
        yield _left(
            "backups of the vault's database and key file", "backups", 1, until=until
        )


def _transport(trace: Trace) -> Iterator[dict[str, Any]]:
    if trace.config.log.kind != "kafka":
        return
    until = trace.now_us + CLEAR_DAYS * _DAY_US
    place = f"topic {trace.config.name}.payload"
    if trace.trouble:
        what = f"envelopes, not deleted ({trace.trouble}); retention is "
        yield _left(f"{what}{RETENTION_DAYS} days", place, 1, until=until)
    else:
        what = "deleted envelopes in segment files the brokers have not removed yet"
        yield _left(what, place, 1, until=until)


def _journals(trace: Trace) -> Iterator[dict[str, Any]]:
    config = trace.config
    if held := len(journal_ids(config.journal)):
        what = "envelopes in journals of producers, gone a minute after they were sent"
        yield _left(what, "journals of this home; others were not seen", held)
    kept = Quarantine(config.journal).listed()
    if damaged := [item for item in kept if not item.name.endswith(".entry")]:
        what = "files of damaged journals, which may hold envelopes"
        yield _left(what, "journal quarantine of this home", len(damaged))


def _left(
    what: str, place: str, count: int, *, until: int | None = None
) -> dict[str, Any]:
    return {
        "what": what,
        "place": place,
        "count": count,
        "until": until,
        "may_be_personal": True,
    }
