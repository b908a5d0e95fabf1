"""The sections of the individual decision record, each from the facts of a chain.

Headings and field names are the only words that stand here; every value comes from an
event, and where none does, the field names the event type that would fill it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboard.reports import sections_rest as rest
from dashboard.reports.facts import Facts, is_before
from dashboard.reports.model import Field, Section, not_recorded

if TYPE_CHECKING:
    from projections.chain import Link

ACTIVATED = "serving.deployment.activated"
_DECISION = (
    ("id", "Decision id", "event_id"),
    ("time", "Made at, as claimed by the producer", "time"),
    ("sealed_at", "Sealed at, by the sealer's clock", "sealed_at"),
    ("outcome", "Outcome", "output"),
    ("adverse", "To the person's disadvantage", "adverse"),
    ("reasons", "Reason codes as computed then", "reason_codes"),
    ("mode", "Part of the model in the decision", "mode"),
    ("path", "What answered", "path"),
    ("use", "Use it served", "use"),
    ("case", "Case id", "case_id"),
    ("caller", "Service that asked", "caller"),
    ("replaces", "Decision that this one replaces", "replaces_decision_id"),
)
_MODEL = (
    ("release.label", "Release", "release", "release"),
    ("release.digest", "Digest of the release", "release", "release_digest"),
    ("model.name", "Model", "release", "model"),
    ("model.version", "Version of the model", "release", "version"),
    ("model.artifact", "Digest of the model's artifact", "release", "artifact_digest"),
    (
        "release.configuration",
        "Digest of the configuration",
        "release",
        "configuration_digest",
    ),
    ("release.thresholds", "Thresholds", "release", "thresholds"),
    ("release.approved_uses", "Approved uses", "release", "approved_uses"),
    ("release.restrictions", "Restrictions", "release", "restrictions"),
    ("release.change_class", "Class of the change", "release", "change_class"),
    ("deployment.environment", "Environment", "deployment", "environment"),
    ("deployment.service", "Service", "deployment", "service"),
    ("deployment.role", "Role of the deployment", "deployment", "role"),
    ("deployment.traffic", "Share of traffic", "deployment", "traffic"),
    ("deployment.time", "Deployed at", "deployment", "time"),
    ("deployment.emergency", "Emergency deployment", "deployment", "emergency"),
)
_ATTESTED = (
    ("artifact", "Artifact the serving process attested to", "artifact_digest"),
    (
        "configuration",
        "Configuration the serving process attested to",
        "configuration_digest",
    ),
    ("matches", "Attested artifact and configuration are the release's", "matches"),
    ("time", "Attested at", "time"),
    ("host", "Host", "host"),
)
_PEOPLE = (
    ("reviewer", "Reviewer"),
    ("action", "What the reviewer did"),
    ("override", "Whether the outcome was overridden"),
    ("final", "Final decision"),
)


def sections(facts: Facts) -> tuple[Section, ...]:
    """Return the sections of the record, in order."""
    return (
        Section("Decision", tuple(_decision(facts))),
        Section("What the model did", tuple(_model(facts))),
        Section("What people did", tuple(_people(facts))),
        Section("Approvals", tuple(_approvals(facts))),
        Section("Data and training", tuple(rest.data(facts))),
        Section("Statements by persons", tuple(rest.statements(facts))),
        Section("Notices and contest", tuple(rest.notices())),
        Section("Retention", tuple(rest.retention())),
        Section("Personal payload", tuple(rest.payload(facts))),
    )


def _decision(facts: Facts) -> list[Field]:
    found = [
        facts.field(f"decision.{name}", title, "decision", column)
        for name, title, column in _DECISION
    ]
    names = (("system", "title"), ("purpose", "purpose"))
    titles = {"system": "AI system", "purpose": "Purpose of the AI system"}
    return found + [
        facts.field(f"system.{name}", titles[name], "system", column)
        for name, column in names
    ]


def _model(facts: Facts) -> list[Field]:
    found = [facts.field(*row) for row in _MODEL]
    found += [
        facts.field(f"attestation.{name}", title, "process attestation", column)
        for name, title, column in _ATTESTED
    ]
    return [*found, _in_force(facts), *_changes(facts), _use_approved(facts)]


def _in_force(facts: Facts) -> Field:
    decision, deployment = facts.first("decision"), facts.first("deployment")
    changes = facts.links("deployment change")

    def rule() -> bool:
        ended = any(link.fields.get("change") == "deactivated" for link in changes)
        return not ended and is_before(deployment, decision)

    return facts.derived(
        "deployment.in_force",
        "Deployment in force when the decision was made",
        [(decision, "prediction.decision.recorded"), (deployment, ACTIVATED)],
        rule,
        also=changes,
    )


def _changes(facts: Facts) -> list[Field]:
    return facts.fields(
        "deployment.changes",
        "Change of the deployment before the decision",
        "deployment change",
        ("change", "role", "traffic", "reason", "time"),
    )


def _use_approved(facts: Facts) -> Field:
    decision, release = facts.first("decision"), facts.first("release")

    def rule() -> bool | None:
        use = decision.fields.get("use") if decision else None
        approved: Any = release.fields.get("approved_uses") if release else None
        return use in approved if use and approved else None

    return facts.derived(
        "decision.use_approved",
        "Use is among the approved uses",
        [
            (decision, "prediction.decision.recorded"),
            (release, "registry.release.created"),
        ],
        rule,
    )


def _people(_facts: Facts) -> list[Field]:
    # No projection reads such events yet, so nothing of the kind can be in a chain.
    return [
        not_recorded(f"review.{name}", title, fills="oversight.review.decided")
        for name, title in _PEOPLE
    ]


def _approvals(facts: Facts) -> list[Field]:
    columns = (
        "gate",
        "decision",
        "meaning",
        "conditions",
        "expires",
        "mandate",
        "signature_kind",
        "time",
    )
    found = facts.fields("approvals", "Approval", "approval", columns)
    release = facts.first("release")
    links = facts.links("approval")

    def rule() -> bool:
        signer = release.identity if release else None
        return any(_is_second_person(link, signer) for link in links)

    return [
        *found,
        facts.derived(
            "approvals.second_person",
            "Second person recorded: approver did not sign the release",
            [
                (release, "registry.release.created"),
                (facts.first("approval"), "registry.approval.decided"),
            ],
            rule,
            also=links[1:],
        ),
    ]


def _is_second_person(link: Link, signer: str | None) -> bool:
    who = link.identity or ""
    return who.startswith("person:") and who != signer
