"""Deployments, processes, decisions, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from projections.golden.faults.steps.basis import USE, Fields, step

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@step("serving.deployment.activated", "service:server")
def deployment(w: Stage) -> Fields:
    """The release begins to answer in production."""
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


@step("serving.deployment.deactivated", "service:server")
def deactivated(w: Stage) -> Fields:
    """End the deployment before the newest, or the only one there is."""
    before = w.refs.get(f"deployment.{w.generation - 1}", w.refs["deployment"])
    return {"deployment": before, "reason": "another took over", "basis": "observed"}


@step("serving.process.attested", "service:server")
def attested(w: Stage) -> Fields:
    """A process has loaded what the release says."""
    return {
        "deployment": w.refs["deployment"],
        "release_digest": w.versioned("release"),
        "artifact_digest": w.versioned("artifact"),
        "configuration_digest": w.fields["release"]["configuration_digest"],
        "code_digest": w.versioned("serving code"),
        "packages_digest": w.digest("packages"),
        "host": f"host-{w.world.counts.get('serving.process.attested', 0) % 4}",
        "python": "3.11.9",
        "matches": True,
        "basis": "attested",
    }


@step("serving.deployment.observed", "service:monitor")
def observed(w: Stage) -> Fields:
    """The orchestrator sees what the release says."""
    return {
        "observer": "orchestrator",
        "environment": "prod",
        "service": w.service,
        "deployment": w.refs.get("deployment"),
        "release_digest": w.versioned("release"),
        "artifact_digest": w.versioned("artifact"),
        "configuration_digest": w.fields["release"]["configuration_digest"],
        "image_digest": w.versioned("serving_image"),
        "packages_digest": w.digest("packages"),
        "backing_services": ["postgres:customers"],
        "replicas": 2,
        "basis": "observed",
    }


@step("prediction.decision.recorded", "service:server")
def decision(w: Stage) -> Fields:
    """One decision."""
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


@step("prediction.outcome.observed", "service:catalogue")
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


@step("oversight.review.decided", "person:reviewer")
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


@step("prediction.count.reported", "service:catalogue")
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
