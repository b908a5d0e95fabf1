"""The fields of the events that results are recorded as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.evaluation.benchmark import Benchmark
    from ledger.evaluation.differential import Difference
    from ledger.evaluation.probing import Probe
    from ledger.evaluation.resampling import Measured

_LONGEST = 256


def comparison_fields(found: Difference) -> dict[str, Any]:
    """Return the fields of ``evaluation.comparison.completed`` of a comparison."""
    agreed = found.agreed
    return {
        "kind": "equivalence" if found.plan.equivalent else "difference",
        "old": found.old.version,
        "new": found.new.version,
        "dataset_digest": found.rows.digest,
        "rows": agreed.rows,
        "equal_rows": agreed.equal_rows,
        "flips": agreed.flips,
        "flips_to_adverse": agreed.flips_to_adverse,
        "mcnemar_p": agreed.mcnemar_p,
        "max_difference": agreed.max_difference,
        "p99_difference": agreed.p99_difference,
        "s_floor": agreed.floor,
        "pi_eq": agreed.pi_eq,
        "tolerance": found.plan.tolerance if found.plan.equivalent else None,
        "first_difference": _short(found.first_difference),
        "metrics": measurements(found.measured),
        "criteria": [one.criterion.id for one in found.judged],
        "passed": found.passed,
        "tool": tool(),
    }


def benchmark_fields(found: Benchmark) -> dict[str, Any]:
    """Return the fields of ``evaluation.benchmark.completed`` of a benchmark."""
    knee = found.knee
    return {
        "kind": found.load.kind,
        "model_version": found.target.version,
        "baseline": found.baseline.version if found.baseline else None,
        "requests": found.requests,
        "errors": found.errors,
        "metrics": measurements(found.measured),
        "knee_per_s": knee.per_s if knee else None,
        "first_error_per_s": knee.first_error_per_s if knee else None,
        "slower": found.slower,
    }


def probe_fields(found: Probe) -> dict[str, Any]:
    """Return the fields of ``evaluation.probe.completed`` of a replay."""
    first = next((miss.case for miss in found.misses if not miss.error), None)
    return {
        "suite": found.suite.name,
        "suite_digest": found.suite.digest,
        "requests": len(found.suite.cases),
        "mismatches": found.mismatches,
        "errors": found.errors,
        "metrics": measurements(found.measured),
        "first_mismatch": _short(first),
        "passed": found.passed,
    }


def measurements(measured: Sequence[Measured]) -> list[Mapping[str, Any]]:
    """Return figures as parts of an event."""
    return [
        {
            "name": one.name,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "slice": _short(one.slice),
        }
        for one in measured
    ]


def tool() -> str:
    """Return the name and version of what measured."""
    from ledger import __version__

    return f"mlledger {__version__}"


def _short(text: str | None) -> str | None:
    return text if text is None else text[:_LONGEST]
