"""Controls: rules, checks, findings; what is monitored and who reviewed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.facts import Facts

if TYPE_CHECKING:
    from ledger.codec import Decoded
    from projections.rows import EventPosition, Row

SCHEMA = "controls"


def rows(
    event: Decoded,
    position: EventPosition,
    sealed_at: int,
    identity: str,
    kind: str = "",  # noqa: ARG001  part of the port
) -> tuple[Row, ...]:
    """See :class:`projections.rows.RowsOf`."""
    return _FACTS.rows(event, position, sealed_at, identity)


_FACTS = Facts(
    {
        "control.rule.set": "rule",
        "control.check.completed": "check_run",
        "control.finding.opened": "finding",
        "control.finding.updated": "finding_update",
        "control.finding.acknowledged": "finding_acknowledgement",
        "control.finding.closed": "finding_end",
        "control.finding.reopened": "finding_reopening",
        "control.alert.sent": "alert",
        "monitoring.plan.set": "plan",
        "monitoring.measurement.recorded": "measurement",
        "monitoring.sketch.recorded": "sketch",
        "monitoring.review.completed": "review",
        "monitoring.context.noted": "context",
    }
)
