"""Two versions answer the same rows: how far do their answers differ, and where?

Fails closed: rows that one version alone leaves without a number count as an infinite
difference and the test is not passed; answers of two forms, data that lacks a column,
an artifact or data with another digest than recorded end the test with an error, and
no result is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ledger.errors import InvalidEventError
from ledger.evaluation.agreement import Agreement, agreement
from ledger.evaluation.alignment import aligned
from ledger.evaluation.criteria import Judged, judged, verdict
from ledger.evaluation.figures import (
    agreement_figures,
    calibration,
    histogram,
    quality,
    slice_figures,
    trivial,
)
from ledger.evaluation.latency import MARGIN, Ratio
from ledger.evaluation.resampling import RESAMPLES, SEED, Measured
from ledger.evaluation.slices import SliceResult, slice_results, slices_of
from ledger.evaluation.stages import StageResult, compare_stages, first_difference
from ledger.evaluation.timing import (
    PER_ROUND,
    Ticking,
    interleaved,
    peak_memory,
    sender,
)

if TYPE_CHECKING:
    from ledger.evaluation.answers import Answers
    from ledger.evaluation.calibration import Bin
    from ledger.evaluation.libraries import Array
    from ledger.evaluation.records import RecordedCriterion
    from ledger.evaluation.tables import Rows
    from ledger.evaluation.targets import Target

LATENCY_REQUESTS = 2_000
_MEMORY_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How two versions are compared.

    Attributes:
        equivalent: whether the new one is a port that shall do the very same.
        tolerance: largest absolute difference of a score that a port may have, from 0.
        slices: columns that cut the rows into parts.
        threshold: score from which the second of two classes is meant; None leaves it
            to the versions, 0.5 where they do not say.
        adverse: class that is to the disadvantage of the person it is about.
        latency_requests: single-row requests per version; 0 measures no time.
        limit: p95 ratio that must be exceeded for certain to count as slower.
        resamples: of the bootstrap.
        seed: of every draw.
    """

    equivalent: bool = False
    tolerance: float = 0.0
    slices: tuple[str, ...] = ()
    threshold: float | None = None
    adverse: str | None = None
    latency_requests: int = LATENCY_REQUESTS
    limit: float = MARGIN
    resamples: int = RESAMPLES
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What a comparison came to.

    Attributes:
        plan: how it was made.
        old: name of the version in use.
        new: name of the version that shall follow.
        rows: the data.
        agreed: row by row.
        measured: every figure by name, with its interval.
        slices: parts of the population.
        calibration: bins of the old and of the new version; empty without them.
        histogram: differences of scores, edges and counts; empty without scores.
        ratios: new over old at p50, p95 and p99; empty where time was not measured.
        stages: steps of both pipelines; empty where not both show them.
        judged: limits beside what was measured.
        passed: whether the port is equivalent and all limits are kept; None where
            nothing was asked of the test.
        warnings: what a reader must know.
    """

    plan: Plan
    old: Target
    new: Target
    rows: Rows
    agreed: Agreement
    measured: list[Measured]
    slices: list[SliceResult]
    calibration: tuple[list[Bin], list[Bin]]
    histogram: tuple[list[float], list[int]]
    ratios: list[Ratio]
    stages: list[StageResult]
    judged: list[Judged]
    passed: bool | None
    warnings: list[str] = field(default_factory=list[str])

    @property
    def first_difference(self) -> str | None:
        """First stage that differs, None if none does or stages were not shown."""
        return first_difference(self.stages)

    @property
    def slower(self) -> bool | None:
        """Whether the new version is slower beyond the limit; None if not measured."""
        p95 = [one for one in self.ratios if one.quantile == 0.95]
        return p95[0].exceeds(self.plan.limit) if p95 else None


def compare(
    old: Target,
    new: Target,
    rows: Rows,
    *,
    plan: Plan,
    criteria: Sequence[RecordedCriterion] = (),
    ticking: Ticking | None = None,
) -> Difference:
    """Let two versions answer the same rows, and compare what they answer.

    Args:
        old: the version in use, or the original of a port.
        new: the version that shall follow, or the port.
        rows: the data.
        plan: how.
        criteria: limits that were set before.
        ticking: the clock of latencies.

    Raises:
        InvalidEventError: a tolerance below 0, a slice of no such column, or data
            whose columns a side does not take.
        MalformedError: the answers do not fit.
        UnavailableError: an endpoint does not answer.
    """
    if not plan.tolerance >= 0:
        raise InvalidEventError(f"--tolerance {plan.tolerance}: must be 0 or more")
    parts = slices_of(rows.table, plan.slices)
    prepared = [
        one.predictor.prepare(_given(one, old, new, rows)) for one in (old, new)
    ]
    before, after, truth = _answers(old, new, prepared, rows, plan)
    known = None if before.labels is None else truth
    agreed = agreement(before, after, truth=known, adverse=plan.adverse)
    slices = slice_results(parts, before, after, truth)
    ratios, costs = _costs(old, new, rows, plan, ticking)
    measured = [
        *agreement_figures(agreed),
        *quality(before, after, truth, resamples=plan.resamples, seed=plan.seed),
        *trivial(before, truth),
        *slice_figures(slices, before, truth),
        *costs,
    ]
    stages, notes = _stages(old, new, prepared, plan)
    held = judged(criteria, measured)
    return Difference(
        plan=plan,
        old=old,
        new=new,
        rows=rows,
        agreed=agreed,
        measured=measured,
        slices=slices,
        calibration=calibration(before, after, truth),
        histogram=histogram(before, after),
        ratios=ratios,
        stages=stages,
        judged=held,
        passed=_passed(plan, agreed, held),
        warnings=[*old.warnings, *new.warnings, *notes, *_gaps(agreed)],
    )


def _answers(
    old: Target, new: Target, prepared: Sequence[Any], rows: Rows, plan: Plan
) -> tuple[Answers, Answers, Array]:
    """Return what both answered in one form, and what is known, in that form."""
    texts = rows.truth(as_numbers=False)
    before, after = aligned(
        old.predictor.answer(prepared[0]),
        new.predictor.answer(prepared[1]),
        texts,
        threshold=plan.threshold,
    )
    if before.labels is None:
        return before, after, rows.truth(as_numbers=True)
    return before, after, texts


def _given(target: Target, old: Target, new: Target, rows: Rows) -> Any:
    """Return the columns for a version: those that either names, else all."""
    features = rows.features
    if target.predictor.features is not None:
        return features
    names = old.predictor.features or new.predictor.features
    if names and set(names) <= set(features.columns):
        return features[list(names)]
    return features


def _passed(plan: Plan, agreed: Agreement, held: Sequence[Judged]) -> bool | None:
    found = verdict(held)
    if agreed.disagreeing_gaps or found is False:
        return False
    if not plan.equivalent:
        return found
    if agreed.flips or (agreed.max_difference or 0.0) > plan.tolerance:
        return False
    return found if held else True


def _gaps(agreed: Agreement) -> list[str]:
    if not agreed.disagreeing_gaps:
        return []
    return [f"{agreed.disagreeing_gaps} rows: one version alone gives no number"]


def _costs(
    old: Target, new: Target, rows: Rows, plan: Plan, ticking: Ticking | None
) -> tuple[list[Ratio], list[Measured]]:
    if plan.latency_requests <= 0:
        return [], []
    from ledger.evaluation.costs import latency_figures, memory_figures

    tables = [_given(one, old, new, rows) for one in (old, new)]
    timed = interleaved(
        [sender(one, table) for one, table in zip((old, new), tables, strict=True)],
        rounds=max(2, -(-plan.latency_requests // PER_ROUND)),
        ticking=ticking,
    )
    ratios, found = latency_figures(
        timed.latencies[0], timed.latencies[1], resamples=plan.resamples, seed=plan.seed
    )
    peaks = peak_memory((old, new), tables[0].head(_MEMORY_ROWS))
    return ratios, [*found, *memory_figures(peaks)]


def _stages(
    old: Target, new: Target, prepared: Sequence[Any], plan: Plan
) -> tuple[list[StageResult], list[str]]:
    if not plan.equivalent:
        return [], []
    before = old.predictor.stages(prepared[0])
    after = new.predictor.stages(prepared[1])
    if before and after:
        return compare_stages(before, after, tolerance=plan.tolerance), []
    silent = [t.name for t, s in ((old, before), (new, after)) if not s]
    return [], [f"stages were not compared: {' and '.join(silent)} shows none"]
