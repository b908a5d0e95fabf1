"""Releasing and approving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.steps.basis import USE, Fields, step

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@step("registry.release.created", "person:author")
def release(w: Stage) -> Fields:
    """Everything the version is deployed with."""
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


@step("registry.approval.requested", "person:author")
def request(w: Stage) -> Fields:
    """The author asks for approval."""
    return {
        "object": w.refs["release"],
        "gate": "production",
        "digest": w.versioned("release"),
        "requested_of": "person:approver",
    }


@step("registry.approval.decided", "person:approver")
def approval(w: Stage) -> Fields:
    """Another person, who may, approves the very digest."""
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
