"""Governance: roles, exceptions, duties to keep, requests, incidents, corrections."""

from __future__ import annotations

from projections.facts import Facts

SCHEMA = "governance"

rows = Facts(
    {
        "governance.system.changed": "system_change",
        "governance.system.classified": "system_class",
        "governance.system.retired": "system_retirement",
        "governance.role.granted": "role",
        "governance.role.revoked": "role_end",
        "governance.exception.granted": "exception",
        "governance.exception.ended": "exception_end",
        "governance.retention_rule.set": "retention_rule",
        "governance.hold.placed": "hold",
        "governance.hold.released": "hold_release",
        "governance.access.logged": "access",
        "oversight.request.received": "request",
        "oversight.request.answered": "request_answer",
        "incident.case.opened": "incident",
        "incident.case.updated": "incident_update",
        "incident.case.closed": "incident_end",
        "incident.report.sent": "incident_report",
        "incident.action.taken": "incident_action",
        "ledger.event.corrected": "correction",
        "ledger.setting.changed": "setting",
    }
)
