"""Which gates of its environment each deployment passed, by whom, and which not.

Nothing keeps a release from being deployed without its gates; this is where it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, computed
from projections.registry.answers import Approval
from projections.registry.gate_judging import Verdict, judge

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.registry"
_ALL_APPROVALS = 10_000
_NEWER = "newer than the deployment"
EMERGENCY_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts(Evidence):
    """A deployment, its environment's gates, and what may let it through."""

    release_id: UUID
    release: str | None
    release_digest: str | None
    model: str | None
    version: str | None
    environment: str
    service: str | None
    system_id: str | None
    role: str | None
    emergency: bool
    materiality: str | None
    environment_id: UUID | None
    environment_kind: str | None
    gates: list[dict[str, Any]] | None
    registered_later: bool
    evidence_types: list[str]
    exceptions: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck(Evidence):
    """One gate of one deployment; event_id is the deployment's activation.

    Attributes:
        gate: its name; None where no gate applies.
        status: ``met``; ``met afterwards``, in time after an emergency; ``excepted``;
            ``due``, an emergency whose approval may still come; ``overdue``; ``unmet``;
            ``unknown``, it rests on an approver of whom it is not recorded whether
            they are an author; ``newer than the deployment``, the gate was not yet in
            force when it was activated; ``no gate``; ``environment not registered``.
        needed: how many persons must approve, authors aside.
        approved_by: who did, and counts.
        second_person: whether they are other persons than the recorded authors:
            yes, no or unknown.
        mandate_valid: whether each had a mandate then; None: not recorded.
        lapsed_at: from when too few of its approvals hold: expired or revoked.
        due: until when an emergency must be approved.
        exception: name of the exception that stands for it.
        compensating_control: what is done instead.
        missing_evidence: event types that must exist and do not.
        notes: what did not count, and why.
        approval_ids: decisions that were looked at.
    """

    FILLED: ClassVar[Filled] = computed("serving.deployment.activated")

    release_id: UUID
    release: str | None
    model: str | None
    version: str | None
    environment: str
    environment_kind: str | None
    service: str | None
    system_id: str | None
    materiality: str | None
    emergency: bool
    gate: str | None
    status: str
    needed: int
    approved_by: list[str]
    second_person: str | None
    mandate_valid: bool | None
    lapsed_at: datetime | None
    due: datetime | None
    exception: str | None
    compensating_control: str | None
    missing_evidence: list[str]
    notes: list[str]
    approval_ids: list[UUID]


def gates(  # noqa: PLR0913  parameters of the question
    connection: Connection,
    *,
    deployment: UUID | None = None,
    deployments: Sequence[UUID] | None = None,
    environment: str | None = None,
    model: str | None = None,
    emergency_days: int = EMERGENCY_DAYS,
    limit: int = 100,
    now: datetime,
    bounds: Bounds = ALWAYS,
) -> list[GateCheck]:
    """Return for each deployment which gates apply and which are met, by whom.

    Args:
        connection: of any role.
        deployment: one deployment; all by default.
        deployments: these deployments; all by default.
        environment: in this environment; any by default.
        model: of this model; any by default.
        emergency_days: days within which an emergency must be approved afterwards.
        limit: at most so many deployments, newest first.
        now: moment that is asked for where ``bounds`` has none.
        bounds: which facts count.
    """
    wanted = deployments if deployment is None else [deployment]
    found = ask(
        connection,
        _PACKAGE,
        "gates",
        GateFacts,
        bounds,
        deployments=None if wanted is None else list(wanted),
        environment=environment,
        model=model,
        limit=limit,
    )
    decided = _approvals(connection, found, bounds)
    grace, moment = timedelta(days=emergency_days), bounds.as_of or now
    return [
        check
        for facts in found
        for check in _checks(facts, decided.get(facts.release_id, ()), grace, moment)
    ]


def is_open(check: GateCheck) -> bool:
    """Tell whether somebody has to look at a gate."""
    return check.status in {"unmet", "unknown", "overdue", "due"} or (
        check.lapsed_at is not None
    )


def _approvals(
    connection: Connection, found: Sequence[GateFacts], bounds: Bounds
) -> Mapping[UUID, list[Approval]]:
    objects = sorted({facts.release_id for facts in found})
    decided = ask(
        connection,
        _PACKAGE,
        "approvals",
        Approval,
        bounds,
        objects=objects,
        limit=_ALL_APPROVALS,
    )
    grouped: dict[UUID, list[Approval]] = {}
    for approval in decided:
        if approval.object_id is not None:
            grouped.setdefault(approval.object_id, []).append(approval)
    return grouped


def _checks(
    facts: GateFacts,
    approvals: Sequence[Approval],
    grace: timedelta,
    moment: datetime,
) -> list[GateCheck]:
    applying = [gate for gate in facts.gates or () if _applies(gate, facts.materiality)]
    if facts.environment_id is None:
        return [_check(facts, None, Verdict("environment not registered"))]
    if not applying:
        return [_check(facts, None, Verdict("no gate"))]
    if facts.registered_later:
        return [_check(facts, gate, Verdict(_NEWER)) for gate in applying]
    due = facts.time + grace if facts.emergency else None
    return [
        _check(
            facts,
            gate,
            judge(
                gate,
                approvals=[one for one in approvals if one.gate == gate["gate"]],
                evidence=facts.evidence_types,
                exceptions=facts.exceptions or [],
                deployed_at=facts.time,
                due=due,
                moment=moment,
            ),
        )
        for gate in applying
    ]


def _applies(gate: Mapping[str, Any], materiality: str | None) -> bool:
    """A gate for a tier applies to systems of that tier, and where none is recorded."""
    return gate["materiality"] is None or materiality in {None, gate["materiality"]}


def _check(
    facts: GateFacts, gate: Mapping[str, Any] | None, verdict: Verdict
) -> GateCheck:
    return GateCheck(
        event_id=facts.event_id,
        time=facts.time,
        sealed_at=facts.sealed_at,
        origin=facts.origin,
        leaf=facts.leaf,
        idx=facts.idx,
        identity=facts.identity,
        release_id=facts.release_id,
        release=facts.release,
        model=facts.model,
        version=facts.version,
        environment=facts.environment,
        environment_kind=facts.environment_kind,
        service=facts.service,
        system_id=facts.system_id,
        materiality=facts.materiality,
        emergency=facts.emergency,
        gate=None if gate is None else gate["gate"],
        status=verdict.status,
        needed=0 if gate is None else gate["approvals"],
        approved_by=list(verdict.approved_by),
        second_person=verdict.second_person,
        mandate_valid=verdict.mandate_valid,
        lapsed_at=verdict.lapsed_at,
        due=verdict.due,
        exception=verdict.exception,
        compensating_control=verdict.compensating_control,
        missing_evidence=list(verdict.missing_evidence),
        notes=list(verdict.notes),
        approval_ids=list(verdict.approval_ids),
    )
