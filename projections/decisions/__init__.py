"""Decisions: one row for each prediction that mattered; deletions of their payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rows import EventPosition, Fields, Row, common

if TYPE_CHECKING:
    from ledger.codec import Decoded

SCHEMA = "decisions"
EVENT = "prediction.decision.recorded"
DELETED = "governance.payload.deleted"


def rows(
    event: Decoded,
    position: EventPosition,
    sealed_at: int,
    identity: str,
    kind: str = "",  # noqa: ARG001  part of the port
) -> tuple[Row, ...]:
    """See :class:`projections.rows.RowsOf`.

    Decisions are lean: no basis, and the system is that of release and deployment.
    """
    if event.name == DELETED:
        first = common(event, position, sealed_at, identity)
        return (Row("payload_deletion", first + _deletion(event.fields)),)
    if event.name != EVENT:
        return ()
    f = event.fields
    values = (
        event.id,
        event.time,
        sealed_at,
        *position,
        identity,
        event.digest(),
        f["correlation_id"],
        f["release"],
        f["deployment"],
        f["attestation"],
        f["case_id"],
        f["use"],
        f["path"],
        f["mode"],
        f["output"],
        f["adverse"],
        f["reason_codes"],
        f["payload_commitment"],
        f["caller"],
        f["latency_us"],
        f["replaces_decision_id"],
    )
    return (Row("decision", values),)


def _deletion(f: Fields) -> tuple[object, ...]:
    return (
        f["cause"],
        f["method"],
        f["deleted_at"],
        f["decisions"],
        f["retained"],
        f["residuals"],
        f["backup_clear_by"],
        f["request"],
        f["rule"],
        f["reason"],
    )
