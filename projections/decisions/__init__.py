"""Decisions: one row for each prediction that mattered, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.facts import Facts
from projections.rows import EventPosition, Fields, Row

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
    if event.name != EVENT:
        return _FACTS(event, position, sealed_at, identity)
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


_FACTS = Facts(
    {
        "prediction.batch.recorded": "batch",
        "prediction.session.ended": "session",
        "prediction.outcome.observed": "outcome",
        "prediction.count.reported": "count_report",
        "oversight.review.decided": "review",
        "oversight.system.stopped": "system_stop",
        "oversight.system.resumed": "system_resumption",
        "oversight.stop.tested": "stop_test",
        "oversight.notice.sent": "notice",
    },
    {DELETED: ("payload_deletion", _deletion)},
)
