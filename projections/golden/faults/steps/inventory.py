"""Systems, roles, data and models, as they are entered in the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.golden.faults.steps.basis import FEATURES, ROWS, USE, Fields, step

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@step("governance.system.registered", "person:owner")
def system(w: Stage) -> Fields:
    """An AI system enters the inventory, with an owner and a purpose."""
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


@step("governance.role.granted", "person:owner")
def role(w: Stage) -> Fields:
    """Somebody may approve at the gate of production."""
    return {
        "principal": "person:approver",
        "role": "approver",
        "system": w.system,
        "gates": ["production"],
        "valid_from": w.now,
    }


@step("governance.role.granted", "person:owner")
def expert(w: Stage) -> Fields:
    """Somebody can explain the whole model."""
    return {
        "principal": "person:author",
        "role": "expert",
        "system": w.system,
        "model": w.model,
        "stage": "whole",
        "valid_from": w.now,
    }


@step("data.source.registered")
def source(w: Stage) -> Fields:
    """The source of the data, with the notice its owner gives."""
    return {
        "source": w.name("source"),
        "title": "customer records",
        "kind": "postgres",
        "owner": "person:owner",
        "notice_days": 14,
    }


@step("data.dataset.registered")
def dataset(w: Stage) -> Fields:
    """The dataset, with a license."""
    return {
        "dataset": w.name("applications"),
        "title": "applications",
        "owner": "person:owner",
        "license": "LicenseRef-internal",
        "purposes": [USE],
        "sources": [w.name("source")],
    }


def dataset_version(w: Stage, part: str, rows: int, **fields: Any) -> Fields:
    """Return the fields of a version of the story's dataset, named by its part."""
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


@step("data.dataset_version.created", "service:trainer")
def whole(w: Stage) -> Fields:
    """All rows, from which training and test data are split."""
    return dataset_version(w, "whole", ROWS)


def _split(w: Stage, part: str, share: float) -> Fields:
    return dataset_version(
        w,
        part,
        round(ROWS * share),
        derived_from=[w.refs["whole"]] if "whole" in w.refs else [],
        preparation="nothing left out",
        split={"name": part, "method": "random", "seed": 7, "fraction": share},
    )


@step("data.dataset_version.created", "service:trainer")
def train(w: Stage) -> Fields:
    """The rows to train on."""
    return _split(w, "train", 0.8)


@step("data.dataset_version.created", "service:trainer")
def test(w: Stage) -> Fields:
    """The rows to test on."""
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


@step("data.quality.checked", "service:trainer")
def train_quality(w: Stage) -> Fields:
    """The training data meet what is expected of them."""
    return _quality(w, "train")


@step("data.quality.checked", "service:trainer")
def test_quality(w: Stage) -> Fields:
    """The test data meet what is expected of them."""
    return _quality(w, "test")


@step("data.feature_view.created")
def feature_view(w: Stage) -> Fields:
    """The features, each with an owner and an age at which it is stale."""
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


@step("registry.model.registered", "person:author")
def model(w: Stage) -> Fields:
    """The model, with an owner."""
    return {
        "model": w.model,
        "kind": "classifier",
        "origin": "internal",
        "owner": "person:owner",
        "description": "scores applications for consumer credit",
    }
