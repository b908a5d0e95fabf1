"""Verbs about evaluation: limits set before a test, and what the test measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.sdk.handles import Criterion, DatasetVersion, Evaluation, ModelVersion
from ledger.sdk.recorder import Recorder, current_run

Metrics = Mapping[str, float] | Sequence[Mapping[str, Any]]


class EvaluationVerbs(Recorder):
    """What was demanded of a model, and what it did."""

    def set_criteria(  # noqa: PLR0913  one keyword a field
        self,
        model: str,
        metric: str,
        limit: float,
        *,
        direction: str = "at_least",
        slice: str | None = None,  # noqa: A002  the word users know
        baseline: str | None = None,
        baseline_value: float | None = None,
        dataset_version: DatasetVersion | None = None,
        previous: Criterion | None = None,
    ) -> Criterion:
        """Set a limit before the test is made.

        Args:
            model: registered name of the model.
            metric: what is measured.
            limit: the value that must be kept.
            direction: ``at_least`` or ``at_most``.
            slice: part of the population it applies to; None is all.
            baseline: what the limit was taken from.
            baseline_value: the baseline's own value.
            dataset_version: data on which it is to be measured.
            previous: the criterion that this one replaces.
        """
        made = self.record(
            "evaluation.criteria.set",
            basis="declared",
            model=model,
            metric=metric,
            slice=slice,
            limit=float(limit),
            direction=direction,
            baseline=baseline,
            baseline_value=baseline_value,
            dataset_version=dataset_version,
            previous=previous,
        )
        return Criterion(
            id=made.id,
            digest=made.digest,
            model=model,
            metric=metric,
            limit=float(limit),
            direction=direction,
            slice=slice,
        )

    def log_evaluation(
        self,
        model_version: ModelVersion | None = None,
        *,
        metrics: Metrics,
        kind: str = "performance",
        dataset_version: DatasetVersion | None = None,
        criteria: Sequence[Criterion] = (),
        passed: bool | None = None,
        overlap_rows: int | None = None,
        tool: str | None = None,
    ) -> Evaluation:
        """Record a completed test; within a run it belongs to that run.

        Args:
            model_version: what was tested.
            metrics: name → value, or a list of ``name``, ``value`` and, where they
                apply, ``low``, ``high`` (a confidence interval) and ``slice``.
            kind: performance, slice, bias, calibration, robustness, security or
                alternatives.
            dataset_version: data that it was tested on.
            criteria: limits that were set before; they decide ``passed``.
            passed: the verdict, where no criteria are given.
            overlap_rows: test rows that are also in the training data.
            tool: what measured, such as ``scikit-learn 1.7``.
        """
        rows = _measurements(metrics)
        verdict = _verdict(criteria, rows) if criteria else passed
        run = current_run.get()
        made = self.record(
            "evaluation.test.completed",
            basis="observed",
            kind=kind,
            model_version=model_version,
            run=run.id if run else None,
            dataset_version=dataset_version,
            metrics=rows,
            criteria=[criterion.id for criterion in criteria],
            passed=verdict,
            overlap_rows=overlap_rows,
            tool=tool,
        )
        return Evaluation(id=made.id, digest=made.digest, passed=verdict)


def _measurements(metrics: Metrics) -> list[dict[str, Any]]:
    if isinstance(metrics, Mapping):
        return [{"name": name, "value": float(metrics[name])} for name in metrics]
    numbers = {"value", "low", "high"}
    return [
        {k: float(v) if k in numbers and v is not None else v for k, v in row.items()}
        for row in metrics
    ]


def _verdict(
    criteria: Sequence[Criterion], rows: Sequence[Mapping[str, Any]]
) -> bool | None:
    """Return whether all limits are kept; None when one was not measured."""
    values = {(row["name"], row.get("slice")): row["value"] for row in rows}
    measured = [values.get((item.metric, item.slice)) for item in criteria]
    pairs = list(zip(criteria, measured, strict=True))
    if any(value is not None and not item.is_met(value) for item, value in pairs):
        return False
    return None if None in measured else True
