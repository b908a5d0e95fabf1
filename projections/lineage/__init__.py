"""Sources, data sets, runs, inputs, evaluations, statements: where a model is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rows import EventPosition, Fields, Row, common, ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.codec import Decoded

SCHEMA = "lineage"


def rows(
    event: Decoded,
    position: EventPosition,
    sealed_at: int,
    identity: str,
    kind: str = "",  # noqa: ARG001  part of the port
) -> tuple[Row, ...]:
    """See :class:`projections.rows.RowsOf`."""
    fact = _FACTS.get(event.name)
    if fact is None:
        return ()
    table, columns = fact
    first = common(event, position, sealed_at, identity)
    return (Row(table, first + columns(event.fields)),)


def _source(f: Fields) -> tuple[object, ...]:
    about = (f["title"], f["kind"], f["owner"], f["notice_days"], f["url"])
    return (f["source"], *about)


def _dataset(f: Fields) -> tuple[object, ...]:
    return (
        f["dataset"],
        f["title"],
        f["owner"],
        f["license"],
        f["purposes"],
        f["sources"],
        f["description"],
    )


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


def _run(f: Fields) -> tuple[object, ...]:
    return (
        f["run"],
        f["step"],
        f["code"],
        f["environment"],
        f["seeds"],
        f["parameters"],
        f["parent"],
        f["capture"],
        f["redactions"],
    )


def _run_update(f: Fields) -> tuple[object, ...]:
    return (f["run"], f["parameters"], f["metrics"], f["tags"])


def _run_end(f: Fields) -> tuple[object, ...]:
    digests = [output["digest"] for output in f["outputs"]]
    return (f["run"], f["outcome"], f["outputs"], digests, f["compute"], f["error"])


def _input(f: Fields) -> tuple[object, ...]:
    return (
        f["run"],
        f["name"],
        f["role"],
        *ref(f["dataset_version"]),
        f["dataset"],
        f["digest"],
        f["scheme"],
        f["bytes_read"],
        f["rows"],
        f["rank"],
    )


def _criterion(f: Fields) -> tuple[object, ...]:
    return (
        f["model"],
        f["metric"],
        f["slice"],
        f["limit"],
        f["direction"],
        f["baseline"],
        f["baseline_value"],
        *ref(f["dataset_version"]),
        f["previous"],
    )


def _evaluation(f: Fields) -> tuple[object, ...]:
    return (
        f["kind"],
        *ref(f["model_version"]),
        f["run"],
        *ref(f["dataset_version"]),
        f["metrics"],
        f["criteria"],
        f["passed"],
        f["overlap_rows"],
        f["tool"],
    )


def _statement(f: Fields) -> tuple[object, ...]:
    return (
        f["author"],
        f["role"],
        f["field"],
        f["text"],
        f["document"],
        f["in_reply_to"],
        *ref(f["valid_for"]),
    )


def _document(f: Fields) -> tuple[object, ...]:
    return (
        f["digest"],
        f["media_type"],
        f["size_bytes"],
        f["title"],
        f["retention_class"],
        f["access_class"],
        f["about"],
    )


def _report(f: Fields) -> tuple[object, ...]:
    return (
        f["report"],
        f["subject"],
        f["digest"],
        f["media_type"],
        f["mapping_version"],
        f["positions"],
        f["known_as_of"],
    )


_FACTS: Mapping[str, tuple[str, Callable[[Fields], tuple[object, ...]]]] = {
    "data.source.registered": ("source", _source),
    "data.dataset.registered": ("dataset", _dataset),
    "data.dataset_version.created": ("dataset_version", _dataset_version),
    "pipeline.run.started": ("run", _run),
    "pipeline.run.updated": ("run_update", _run_update),
    "pipeline.run.ended": ("run_end", _run_end),
    "pipeline.input.read": ("input", _input),
    "evaluation.criteria.set": ("criterion", _criterion),
    "evaluation.test.completed": ("evaluation", _evaluation),
    "governance.statement.recorded": ("statement", _statement),
    "governance.document.stored": ("document", _document),
    "governance.report.issued": ("report", _report),
}
