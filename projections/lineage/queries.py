"""Questions about runs, data sets, sources, evaluations, and about any digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.lineage.answers import (
    Dataset,
    DatasetVersion,
    DataSource,
    Evaluation,
    Identified,
    Input,
    Live,
    Run,
    RunUpdate,
    Thing,
)

if TYPE_CHECKING:
    from uuid import UUID

    from projections.database import Connection

__all__ = [
    "DataSource",
    "Dataset",
    "DatasetVersion",
    "Evaluation",
    "Identified",
    "Input",
    "Live",
    "Run",
    "RunUpdate",
    "Thing",
    "dataset_versions",
    "datasets",
    "evaluations",
    "inputs",
    "run_show",
    "run_updates",
    "runs",
    "sources",
    "whatis",
]

_PACKAGE = "projections.lineage"


def runs(
    connection: Connection,
    *,
    run: UUID | None = None,
    step: str | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Run]:
    """Return runs, newest first."""
    return ask(
        connection, _PACKAGE, "runs", Run, bounds, run=run, step=step, limit=limit
    )


def run_show(
    connection: Connection, run: UUID, *, bounds: Bounds = ALWAYS
) -> Run | None:
    """Return one run by its start event, or None."""
    return ask_one(
        connection, _PACKAGE, "runs", Run, bounds, run=run, step=None, limit=1
    )


def run_updates(
    connection: Connection, run: UUID, *, bounds: Bounds = ALWAYS
) -> list[RunUpdate]:
    """Return what was added to a run after its start, in order."""
    return ask(connection, _PACKAGE, "run_updates", RunUpdate, bounds, run=run)


def inputs(
    connection: Connection, run: UUID, *, bounds: Bounds = ALWAYS
) -> list[Input]:
    """Return the data that a run read, by rank."""
    return ask(connection, _PACKAGE, "inputs", Input, bounds, run=run)


def datasets(
    connection: Connection, *, dataset: str | None = None, bounds: Bounds = ALWAYS
) -> list[Dataset]:
    """Return the registered data sets by name."""
    return ask(connection, _PACKAGE, "datasets", Dataset, bounds, dataset=dataset)


def dataset_versions(
    connection: Connection,
    *,
    dataset: str | None = None,
    dataset_version: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[DatasetVersion]:
    """Return versions of data sets, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "dataset_versions",
        DatasetVersion,
        bounds,
        dataset=dataset,
        dataset_version=dataset_version,
        limit=limit,
    )


def sources(
    connection: Connection, *, source: str | None = None, bounds: Bounds = ALWAYS
) -> list[DataSource]:
    """Return the registered sources by name."""
    return ask(connection, _PACKAGE, "sources", DataSource, bounds, source=source)


def evaluations(
    connection: Connection,
    *,
    model_version: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Evaluation]:
    """Return tests, newest first (Q17)."""
    return ask(
        connection,
        _PACKAGE,
        "evaluations",
        Evaluation,
        bounds,
        model_version=model_version,
        limit=limit,
    )


def whatis(
    connection: Connection, digest: str, *, bounds: Bounds = ALWAYS
) -> Identified:
    """Return everything recorded under a digest, and where its models answer.

    Args:
        connection: of any role.
        digest: ``sha256:`` and 64 hexadecimal digits.
        bounds: which facts count.
    """
    things = ask(connection, _PACKAGE, "whatis", Thing, bounds, digest=digest)
    versions = sorted({t.model_version_id for t in things if t.model_version_id})
    live: list[Live] = []
    if versions:
        live = ask(
            connection,
            _PACKAGE,
            "live_model_versions",
            Live,
            bounds,
            model_versions=versions,
        )
    return Identified(digest, tuple(things), tuple(live))
