"""Sources, data sets, runs, inputs, evaluations, statements: where a model is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.facts import Facts

if TYPE_CHECKING:
    from projections.rows import Fields

SCHEMA = "lineage"


def _dataset_version(f: Fields) -> tuple[object, ...]:
    return (
        f["dataset"],
        f["digest"],
        f["scheme"],
        f["size_bytes"],
        f["rows"],
        [parent["id"] for parent in f["derived_from"]],
        f["derived_from"],
        f["sources"],
        f["split"],
        f["preparation"],
        f["identity_strength"],
    )


def _run_end(f: Fields) -> tuple[object, ...]:
    digests = [output["digest"] for output in f["outputs"]]
    return (f["run"], f["outcome"], f["outputs"], digests, f["compute"], f["error"])


rows = Facts(
    {
        "data.source.registered": "source",
        "data.dataset.registered": "dataset",
        "pipeline.run.started": "run",
        "pipeline.run.updated": "run_update",
        "pipeline.input.read": "input",
        "evaluation.criteria.set": "criterion",
        "evaluation.test.completed": "evaluation",
        "governance.statement.recorded": "statement",
        "governance.document.stored": "document",
        "governance.report.issued": "report",
        "data.source.changed": "source_change",
        "data.source.withdrawn": "source_withdrawal",
        "data.dataset.changed": "dataset_change",
        "data.feature_view.created": "feature_view",
        "data.quality.checked": "quality_check",
        "pipeline.artifact.packaged": "package",
        "pipeline.run.reproduced": "reproduction",
        "evaluation.comparison.completed": "comparison",
        "evaluation.benchmark.completed": "benchmark",
        "evaluation.probe.completed": "probe",
        "evaluation.validation.issued": "validation",
    },
    {
        "data.dataset_version.created": ("dataset_version", _dataset_version),
        "pipeline.run.ended": ("run_end", _run_end),
    },
)
