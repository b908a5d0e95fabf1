"""The steps of a decision's chain: which table, found by which key, filled by what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from projections.chain_walk import DECISION, Step, Values, Walk

_ABOUT = frozenset(("statement", "reply", "document"))


def _attestation_keys(walk: Walk) -> list[Any]:
    """Return the attestation the decision names, else the last of its deployment."""
    if named := walk.values(DECISION, "attestation_id"):
        return named
    return walk.attested()[-1:]


def _parents(values: Values) -> list[bytes]:
    return [UUID(parent["version"]["id"]).bytes for parent in values["parents"] or ()]


def _flat(*lists: list[list[object]]) -> list[object]:
    return [item for some in lists for one in some for item in one]


def _objects(walk: Walk) -> list[bytes]:
    """Return what a gate may have decided about: releases and their model versions."""
    return walk.ids("release") + walk.values("release", "model_version_id")


def _used_versions(walk: Walk) -> list[object]:
    column = "dataset_version_id"
    return walk.values("input", column) + walk.values("evaluation", column)


def _dataset_names(walk: Walk) -> list[object]:
    return walk.values("dataset version", "dataset") + walk.values("input", "dataset")


def _source_names(walk: Walk) -> list[object]:
    return _flat(
        walk.values("dataset", "sources"), walk.values("dataset version", "sources")
    )


def _system_names(walk: Walk) -> list[object]:
    kinds = ("deployment", "release", "model version")
    return [name for kind in kinds for name in walk.values(kind, "system_id")]


def _everything(walk: Walk) -> list[bytes]:
    return walk.ids(*(kind for kind in STEPS if kind not in _ABOUT))


def _of(kind: str, column: str = "event_id") -> Callable[[Walk], list[Any]]:
    return lambda walk: walk.values(kind, column)


def _words(*columns: str) -> Callable[[Values], str]:
    """Return a title made of the values of some columns."""

    def title(values: Values) -> str:
        found = (values[name] for name in columns)
        return ", ".join(str(value) for value in found if value not in (None, ""))

    return title


STEPS: dict[str, Step] = {
    DECISION: Step(
        "decisions.decision",
        "event_id",
        ("prediction.decision.recorded",),
        lambda walk: [walk.decision_id],
        _words("output", "mode", "path", "use"),
    ),
    "deployment": Step(
        "registry.deployment",
        "event_id",
        ("serving.deployment.activated",),
        _of(DECISION, "deployment_id"),
        _words("environment", "service", "role"),
    ),
    "deployment change": Step(
        "registry.deployment_change",
        "deployment_id",
        ("serving.deployment.changed", "serving.deployment.deactivated"),
        _of("deployment"),
        _words("change", "role", "reason"),
        is_expected=False,
        until_decision=True,
    ),
    "process attestation": Step(
        "registry.process_attestation",
        "event_id",
        ("serving.process.attested",),
        _attestation_keys,
        _words("host", "python", "artifact_digest"),
    ),
    "release": Step(
        "registry.release",
        "event_id",
        ("registry.release.created",),
        _of(DECISION, "release_id"),
        _words("release", "model", "version"),
    ),
    "approval": Step(
        "registry.approval",
        "object_id",
        ("registry.approval.decided",),
        _objects,
        _words("gate", "decision", "meaning"),
    ),
    "model version": Step(
        "registry.model_version",
        "event_id",
        ("registry.model_version.created",),
        _of("release", "model_version_id"),
        _words("model", "version", "artifact_digest"),
        ancestors=_parents,
    ),
    "model": Step(
        "registry.model",
        "model",
        ("registry.model.registered",),
        _of("model version", "model"),
        _words("model", "kind", "owner"),
    ),
    "evaluation": Step(
        "lineage.evaluation",
        "model_version_id",
        ("evaluation.test.completed",),
        _of("model version"),
        _words("kind", "tool"),
    ),
    "criterion": Step(
        "lineage.criterion",
        "event_id",
        ("evaluation.criteria.set",),
        lambda walk: _flat(walk.values("evaluation", "criteria")),
        _words("metric", "slice", "direction", "limit_value"),
        is_expected=False,
    ),
    "run": Step(
        "lineage.run",
        "event_id",
        ("pipeline.run.started",),
        _of("model version", "run_id"),
        _words("run", "step"),
    ),
    "run update": Step(
        "lineage.run_update",
        "run_id",
        ("pipeline.run.updated",),
        _of("run"),
        lambda values: f"{len(values['metrics'] or ())} metrics",
        is_expected=False,
    ),
    "run end": Step(
        "lineage.run_end",
        "run_id",
        ("pipeline.run.ended",),
        _of("run"),
        _words("outcome", "error"),
    ),
    "input": Step(
        "lineage.input",
        "run_id",
        ("pipeline.input.read",),
        _of("run"),
        _words("name", "role", "digest"),
    ),
    "dataset version": Step(
        "lineage.dataset_version",
        "event_id",
        ("data.dataset_version.created",),
        _used_versions,
        _words("dataset", "digest"),
        ancestors=lambda values: values["parent_ids"],
    ),
    "dataset": Step(
        "lineage.dataset",
        "dataset",
        ("data.dataset.registered",),
        _dataset_names,
        _words("dataset", "title", "license"),
    ),
    "source": Step(
        "lineage.source",
        "source",
        ("data.source.registered",),
        _source_names,
        _words("source", "title", "owner"),
    ),
    "system": Step(
        "registry.system",
        "system",
        ("governance.system.registered",),
        _system_names,
        _words("system", "title", "owner"),
    ),
    "statement": Step(
        "lineage.statement",
        "valid_for_id",
        ("governance.statement.recorded",),
        _everything,
        _words("field", "author", "text"),
        is_expected=False,
    ),
    "reply": Step(
        "lineage.statement",
        "in_reply_to",
        ("governance.statement.recorded",),
        _everything,
        _words("field", "author", "text"),
        is_expected=False,
    ),
    "payload deletion": Step(
        "decisions.payload_deletion",
        "decision_ids",
        ("governance.payload.deleted",),
        lambda walk: [walk.decision_id],
        _words("cause", "method"),
        is_expected=False,
    ),
    "document": Step(
        "lineage.document",
        "about_id",
        ("governance.document.stored",),
        _everything,
        _words("title", "media_type", "digest"),
        is_expected=False,
    ),
}

TYPES = {step.table: list(step.types) for step in STEPS.values()} | {
    "registry.approval_request": ["registry.approval.requested"]
}
"""Which event types make rows of the tables of a chain."""
