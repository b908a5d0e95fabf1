"""Testing, validating, measuring before use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.steps.basis import FEATURES, Fields, step

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@step("evaluation.criteria.set", "person:reviewer")
def criterion(w: Stage) -> Fields:
    """A limit is set before anything is tested."""
    return {
        "model": w.model,
        "metric": "auc",
        "limit": 0.7,
        "direction": "at_least",
        "baseline": "current rule",
        "baseline_value": 0.65,
        "dataset_version": w.refs.get("test"),
    }


@step("registry.model_version.created", "service:trainer")
def version(w: Stage) -> Fields:
    """A version of the model, with a license."""
    return {
        "model": w.model,
        "version": f"v{w.generation}",
        "artifact_digest": w.versioned("artifact"),
        "artifact_scheme": "file",
        "run": w.refs.get("run"),
        "inputs": [{"name": name, "type": "float64"} for name, _, _ in FEATURES],
        "outputs": [{"name": "score", "type": "float64"}],
        "framework": "scikit-learn 1.7",
        "license": "LicenseRef-internal",
        "basis": "observed",
    }


@step("evaluation.test.completed", "service:trainer")
def evaluation(w: Stage) -> Fields:
    """A test on rows that training has not seen."""
    criterion = w.refs.get("criterion")
    return {
        "kind": "performance",
        "model_version": w.refs["version"],
        "dataset_version": w.refs.get("test"),
        "metrics": [{"name": "auc", "value": 0.81, "low": 0.78, "high": 0.84}],
        "criteria": [criterion] if criterion else [],
        "passed": True,
        "overlap_rows": 0,
        "tool": "mlledger",
        "basis": "observed",
    }


@step("evaluation.comparison.completed", "service:trainer")
def comparison(w: Stage) -> Fields:
    """The new version beside the one it replaces."""
    return {
        "kind": "difference",
        "old": w.refs[f"version.{w.generation - 1}"],
        "new": w.refs["version"],
        "dataset_version": w.refs.get("test"),
        "dataset_digest": w.digest("test"),
        "rows": 200,
        "equal_rows": 190,
        "flips": 2,
        "flips_to_adverse": 1,
        "mcnemar_p": 1.0,
        "passed": True,
        "tool": "mlledger",
        "basis": "observed",
    }


@step("evaluation.validation.issued", "person:reviewer")
def validation(w: Stage) -> Fields:
    """A validator finds it fit; the next validation lies far ahead."""
    return {
        "object": w.refs["version"],
        "model": w.model,
        "kind": "independent",
        "validator": "person:reviewer",
        "unit": "model validation",
        "scope": "data, method, outcomes",
        "outcome": "fit",
        "next_due": w.when(365),
    }


@step("evaluation.benchmark.completed", "service:trainer")
def benchmark(w: Stage) -> Fields:
    """How fast it answers before it is in use."""
    return {
        "kind": "latency",
        "model_version": w.refs["version"],
        "requests": 1_000,
        "errors": 0,
        "metrics": [
            {"name": "latency_us.p50", "value": 2_000.0},
            {"name": "latency_us.p99", "value": 8_000.0},
        ],
        "slower": False,
        "basis": "observed",
    }


@step("pipeline.run.reproduced", "service:trainer")
def reproduction(w: Stage) -> Fields:
    """Training was repeated, bit for bit."""
    return {"run": w.refs["run"], "verdict": "identical", "basis": "observed"}
