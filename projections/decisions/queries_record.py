"""Questions about single decisions: one whole record, and those of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError, NotFoundError
from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.evidence import Evidence
from projections.filled import Filled, Source, by, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.decisions"
_DECISION = "prediction.decision.recorded"
_RELEASE = "registry.release.created"
_ACTIVATED = "serving.deployment.activated"
_RULE = "governance.retention_rule.set"
_DELETED = "governance.payload.deleted"
_PAYLOAD = Source(_DECISION, erasable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectDecision(Evidence):
    """One decision about a person; who the person is, the ledger does not know.

    Attributes:
        recipients: kinds of recipients of notices about it; caller asked for it.
        kept_until: end of the longest duty to keep its payload; delete_by, of the
            shortest duty to delete it.
        holds: what stops a deletion now.
        payload: committed (made and sent to the vault) or deleted.
    """

    FILLED: ClassVar[Filled] = filled(
        _DECISION,
        system=by(_ACTIVATED, "system_by"),
        model=by(_RELEASE, "release_id"),
        version=by(_RELEASE, "release_id"),
        recipients=by("oversight.notice.sent", "notice_ids"),
        kept_until=Source(_RULE, "keep_id", derived=True),
        delete_by=Source(_RULE, "delete_id", derived=True),
        holds=by("governance.hold.placed", "hold_ids"),
        payload=_PAYLOAD,
        deleted_at=by(_DELETED, "deletion_id"),
    )
    case_id: UUID | None
    system: str | None
    system_by: UUID | None
    model: str | None
    version: str | None
    release_id: UUID
    deployment_id: UUID
    use: str | None
    mode: str
    path: str
    output: str | None
    adverse: bool | None
    caller: str | None
    recipients: list[str] | None
    notice_ids: list[UUID] | None
    kept_until: datetime | None
    keep_id: UUID | None
    delete_by: datetime | None
    delete_id: UUID | None
    holds: list[str] | None
    hold_ids: list[UUID] | None
    payload: str | None
    deletion_id: UUID | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord(Evidence):
    """Everything that is recorded of one decision.

    Attributes:
        live: whether its deployment was active when it was made.
        loaded: whether the serving process attested to have loaded what the release
            names; loaded_digest, the release it was told to load.
        datasets, sources: what its model was trained on, one step back.
        final_output: what counts in the end; overridden, whether a person changed it.
        requests: what was asked about it, with the answers.
        outcome: what came true.
    """

    FILLED: ClassVar[Filled] = filled(
        _DECISION,
        replaced_by=derived(_DECISION),
        environment=by(_ACTIVATED, "deployment_id"),
        service=by(_ACTIVATED, "deployment_id"),
        role=by(_ACTIVATED, "deployment_id"),
        system=by(_ACTIVATED, "deployment_id"),
        live=derived(_ACTIVATED),
        system_title=by("governance.system.registered", "system_event_id"),
        purpose=by("governance.system.registered", "system_event_id"),
        system_owner=by("governance.system.registered", "system_event_id"),
        release=by(_RELEASE, "release_id"),
        release_digest=by(_RELEASE, "release_id"),
        model=by(_RELEASE, "release_id"),
        version=by(_RELEASE, "release_id"),
        thresholds=by(_RELEASE, "release_id"),
        approved_uses=by(_RELEASE, "release_id"),
        restrictions=by(_RELEASE, "release_id"),
        instructions_digest=by(_RELEASE, "release_id"),
        loaded=by("serving.process.attested", "attestation_id"),
        loaded_digest=by("serving.process.attested", "attestation_id"),
        approved=by("registry.approval.decided", "approval_id"),
        gate=by("registry.approval.decided", "approval_id"),
        run_id=by("registry.model_version.created", "model_version_id"),
        datasets=by("pipeline.input.read", "input_ids"),
        sources=derived("data.dataset_version.created"),
        reviews=by("oversight.review.decided", "review_ids"),
        final_output=by("oversight.review.decided", "review_ids"),
        overridden=derived("oversight.review.decided"),
        notices=by("oversight.notice.sent", "notice_ids"),
        requests=by("oversight.request.received", "request_ids"),
        outcome=by("prediction.outcome.observed", "outcome_ids"),
        payload=_PAYLOAD,
        deleted_at=by(_DELETED, "deletion_id"),
    )
    decided_at: datetime
    case_id: UUID | None
    use: str | None
    mode: str
    path: str
    output: str | None
    adverse: bool | None
    reason_codes: list[str]
    caller: str | None
    latency_us: int | None
    replaces_decision_id: UUID | None
    replaced_by: list[UUID] | None
    deployment_id: UUID | None
    environment: str | None
    service: str | None
    role: str | None
    system: str | None
    system_event_id: UUID | None
    system_title: str | None
    purpose: str | None
    system_owner: str | None
    release_id: UUID | None
    release: str | None
    release_digest: str | None
    model: str | None
    version: str | None
    thresholds: dict[str, float] | None
    approved_uses: list[str] | None
    restrictions: list[str] | None
    instructions_digest: str | None
    live: bool | None
    attestation_id: UUID | None
    loaded: bool | None
    loaded_digest: str | None
    approval_id: UUID | None
    approved: str | None
    gate: str | None
    run_id: UUID | None
    model_version_id: UUID | None
    datasets: list[str] | None
    sources: list[str] | None
    input_ids: list[UUID] | None
    reviews: list[dict[str, Any]] | None
    review_ids: list[UUID] | None
    final_output: str | None
    overridden: bool | None
    notices: list[dict[str, Any]] | None
    notice_ids: list[UUID] | None
    requests: list[dict[str, Any]] | None
    request_ids: list[UUID] | None
    outcome: str | None
    outcome_ids: list[UUID] | None
    deletion_id: UUID | None
    deleted_at: datetime | None
    payload: str | None


def subject_decisions(
    connection: Connection,
    *,
    cases: Sequence[UUID] = (),
    decisions: Sequence[UUID] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[SubjectDecision]:
    """Return the decisions about a person, by the ids that the vault gives (Q10).

    Args:
        connection: of any role.
        cases: random ids of the person's cases, with commas between them.
        decisions: decisions by their events, with commas between them.
        since: made then or later.
        until: made before then.
        bounds: which facts count.

    Raises:
        InvalidEventError: no id is given.
    """
    if not cases and not decisions:
        raise InvalidEventError("--param cases=… or --param decisions=… is needed")
    return ask(
        connection,
        _PACKAGE,
        "subject_decisions",
        SubjectDecision,
        bounds,
        cases=list(cases),
        decisions=list(decisions),
        since=since,
        until=until,
    )


def decision_record(
    connection: Connection, decision: UUID, *, bounds: Bounds = ALWAYS
) -> DecisionRecord:
    """Return everything that is recorded of one decision, field by field (Q11).

    Raises:
        NotFoundError: no such decision is recorded.
    """
    found = ask_one(
        connection,
        _PACKAGE,
        "decision_record",
        DecisionRecord,
        bounds,
        decision=decision,
    )
    if found is None:
        raise NotFoundError(
            f"decision {decision}: not recorded, or not projected yet",
            hint="bring the projections up to date with: mlledger worker --once",
        )
    return found
