"""Building and training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.steps.basis import FEATURES, Fields, step

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


def _package(w: Stage, kind: str) -> Fields:
    return {
        "name": w.name(kind),
        "kind": kind,
        "digest": w.versioned(kind),
        "repository": "https://git.example/credit",
        "commit": commit_of(w),
        "dirty": False,
        "builder": "ci job 12",
        "tests_passed": True,
        "sbom_digest": w.versioned(f"{kind} sbom"),
        "environment_digest": w.digest("packages"),
        "basis": "attested",
    }


def commit_of(w: Stage) -> str:
    """Return the commit from which the present generation was built."""
    return w.versioned("commit").removeprefix("sha256:")[:40]


@step("pipeline.artifact.packaged", "service:ci")
def program(w: Stage) -> Fields:
    """The training program is built from a commit."""
    return _package(w, "training_program")


@step("pipeline.artifact.packaged", "service:ci")
def image(w: Stage) -> Fields:
    """The serving image is built from a commit."""
    return _package(w, "serving_image")


@step("pipeline.run.started", "service:trainer")
def run(w: Stage) -> Fields:
    """Training begins: clean code, recorded seeds, recorded packages."""
    return {
        "run": w.name(f"run.{w.generation}"),
        "step": "train",
        "code": {
            "repository": "https://git.example/credit",
            "commit": commit_of(w),
            "branch": "main",
            "dirty": False,
            "entry_command": ["python", "train.py"],
            "entry_digest": w.versioned("train.py"),
        },
        "environment": environment_of(w),
        "seeds": {"numpy": 7, "python": 7},
        "parameters": {"depth": "4"},
        "basis": "observed",
    }


def environment_of(w: Stage) -> Fields:
    """Return the machine and software of a training run."""
    return {
        "python": "3.11.9",
        "implementation": "CPython",
        "os": "Linux 6.1",
        "machine": "x86_64",
        "cpu_count": 8,
        "lock_digest": w.digest("packages"),
        "distributions": 61,
    }


@step("pipeline.input.read", "service:trainer")
def read(w: Stage) -> Fields:
    """Training reads exactly the declared version."""
    return {
        "run": w.refs["run"],
        "name": "applications",
        "role": "training",
        "dataset_version": w.refs.get("train"),
        "dataset": w.name("applications"),
        "digest": w.digest("train"),
        "scheme": "table1",
        "rows": 800,
        "rank": 0,
        "basis": "observed",
    }


def columns(w: Stage, rows: int) -> list[Fields]:
    """Return sketches of all columns; a story changes what it wants to."""
    return [
        {
            "name": name,
            "type": "float64",
            "count": rows,
            "missing": 0,
            "distinct": rows // 2,
            "minimum": low,
            "maximum": high,
            "mean": (low + high) / 2,
            "deviation": (high - low) / 4,
            "quantiles": [low + (high - low) * step / 4 for step in range(5)],
            "newest": w.now - 3_600_000_000,
        }
        for name, low, high in FEATURES
    ]


@step("monitoring.sketch.recorded", "service:trainer")
def training_sketch(w: Stage) -> Fields:
    """What the columns looked like in training."""
    return {
        "model": w.model,
        "run": w.refs["run"],
        "dataset_version": w.refs.get("train"),
        "window_from": w.when(-365),
        "window_to": w.now,
        "rows": 800,
        "columns": columns(w, 800),
        "basis": "observed",
    }


@step("pipeline.run.updated", "service:trainer")
def run_metrics(w: Stage) -> Fields:
    """Training reports a metric."""
    return {
        "run": w.refs["run"],
        "metrics": [{"name": "auc", "value": 0.84}],
        "basis": "observed",
    }


@step("pipeline.run.ended", "service:trainer")
def ended(w: Stage) -> Fields:
    """Training ends and leaves the artifact."""
    artifact = {
        "name": "model",
        "digest": w.versioned("artifact"),
        "scheme": "file",
        "size_bytes": 40_960,
    }
    return {
        "run": w.refs["run"],
        "outcome": "completed",
        "outputs": [artifact],
        "compute": {"wall_us": 60_000_000},
        "basis": "observed",
    }
