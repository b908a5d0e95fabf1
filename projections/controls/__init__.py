"""Controls: rules, checks, findings; what is monitored and who reviewed it."""

from __future__ import annotations

from projections.facts import Facts

SCHEMA = "controls"

rows = Facts(
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
