"""Questions about models in use: what is due, what is watched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.controls.findings import FindingFact, State, folded
from projections.filled import Filled, by, computed, derived

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.controls"
_PLAN = "monitoring.plan.set"
_REVIEW = "monitoring.review.completed"
_MEASURED = "monitoring.measurement.recorded"
_VALIDATION = "evaluation.validation.issued"
_VERSION = "registry.model_version.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a model is due for, as its statement finds it.

    Attributes:
        plan_owner: of the monitoring plan; who owns the model, Q18 says.
        validated_version: version that the last validation is about; None when it is
            of the model as a whole. validated_is_newest, whether there is no newer one;
            validated_is_live, whether it runs, environments for making and testing
            left out, as in live_versions.
        next_validation, next_review, next_training: what the last one says, or else
            by the plan.
        exceptions: in force for its releases.
    """

    model: str
    plan_id: UUID | None
    plan_owner: str | None
    validation_id: UUID | None
    last_validation: datetime | None
    validation_outcome: str | None
    validated_id: UUID | None
    validated_version: str | None
    validated_is_newest: bool | None
    validated_is_live: bool | None
    live_versions: list[str] | None
    deployment_ids: list[UUID] | None
    next_validation: datetime | None
    review_id: UUID | None
    last_review: datetime | None
    review_decision: str | None
    next_review: datetime | None
    version_id: UUID | None
    newest_version: str | None
    last_training: datetime | None
    next_training: datetime | None
    exceptions: list[str] | None
    exception_ids: list[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDue(Due):
    """What a model is due for, and how late.

    Attributes:
        validation_overdue_days, review_overdue_days, training_overdue_days: whole days
            by which each is late; 0 when it is not; None when no date is known.
        open_findings: findings about the model that are not closed.
    """

    FILLED: ClassVar[Filled] = computed(
        _PLAN,
        plan_owner=by(_PLAN, "plan_id"),
        last_validation=by(_VALIDATION, "validation_id"),
        validation_outcome=by(_VALIDATION, "validation_id"),
        validated_version=by(_VERSION, "validated_id"),
        validated_is_newest=derived(_VALIDATION),
        validated_is_live=derived(_VALIDATION),
        live_versions=by("serving.deployment.activated", "deployment_ids"),
        next_validation=derived(_VALIDATION),
        last_review=by(_REVIEW, "review_id"),
        review_decision=by(_REVIEW, "review_id"),
        next_review=derived(_REVIEW),
        newest_version=by(_VERSION, "version_id"),
        last_training=by(_VERSION, "version_id"),
        exceptions=by("governance.exception.granted", "exception_ids"),
        validation_overdue_days=derived(_VALIDATION),
        review_overdue_days=derived(_REVIEW),
        open_findings=derived("control.finding.opened"),
    )
    validation_overdue_days: int | None
    review_overdue_days: int | None
    training_overdue_days: int | None
    open_findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringStatus:
    """One thing that is watched, or was measured without a plan.

    Attributes:
        planned_limit: of the newest plan; last_limit, what it was held against.
        breaches: measurements on the wrong side; unreviewed, those no review names.
        review_due: when the oldest of these must be reviewed, by the plan.
        reviewed_at, reviewed_by, review_decision: of the newest review of any of them.
    """

    FILLED: ClassVar[Filled] = computed(
        _PLAN,
        planned_limit=by(_PLAN, "plan_id"),
        measurements=derived(_MEASURED),
        last_value=by(_MEASURED, "last_id"),
        last_limit=by(_MEASURED, "last_id"),
        last_to=by(_MEASURED, "last_id"),
        breaches=derived(_MEASURED),
        unreviewed=derived(_MEASURED),
        review_due=by(_MEASURED, "oldest_id"),
        reviewed_at=by(_REVIEW, "review_id"),
        reviewed_by=by(_REVIEW, "review_id"),
        review_decision=by(_REVIEW, "review_id"),
    )
    model: str | None
    monitor: str
    metric: str
    feature: str | None
    slice: str | None
    plan_id: UUID | None
    planned_limit: float | None
    measurements: int
    last_id: UUID | None
    last_value: float | None
    last_limit: float | None
    last_to: datetime | None
    breaches: int
    unreviewed: int
    oldest_id: UUID | None
    review_due: datetime | None
    review_id: UUID | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    review_decision: str | None


def review_due(
    connection: Connection,
    *,
    now: datetime,
    model: str | None = None,
    system: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[ReviewDue]:
    """Return which models are due for validation, review or retraining (Q19).

    Args:
        connection: of any role.
        now: counts as the moment asked for when the bounds name none.
        model: this one alone.
        system: models of this AI system.
        bounds: which facts count.
    """
    moment = bounds.as_of or now
    facts = ask(
        connection,
        _PACKAGE,
        "finding_facts",
        FindingFact,
        bounds,
        finding=None,
        rule=None,
    )
    known = folded(facts).values()
    opened = Counter(one.model for one in known if one.state is not State.CLOSED)
    found = ask(
        connection,
        _PACKAGE,
        "review_due",
        Due,
        bounds,
        now=moment,
        model=model,
        system=system,
    )
    return [_late(one, moment, opened[one.model]) for one in found]


def _late(one: Due, now: datetime, findings: int) -> ReviewDue:
    def days(due: datetime | None) -> int | None:
        return None if due is None else max(0, (now - due).days)

    return ReviewDue(
        **{name: getattr(one, name) for name in Due.__slots__},
        validation_overdue_days=days(one.next_validation),
        review_overdue_days=days(one.next_review),
        training_overdue_days=days(one.next_training),
        open_findings=findings,
    )


def monitoring_status(
    connection: Connection,
    *,
    model: str | None = None,
    system: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[MonitoringStatus]:
    """Return what is watched, what broke its limit, and who looked at it (Q20).

    Args:
        connection: of any role.
        model: this one alone.
        system: models of this AI system.
        since: measurements whose window ends later.
        until: measurements whose window ends by then.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "monitoring_status",
        MonitoringStatus,
        bounds,
        model=model,
        system=system,
        since=since,
        until=until,
    )
