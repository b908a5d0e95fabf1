"""Search models, versions and runs with MLflow's filter language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, derived, filled
from projections.registry.filters import Kind, parse_filter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.database import Connection

_PACKAGE = "projections.registry"
_Values = dict[str, Any]
MODEL_ATTRIBUTES: Mapping[str, Kind] = {
    "name": "text",
    "kind": "text",
    "origin": "text",
    "owner": "text",
    "title": "text",
    "lifecycle": "text",
    "system": "text",
    "versions": "number",
    "creation_timestamp": "number",
}
VERSION_ATTRIBUTES: Mapping[str, Kind] = {
    "name": "text",
    "version": "text",
    "run_id": "text",
    "model_version_id": "text",
    "artifact_digest": "text",
    "framework": "text",
    "license": "text",
    "system": "text",
    "user_id": "text",
    "creation_timestamp": "number",
}
RUN_ATTRIBUTES: Mapping[str, Kind] = {
    "run_id": "text",
    "run_name": "text",
    "step": "text",
    "user_id": "text",
    "system": "text",
    "outcome": "text",
    "status": "text",
    "start_time": "number",
    "end_time": "number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """A model that meets the conditions, with the tags of its registration."""

    FILLED: ClassVar[Filled] = filled(
        "registry.model.registered", tags=derived("registry.tag.set")
    )

    model: str
    event_id: UUID | None
    time: datetime | None
    sealed_at: datetime | None
    origin: str | None
    leaf: int | None
    idx: int | None
    identity: str | None
    kind: str | None
    owner: str | None
    title: str | None
    lifecycle: str | None
    versions: int
    newest_version: str | None
    newest_time: datetime | None
    tags: _Values


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVersion(Evidence):
    """A model version that meets the conditions, with what they may be on."""

    FILLED: ClassVar[Filled] = filled(
        "registry.model_version.created",
        tags=derived("registry.tag.set"),
        params=derived("pipeline.run.started"),
        metrics=derived("evaluation.test.completed"),
    )

    model: str
    version: str
    artifact_digest: str
    run_id: UUID | None
    framework: str | None
    license: str | None
    system_id: str | None
    tags: _Values
    params: _Values
    metrics: _Values


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun(Evidence):
    """A run that meets the conditions, with its tags, parameters and last metrics."""

    FILLED: ClassVar[Filled] = filled(
        "pipeline.run.started",
        outcome=derived("pipeline.run.ended"),
        ended_at=derived("pipeline.run.ended"),
        compute=derived("pipeline.run.ended"),
        tags=derived("pipeline.run.updated"),
        params=derived("pipeline.run.updated"),
        metrics=derived("pipeline.run.updated"),
    )

    run: str
    step: str | None
    system_id: str | None
    outcome: str | None
    ended_at: datetime | None
    compute: _Values | None
    tags: _Values
    params: _Values
    metrics: _Values


def search_models(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[FoundModel]:
    """Return the models that meet a filter, by name.

    Raises:
        InvalidEventError: the filter is not of the language; names the place.
    """
    conditions = _conditions(filter, MODEL_ATTRIBUTES)
    return ask(
        connection,
        _PACKAGE,
        "search_models",
        FoundModel,
        bounds,
        conditions=conditions,
        limit=limit,
    )


def search_versions(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[FoundVersion]:
    """Return the model versions that meet a filter, newest first.

    Raises:
        InvalidEventError: the filter is not of the language; names the place.
    """
    conditions = _conditions(filter, VERSION_ATTRIBUTES)
    return ask(
        connection,
        _PACKAGE,
        "search_versions",
        FoundVersion,
        bounds,
        conditions=conditions,
        limit=limit,
    )


def search_runs(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[FoundRun]:
    """Return the runs that meet a filter, newest first.

    Raises:
        InvalidEventError: the filter is not of the language; names the place.
    """
    conditions = _conditions(filter, RUN_ATTRIBUTES)
    return ask(
        connection,
        _PACKAGE,
        "search_runs",
        FoundRun,
        bounds,
        conditions=conditions,
        limit=limit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBenchmark:
    """How fast a model version of a run answered, when it was last measured."""

    run_id: UUID
    event_id: UUID
    kind: str
    metrics: list[_Values]


def run_benchmarks(
    connection: Connection, runs: Sequence[UUID], *, bounds: Bounds = ALWAYS
) -> list[RunBenchmark]:
    """Return how fast the model versions of runs answered."""
    return ask(
        connection, _PACKAGE, "run_benchmarks", RunBenchmark, bounds, runs=list(runs)
    )


def _conditions(text: str, attributes: Mapping[str, Kind]) -> str:
    found = parse_filter(text, attributes=attributes)
    return json.dumps([one.to_dict() for one in found])
