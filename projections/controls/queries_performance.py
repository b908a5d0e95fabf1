"""How well a model did: by what came true, and by what was measured (Q21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ledger.errors import NotFoundError
from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled
from projections.registry.queries import model_list

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.controls"
_MEASURED = "monitoring.measurement.recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedMonth:
    """What came true of a month's decisions of a model version.

    Attributes:
        outcomes: decisions of which it is known; censored, no longer to be known.
        observed: share of these whose output came true: an accuracy.
        lag_days: median from decision to outcome.
        declared: the metric of the newest test of that version.
    """

    FILLED: ClassVar[Filled] = computed(
        "prediction.decision.recorded",
        version=derived("registry.release.created"),
        outcomes=derived("prediction.outcome.observed"),
        censored=derived("prediction.outcome.observed"),
        observed=derived("prediction.outcome.observed"),
        lag_days=derived("prediction.outcome.observed"),
        declared=by("evaluation.test.completed", "test_id"),
        evidence=by("prediction.outcome.observed", "outcome_ids"),
    )
    version: str | None
    model_version_id: UUID | None
    month: datetime
    decisions: int
    outcomes: int
    censored: int
    observed: float | None
    lag_days: float | None
    outcome_ids: list[UUID] | None
    metric: str
    declared: float | None
    test_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPerformance(Evidence):
    """A measurement of a model in use; ratios between groups are among them."""

    FILLED: ClassVar[Filled] = filled(_MEASURED)
    monitor: str
    metric: str
    feature: str | None
    slice: str | None
    window_from: datetime
    window_to: datetime
    rows: int
    value: float
    reference: float | None
    limit_value: float | None
    breach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisedPerformance:
    """How well a model did: by what came true, and by what was measured."""

    FILLED: ClassVar[Filled] = computed("prediction.outcome.observed")
    months: tuple[RealisedMonth, ...]
    measured: tuple[MeasuredPerformance, ...]


def realised_performance(
    connection: Connection,
    model: str,
    *,
    metric: str = "accuracy",
    since: datetime | None = None,
    until: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> RealisedPerformance:
    """Return how well a model did, beside what was declared of it (Q21).

    Args:
        connection: of any role.
        model: registered name.
        metric: declared metric that is set beside the observed accuracy.
        since: decisions made, and windows that end, then or later.
        until: the same, before then.
        bounds: which facts count.

    Raises:
        NotFoundError: no such model is recorded, and nothing is known of it.
    """
    period = {"model": model, "since": since, "until": until}
    months = ask(
        connection,
        _PACKAGE,
        "realised_performance",
        RealisedMonth,
        bounds,
        metric=metric,
        **period,
    )
    measured = ask(
        connection,
        _PACKAGE,
        "measured_performance",
        MeasuredPerformance,
        bounds,
        **period,
    )
    if not (months or measured or model_list(connection, model=model, bounds=bounds)):
        raise NotFoundError(
            f"model {model}: not recorded", hint="its name, as in: mlledger model ls"
        )
    return RealisedPerformance(months=tuple(months), measured=tuple(measured))
