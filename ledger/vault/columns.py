"""Values of the vault as Postgres takes and gives them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledger.vault.store import Held

if TYPE_CHECKING:
    from ledger.vault.store import Deployed, Encrypted, RuleEvent, SealedDecision

_START = datetime(1970, 1, 1, tzinfo=UTC)


def of_decision(item: SealedDecision) -> dict[str, object]:
    """Return the columns of a sealed decision."""
    return {
        "decision_id": UUID(bytes=item.decision_id),
        "commitment": item.commitment,
        "time": to_time(item.time_us),
        "use": item.use,
        "case_id": UUID(bytes=item.case_id) if item.case_id else None,
        "origin": item.origin,
        "leaf": item.leaf,
        "idx": item.idx,
        "deployment_id": UUID(bytes=item.deployment_id) if item.deployment_id else None,
    }


def of_deployment(item: Deployed) -> dict[str, object]:
    """Return the columns of a deployment."""
    return {
        "deployment_id": UUID(bytes=item.deployment_id),
        "digest": item.digest,
        "release_id": UUID(bytes=item.release_id),
        "system_id": item.system_id,
    }


def of_release(release_id: bytes, model: str) -> dict[str, object]:
    """Return the columns of a release."""
    return {"release_id": UUID(bytes=release_id), "model": model}


def of_rule(item: RuleEvent) -> dict[str, object]:
    """Return the columns of a rule or hold."""
    return {
        "event_id": UUID(bytes=item.event_id),
        "type": item.type,
        "time": to_time(item.time_us),
        "fields": json.dumps(item.fields),
    }


def of_payload(item: Encrypted) -> dict[str, object]:
    """Return the columns of an encrypted payload."""
    return {
        "decision_id": UUID(bytes=item.decision_id),
        "commitment": item.commitment,
        "key_id": item.key_id,
        "nonce": item.nonce,
        "ciphertext": item.ciphertext,
    }


def key_of(held: Held) -> dict[str, object]:
    """Return what a row is found by, under the key it is known to be under."""
    return {
        "decision_id": UUID(bytes=held.decision_id),
        "commitment": held.commitment,
        "key_id": held.key_id,
    }


def held(row: tuple[Any, ...]) -> Held:
    """Return what a row says, for rules and holds."""
    decision_id, commitment, key_id, state, received, time, use, case_id = row
    return Held(
        decision_id.bytes,
        commitment,
        key_id,
        state,
        from_time(received),
        None if time is None else from_time(time),
        use,
        case_id.bytes if case_id else None,
    )


def place(source: str, number: int) -> dict[str, object]:
    """Return how far a source was read, as columns."""
    return {"source": source, "next_number": number}


def to_time(microseconds: int) -> datetime:
    """Return microseconds since 1970 as Postgres takes them."""
    return _START + timedelta(microseconds=microseconds)


def from_time(moment: datetime) -> int:
    """Return microseconds since 1970; the inverse of :func:`to_time`."""
    return (moment - _START) // timedelta(microseconds=1)
