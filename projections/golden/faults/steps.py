"""The steps of a clean story: for each, the event it records and who signs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.golden.faults.stage import Stage

Fields = dict[str, Any]
ROWS = 1_000
FEATURES = (("age", 18.0, 90.0), ("income", 0.0, 9_000.0), ("debt", 0.0, 4_000.0))
"""Name, smallest and largest value of each feature; all are float64."""
USE = "credit"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a story.

    Attributes:
        event_type: what it records.
        signed_by: identity that signs it.
        fields: makes the fields of its event, from what was told before.
    """

    event_type: str
    signed_by: str
    fields: Callable[[Stage], Fields]


STEPS: dict[str, Step] = {}


def _step(
    event_type: str, signed_by: str = "service:catalogue"
) -> Callable[[Callable[[Stage], Fields]], Callable[[Stage], Fields]]:
    """Enter a step under the name of its function."""

    def enter(fields: Callable[[Stage], Fields]) -> Callable[[Stage], Fields]:
        STEPS[fields.__name__] = Step(event_type, signed_by, fields)
        return fields

    return enter


# Inventory ---------------------------------------------------------------------------


@_step("governance.system.registered", "person:owner")
def system(w: Stage) -> Fields:
    return {
        "system": w.system,
        "title": w.system,
        "purpose": "advises on consumer credit",
        "materiality": "high",
        "model_kind": "classifier",
        "origin": "internal",
        "legal_entity": "Example Bank",
        "business_line": "consumer lending",
        "owner": "person:owner",
    }


@_step("governance.role.granted", "person:owner")
def role(w: Stage) -> Fields:
    return {
        "principal": "person:approver",
        "role": "approver",
        "system": w.system,
        "gates": ["production"],
        "valid_from": w.now,
    }


@_step("governance.role.granted", "person:owner")
def expert(w: Stage) -> Fields:
    return {
        "principal": "person:author",
        "role": "expert",
        "system": w.system,
        "model": w.model,
        "stage": "whole",
        "valid_from": w.now,
    }


@_step("data.source.registered")
def source(w: Stage) -> Fields:
    return {
        "source": w.name("source"),
        "title": "customer records",
        "kind": "postgres",
        "owner": "person:owner",
        "notice_days": 14,
    }


@_step("data.dataset.registered")
def dataset(w: Stage) -> Fields:
    return {
        "dataset": w.name("applications"),
        "title": "applications",
        "owner": "person:owner",
        "license": "LicenseRef-internal",
        "purposes": [USE],
        "sources": [w.name("source")],
    }


def _dataset_version(w: Stage, part: str, rows: int, **fields: Any) -> Fields:
    return {
        "dataset": w.name("applications"),
        "digest": w.digest(part),
        "scheme": "table1",
        "rows": rows,
        "sources": [w.name("source")],
        "identity_strength": "content",
        "basis": "observed",
        **fields,
    }


@_step("data.dataset_version.created", "service:trainer")
def whole(w: Stage) -> Fields:
    return _dataset_version(w, "whole", ROWS)


def _split(w: Stage, part: str, share: float) -> Fields:
    return _dataset_version(
        w,
        part,
        round(ROWS * share),
        derived_from=[w.refs["whole"]] if "whole" in w.refs else [],
        preparation="nothing left out",
        split={"name": part, "method": "random", "seed": 7, "fraction": share},
    )


@_step("data.dataset_version.created", "service:trainer")
def train(w: Stage) -> Fields:
    return _split(w, "train", 0.8)


@_step("data.dataset_version.created", "service:trainer")
def test(w: Stage) -> Fields:
    return _split(w, "test", 0.2)


def _quality(w: Stage, part: str) -> Fields:
    return {
        "dataset_version": w.refs[part],
        "assertions": [
            {
                "name": "not_null",
                "column": "age",
                "success": True,
                "severity": "high",
                "expected": "no missing value",
                "actual": "none missing",
            }
        ],
        "passed": True,
        "tool": "checks 1.0",
        "basis": "observed",
    }


@_step("data.quality.checked", "service:trainer")
def train_quality(w: Stage) -> Fields:
    return _quality(w, "train")


@_step("data.quality.checked", "service:trainer")
def test_quality(w: Stage) -> Fields:
    return _quality(w, "test")


@_step("data.feature_view.created")
def feature_view(w: Stage) -> Fields:
    features = [
        {"name": name, "type": "float64", "owner": "person:owner", "max_age_s": 172_800}
        for name, _, _ in FEATURES
    ]
    return {
        "view": w.name("features"),
        "version": "1",
        "features": features,
        "sources": [w.name("source")],
        "dataset_version": w.refs.get("train"),
        "transform_digest": w.digest("transform"),
        "owner": "person:owner",
    }


@_step("registry.model.registered", "person:author")
def model(w: Stage) -> Fields:
    return {
        "model": w.model,
        "kind": "classifier",
        "origin": "internal",
        "owner": "person:owner",
        "description": "scores applications for consumer credit",
    }


# Build -------------------------------------------------------------------------------


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


@_step("pipeline.artifact.packaged", "service:ci")
def program(w: Stage) -> Fields:
    return _package(w, "training_program")


@_step("pipeline.artifact.packaged", "service:ci")
def image(w: Stage) -> Fields:
    return _package(w, "serving_image")


@_step("pipeline.run.started", "service:trainer")
def run(w: Stage) -> Fields:
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


@_step("pipeline.input.read", "service:trainer")
def input(w: Stage) -> Fields:  # noqa: A001  the step's name
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


@_step("monitoring.sketch.recorded", "service:trainer")
def training_sketch(w: Stage) -> Fields:
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


@_step("pipeline.run.updated", "service:trainer")
def run_metrics(w: Stage) -> Fields:
    return {
        "run": w.refs["run"],
        "metrics": [{"name": "auc", "value": 0.84}],
        "basis": "observed",
    }


@_step("pipeline.run.ended", "service:trainer")
def ended(w: Stage) -> Fields:
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


# Examination -------------------------------------------------------------------------


@_step("evaluation.criteria.set", "person:reviewer")
def criterion(w: Stage) -> Fields:
    return {
        "model": w.model,
        "metric": "auc",
        "limit": 0.7,
        "direction": "at_least",
        "baseline": "current rule",
        "baseline_value": 0.65,
        "dataset_version": w.refs.get("test"),
    }


@_step("registry.model_version.created", "service:trainer")
def version(w: Stage) -> Fields:
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


@_step("evaluation.test.completed", "service:trainer")
def evaluation(w: Stage) -> Fields:
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


@_step("evaluation.comparison.completed", "service:trainer")
def comparison(w: Stage) -> Fields:
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


@_step("evaluation.validation.issued", "person:reviewer")
def validation(w: Stage) -> Fields:
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


@_step("evaluation.benchmark.completed", "service:trainer")
def benchmark(w: Stage) -> Fields:
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


@_step("pipeline.run.reproduced", "service:trainer")
def reproduction(w: Stage) -> Fields:
    return {"run": w.refs["run"], "verdict": "identical", "basis": "observed"}


# Release -----------------------------------------------------------------------------


@_step("registry.release.created", "person:author")
def release(w: Stage) -> Fields:
    return {
        "release": w.name(f"r{w.generation}"),
        "model_version": w.refs["version"],
        "model": w.model,
        "version": f"v{w.generation}",
        "artifact_digest": w.versioned("artifact"),
        "configuration_digest": w.digest("configuration"),
        "feature_schema_digest": w.digest("features"),
        "environment_digest": w.digest("packages"),
        "instructions_digest": w.digest("instructions"),
        "thresholds": {"accept": 0.5},
        "backing_services": ["postgres:customers"],
        "secret_references": ["vault:customers@3"],
        "approved_uses": [USE],
        "restrictions": ["not for staff"],
        "change_class": "none" if w.generation == 1 else "predetermined",
        "digest": w.versioned("release"),
        "previous": w.refs.get(f"release.{w.generation - 1}"),
    }


@_step("registry.approval.requested", "person:author")
def request(w: Stage) -> Fields:
    return {
        "object": w.refs["release"],
        "gate": "production",
        "digest": w.versioned("release"),
        "requested_of": "person:approver",
    }


@_step("registry.approval.decided", "person:approver")
def approval(w: Stage) -> Fields:
    return {
        "request": w.refs.get("request"),
        "object": w.refs["release"],
        "gate": "production",
        "digest": w.versioned("release"),
        "decision": "approve",
        "meaning": "approval",
        "mandate": "approver",
        "signature_kind": "person_key",
        "basis": "stated",
    }


# In use ------------------------------------------------------------------------------


@_step("serving.deployment.activated", "service:server")
def deployment(w: Stage) -> Fields:
    return {
        "release": w.refs["release"],
        "release_digest": w.versioned("release"),
        "environment": "prod",
        "service": w.service,
        "role": "champion",
        "traffic": 1.0,
        "emergency": False,
        "reason": "planned",
        "basis": "observed",
    }


@_step("serving.deployment.deactivated", "service:server")
def deactivated(w: Stage) -> Fields:
    """End the deployment before the newest, or the only one there is."""
    before = w.refs.get(f"deployment.{w.generation - 1}", w.refs["deployment"])
    return {"deployment": before, "reason": "another took over", "basis": "observed"}


@_step("serving.process.attested", "service:server")
def attested(w: Stage) -> Fields:
    return {
        "deployment": w.refs["deployment"],
        "release_digest": w.versioned("release"),
        "artifact_digest": w.versioned("artifact"),
        "configuration_digest": w.digest("configuration"),
        "code_digest": w.versioned("serving code"),
        "packages_digest": w.digest("packages"),
        "host": f"host-{w.world.counts.get('serving.process.attested', 0) % 4}",
        "python": "3.11.9",
        "matches": True,
        "basis": "attested",
    }


@_step("serving.deployment.observed", "service:monitor")
def observed(w: Stage) -> Fields:
    return {
        "observer": "orchestrator",
        "environment": "prod",
        "service": w.service,
        "deployment": w.refs.get("deployment"),
        "release_digest": w.versioned("release"),
        "artifact_digest": w.versioned("artifact"),
        "configuration_digest": w.digest("configuration"),
        "image_digest": w.versioned("serving_image"),
        "packages_digest": w.digest("packages"),
        "backing_services": ["postgres:customers"],
        "replicas": 2,
        "basis": "observed",
    }


@_step("prediction.decision.recorded", "service:server")
def decision(w: Stage) -> Fields:
    adverse = len(w.decisions) % 3 == 0
    return {
        "release": w.refs["release"],
        "deployment": w.refs["deployment"],
        "attestation": w.refs.get("attested"),
        "case_id": clock.new_id(),
        "use": USE,
        "path": "model",
        "mode": "human_in_loop",
        "output": "refer" if adverse else "accept",
        "adverse": adverse,
        "reason_codes": ["debt"] if adverse else [],
        "latency_us": 2_000 + 10 * (len(w.decisions) % 7),
    }


@_step("prediction.outcome.observed", "service:catalogue")
def outcome(w: Stage) -> Fields:
    """The outcome of the oldest decision that has none."""
    known = w.world.counts.get(f"outcomes of {w.key}", 0)
    w.world.counts[f"outcomes of {w.key}"] = known + 1
    return {
        "decision": w.decisions[known],
        "outcome": "repaid",
        "observed_at": w.now,
        "source": "collections",
        "censored": False,
        "basis": "observed",
    }


@_step("oversight.review.decided", "person:reviewer")
def review(w: Stage) -> Fields:
    """A person's look at the newest decision."""
    return {
        "decision": w.decisions[-1],
        "reviewer": "person:reviewer",
        "role": "loan officer",
        "group": w.name("officers"),
        "action": "confirm",
        "final_output": "accept",
        "reason_code": "agree",
        "opened_at": w.now - 300_000_000,
        "decided_at": w.now,
        "basis": "observed",
    }


@_step("prediction.count.reported", "service:catalogue")
def count(w: Stage) -> Fields:
    """What the portal counted for itself: all answers of the deployment so far."""
    return {
        "reporter": w.name("portal"),
        "population": "decisions shown to customers",
        "deployment": w.refs["deployment"],
        "period_from": w.when(0),
        "period_to": w.now,
        "count": w.decided[w.refs["deployment"].id],
        "basis": "imported",
    }


# Monitoring --------------------------------------------------------------------------


@_step("monitoring.plan.set", "person:owner")
def plan(w: Stage) -> Fields:
    return {
        "model": w.model,
        "enabled": True,
        "monitors": [
            {
                "monitor": "age",
                "metric": "psi",
                "limit": 0.2,
                "direction": "at_most",
                "feature": "age",
            },
            {
                "monitor": "latency",
                "metric": "latency_us.p99",
                "limit": 20_000.0,
                "direction": "at_most",
            },
        ],
        "measure_every_days": 7.0,
        "review_within_days": 7.0,
        "review_every_days": 90.0,
        "validate_every_days": 365.0,
        "retrain_every_days": 180.0,
        "label_within_days": 14.0,
        "label_share": 0.5,
        "owner": "person:owner",
    }


@_step("monitoring.sketch.recorded", "service:monitor")
def serving_sketch(w: Stage) -> Fields:
    return {
        "model": w.model,
        "deployment": w.refs["deployment"],
        "window_from": w.now - 7 * 86_400_000_000,
        "window_to": w.now,
        "rows": 700,
        "columns": columns(w, 700),
        "basis": "observed",
    }


def _measurement(w: Stage, monitor: str, metric: str, **fields: Any) -> Fields:
    return {
        "model": w.model,
        "deployment": w.refs["deployment"],
        "monitor": monitor,
        "metric": metric,
        "window_from": w.now - 7 * 86_400_000_000,
        "window_to": w.now,
        "rows": 700,
        "breach": False,
        "basis": "observed",
        **fields,
    }


@_step("monitoring.measurement.recorded", "service:monitor")
def drift(w: Stage) -> Fields:
    return _measurement(w, "age", "psi", feature="age", value=0.03, limit=0.2)


@_step("monitoring.measurement.recorded", "service:monitor")
def latency(w: Stage) -> Fields:
    value, limit = 7_500.0, 20_000.0
    return _measurement(w, "latency", "latency_us.p99", value=value, limit=limit)


def _review(w: Stage, kind: str) -> Fields:
    return {
        "kind": kind,
        "model": w.model,
        "trigger": "schedule",
        "reviewer": "person:reviewer",
        "decision": "accept",
        "next_due": w.when(110),
    }


@_step("monitoring.review.completed", "person:reviewer")
def model_review(w: Stage) -> Fields:
    return _review(w, "model") | {"object": w.refs["deployment"]}


@_step("monitoring.review.completed", "person:reviewer")
def data_review(w: Stage) -> Fields:
    return _review(w, "data") | {"dataset": w.name("applications")}
