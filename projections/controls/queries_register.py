"""Questions about findings, and about limits that were changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.controls.findings import Finding, FindingFact, folded
from projections.evidence import Evidence
from projections.filled import Filled, Source, by, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.controls"
_OPENED = "control.finding.opened"
_ACKNOWLEDGED = "control.finding.acknowledged"
_CLOSED = "control.finding.closed"
_CRITERIA = "evaluation.criteria.set"
_PLAN = "monitoring.plan.set"
_RULE = "control.rule.set"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredFinding:
    """A finding, whatever its origin, as the facts up to a moment make it.

    Attributes:
        state: open, acknowledged or closed; reopened, how often it came back.
        found_by: control, validation, audit, examiner or incident.
        overdue: not closed, and past its date.
        closed_by_another: who closed it is not who took care of it; None as long as
            it is not closed, or where it had no owner.
        closure_evidence: events that were named as showing that it may be closed.
        out_of_order: events of it that may not follow what was before them.
    """

    FILLED: ClassVar[Filled] = Filled(
        by(_OPENED, "opened_id"),
        {
            "state": derived(_OPENED),
            "reopened": derived("control.finding.reopened"),
            "overdue": derived(_OPENED),
            "owner": by(_ACKNOWLEDGED, "owner_id"),
            "due": Source(_ACKNOWLEDGED, "due_id"),
            "closed_at": by(_CLOSED, "closed_id"),
            "reason": by(_CLOSED, "closed_id"),
            "closer": by(_CLOSED, "closed_id"),
            "until": by(_CLOSED, "closed_id"),
            "closed_by_another": derived(_CLOSED),
            "closure_evidence": by(_CLOSED, "closed_id"),
            "out_of_order": derived(_OPENED),
            "all": by(_OPENED, "events"),
        },
    )
    finding: str
    state: str
    found_by: str | None
    rule: str | None
    severity: str | None
    system_id: str | None
    object_id: UUID | None
    object_name: str | None
    model: str | None
    cause: str | None
    opened_id: UUID | None
    opened_at: datetime | None
    reopened: int
    owner_id: UUID | None
    owner: str | None
    due_id: UUID | None
    due: datetime | None
    overdue: bool
    closed_id: UUID | None
    closed_at: datetime | None
    reason: str | None
    closer: str | None
    until: datetime | None
    closed_by_another: bool | None
    closure_evidence: tuple[UUID, ...] | None
    evidence: tuple[UUID, ...] | None
    events: tuple[UUID, ...]
    out_of_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange(Evidence):
    """A limit, plan or rule that was set, changed or switched off.

    Attributes:
        kind: criterion, plan or rule; name, of its model or of itself.
        change: set, loosened, tightened, turned, same, changed, switched_off or
            switched_on.
        actor: who changed it.
    """

    kind: str
    name: str
    field: str
    before_id: UUID | None
    before: str | None
    after: str | None
    change: str
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _CriterionChange(LimitChange):
    FILLED: ClassVar[Filled] = filled(
        _CRITERIA, before=by(_CRITERIA, "before_id"), change=derived(_CRITERIA)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlanChange(LimitChange):
    FILLED: ClassVar[Filled] = filled(
        _PLAN, before=by(_PLAN, "before_id"), change=derived(_PLAN)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _RuleChange(LimitChange):
    FILLED: ClassVar[Filled] = filled(
        _RULE, before=by(_RULE, "before_id"), change=derived(_RULE)
    )


_LIMITS = {
    "limit_criteria": _CriterionChange,
    "limit_plans": _PlanChange,
    "limit_rules": _RuleChange,
}


def findings_register(
    connection: Connection,
    *,
    now: datetime,
    finding: str | None = None,
    state: str | None = None,
    found_by: str | None = None,
    model: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[RegisteredFinding]:
    """Return all findings whatever their origin, with owner, due and closure (Q36).

    Args:
        connection: of any role.
        now: counts as the moment asked for when the bounds name none.
        finding: key of one.
        state: open, acknowledged or closed alone.
        found_by: control, validation, audit, examiner or incident alone.
        model: about this model alone.
        bounds: which facts count.
    """
    facts = ask(
        connection,
        _PACKAGE,
        "finding_facts",
        FindingFact,
        bounds,
        finding=finding,
        rule=None,
    )
    grouped: dict[str, list[FindingFact]] = {}
    for fact in facts:
        grouped.setdefault(fact.finding, []).append(fact)
    known, moment = folded(facts), bounds.as_of or now
    rows = [_row(key, known.get(key), of, moment) for key, of in grouped.items()]
    return [
        one
        for one in rows
        if state in {None, one.state}
        and found_by in {None, one.found_by}
        and model in {None, one.model}
    ]


def _row(
    key: str, one: Finding | None, facts: list[FindingFact], now: datetime
) -> RegisteredFinding:
    """Return the row of a finding; without its opening, what is left of it."""
    opened = next((fact for fact in facts if fact.move == "opened"), None)
    owner = _last(facts, "acknowledged")
    closed = _last(facts, "closed") if one is None or one.closed_at else None
    due = owner or opened
    date = due and due.due
    state = str(one.state) if one else facts[-1].move
    return RegisteredFinding(
        finding=key,
        state=state,
        found_by=one and one.origin,
        rule=one and one.rule,
        severity=one and one.severity,
        system_id=one and one.system_id,
        object_id=one and one.object_id,
        object_name=one and one.object_name,
        model=one and one.model,
        cause=one and one.cause,
        opened_id=opened and opened.event_id,
        opened_at=one and one.opened_at,
        reopened=one.opened - 1 if one else 0,
        owner_id=owner and owner.event_id,
        owner=owner and owner.owner,
        due_id=due and due.event_id,
        due=date,
        overdue=date is not None and date < now and closed is None,
        closed_id=closed and closed.event_id,
        closed_at=closed and closed.time,
        reason=closed and closed.reason,
        closer=closed and closed.closer,
        until=closed and closed.until,
        closed_by_another=_differs(owner, closed),
        closure_evidence=tuple(closed.evidence or ()) if closed else None,
        evidence=one and one.evidence,
        events=tuple(fact.event_id for fact in facts),
        out_of_order=len(one.out_of_order) if one else len(facts),
    )


def _last(facts: list[FindingFact], move: str) -> FindingFact | None:
    return next((fact for fact in reversed(facts) if fact.move == move), None)


def _differs(owner: FindingFact | None, closed: FindingFact | None) -> bool | None:
    if owner is None or closed is None:
        return None
    return owner.owner != closed.closer


def limit_history(
    connection: Connection,
    *,
    model: str | None = None,
    change: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[LimitChange]:
    """Return who set, loosened or switched off which limit, oldest first (Q43).

    Args:
        connection: of any role.
        model: criteria and plans of this model alone; rules belong to none.
        change: such as loosened or switched_off alone.
        since: changed then or later.
        until: changed before then.
        bounds: which facts count.
    """
    values = {"model": model, "since": since, "until": until}
    found: list[LimitChange] = [
        one
        for name, kind in _LIMITS.items()
        for one in ask(connection, _PACKAGE, name, kind, bounds, **values)
        if change in {None, one.change}
    ]
    return sorted(found, key=lambda one: (one.time, one.event_id.bytes, one.field))
