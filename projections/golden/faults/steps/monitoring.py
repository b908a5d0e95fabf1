"""Plans, sketches, measurements and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.golden.faults.steps.basis import Fields, step
from projections.golden.faults.steps.build import columns

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@step("monitoring.plan.set", "person:owner")
def plan(w: Stage) -> Fields:
    """What is watched, and how often somebody looks."""
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
        "label_within_days": 7.0,
        "label_share": 0.5,
        "owner": "person:owner",
    }


@step("monitoring.sketch.recorded", "service:monitor")
def serving_sketch(w: Stage) -> Fields:
    """What the columns look like in use."""
    return {
        "model": w.model,
        "deployment": w.refs["deployment"],
        "window_from": w.now - 6 * 86_400_000_000,
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
        "window_from": w.now - 6 * 86_400_000_000,
        "window_to": w.now,
        "rows": 700,
        "breach": False,
        "basis": "observed",
        **fields,
    }


@step("monitoring.measurement.recorded", "service:monitor")
def drift(w: Stage) -> Fields:
    """The data look as they did in training."""
    return _measurement(w, "age", "psi", feature="age", value=0.03, limit=0.2)


@step("monitoring.measurement.recorded", "service:monitor")
def latency(w: Stage) -> Fields:
    """It answers as fast as it did before it was in use."""
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


@step("monitoring.review.completed", "person:reviewer")
def model_review(w: Stage) -> Fields:
    """A person looks at the model."""
    return _review(w, "model") | {"object": w.refs["deployment"]}


@step("monitoring.review.completed", "person:reviewer")
def data_review(w: Stage) -> Fields:
    """A person looks at the data."""
    return _review(w, "data") | {"dataset": w.name("applications")}


@step("governance.access.logged", "person:owner")
def opening(w: Stage) -> Fields:
    """The owner opens a payload and calls it an emergency."""
    return {
        "kind": "payload",
        "principal": "person:owner",
        "purpose": "incident",
        "query": "vault show",
        "rows": 1,
        "payload_opened": True,
        "decision": w.decisions[-1],
        "break_glass": True,
        "reason": "a decision must be taken back today",
        "channel": "vault",
        "basis": "observed",
    }


@step("governance.statement.recorded", "person:reviewer")
def access_review(w: Stage) -> Fields:
    """Another person looks whether it was one."""
    return {
        "author": "person:reviewer",
        "field": "access.review",
        "text": "it was one: the case was reopened the same day",
        "in_reply_to": w.refs["opening"],
        "basis": "stated",
    }
