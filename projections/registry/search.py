"""Search models, versions and runs with MLflow's filter language."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from uuid import UUID

from psycopg.sql import SQL, Identifier

from projections.asking import ALWAYS, Bounds, Evidence, ask, asking
from projections.filled import Filled, derived, filled
from projections.registry.answers import Model
from projections.registry.filters import parse_filter
from projections.registry.orders import parse_orders, require_of_models
from projections.registry.paging import Page, Paging
from projections.statements import composed, part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg.sql import Composed

    from projections.database import Connection
    from projections.registry.filter_words import Kind

_PACKAGE = "projections.registry"
_Values = dict[str, Any]
_Found = TypeVar("_Found")
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
class FoundModel(Model):
    """A model that meets the conditions, with the tags of its registration."""

    FILLED: ClassVar[Filled] = Filled(
        Model.FILLED.other, {**Model.FILLED.named, "tags": derived("registry.tag.set")}
    )

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for.

    Attributes:
        filter: conditions, in MLflow's filter language.
        order_by: what is sorted by, in MLflow's words; empty for the usual order.
        limit: at most so many rows.
        page_token: where the page before ended; empty for the first.
    """

    filter: str
    order_by: str
    limit: int
    page_token: str


def search_models(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    order_by: str = "",
    limit: int = 1_000,
    page_token: str = "",
    bounds: Bounds = ALWAYS,
) -> Page[FoundModel]:
    """Return the models that meet a filter, by name.

    Args:
        connection: of any role.
        filter: conditions joined by AND, such as ``tags.tier = '1'``.
        order_by: names with ASC or DESC, such as ``versions DESC, name``; what has
            no such value comes last.
        limit: at most so many rows, 1 or more.
        page_token: where the page before ended, ``next_page_token`` of the answer.
        bounds: which facts count.

    Raises:
        InvalidEventError: filter or order is not of the language, names the place; or
            the token is of another question.
    """
    wanted = Wanted(filter, order_by, limit, page_token)
    return _search(
        connection, "search_models", FoundModel, MODEL_ATTRIBUTES, wanted, bounds
    )


def search_versions(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    order_by: str = "",
    limit: int = 1_000,
    page_token: str = "",
    bounds: Bounds = ALWAYS,
) -> Page[FoundVersion]:
    """Return the model versions that meet a filter, newest first.

    Args:
        connection: of any role.
        filter: conditions joined by AND, such as ``metrics.auc > 0.8``.
        order_by: names with ASC or DESC, such as ``metrics.auc DESC, name``; what has
            no such value comes last.
        limit: at most so many rows, 1 or more.
        page_token: where the page before ended, ``next_page_token`` of the answer.
        bounds: which facts count.

    Raises:
        InvalidEventError: filter or order is not of the language, names the place; or
            the token is of another question.
    """
    wanted = Wanted(filter, order_by, limit, page_token)
    return _search(
        connection, "search_versions", FoundVersion, VERSION_ATTRIBUTES, wanted, bounds
    )


def search_runs(
    connection: Connection,
    *,
    filter: str = "",  # noqa: A002  the word of MLflow
    order_by: str = "",
    limit: int = 1_000,
    page_token: str = "",
    bounds: Bounds = ALWAYS,
) -> Page[FoundRun]:
    """Return the runs that meet a filter, newest first.

    Args and errors are those of :func:`search_versions`.
    """
    wanted = Wanted(filter, order_by, limit, page_token)
    return _search(connection, "search_runs", FoundRun, RUN_ATTRIBUTES, wanted, bounds)


def _search(
    connection: Connection,
    searched: str,
    kind: type[_Found],
    attributes: Mapping[str, Kind],
    wanted: Wanted,
    bounds: Bounds,
) -> Page[_Found]:
    conditions = parse_filter(wanted.filter, attributes=attributes)
    orders = parse_orders(wanted.order_by, attributes=attributes)
    if searched == "search_models":
        require_of_models(conditions, orders)
    newest = not orders and kind is not FoundModel
    paging = Paging(
        (searched, conditions, orders, bounds), newest, 2 if newest else 2 + len(orders)
    )
    values = {
        "conditions": json.dumps([one.to_dict() for one in conditions]),
        "orders": json.dumps([one.to_dict() for one in orders]),
        "after": paging.place(wanted.page_token),
        "limit": wanted.limit + 1,
        "model": None,
        "as_of": bounds.as_of,
        "known_as_of": bounds.known_as_of,
    }
    names = [item.name for item in fields(cast("Any", kind))]
    statement = _statement(searched, names, newest=newest)
    with asking():
        rows: list[tuple[Any, ...]] = connection.execute(statement, values).fetchall()
    found = [
        kind(**dict(zip(names, row, strict=False))) for row in rows[: wanted.limit]
    ]
    is_cut = len(rows) > wanted.limit
    return Page(found, paging.token(rows[wanted.limit - 1][-1]) if is_cut else "")


def _statement(searched: str, names: Sequence[str], *, newest: bool) -> Composed:
    """Return the statement of a search: what is looked through, met, and sorted."""
    if searched == "search_models":
        models = part(_PACKAGE, "model_list")
        found = part(_PACKAGE, searched, models=models)
    else:
        found = part(_PACKAGE, searched)
    held = part(_PACKAGE, "search_held")
    return composed(
        _PACKAGE,
        "search_newest" if newest else "search_ordered",
        columns=SQL(", ").join(map(Identifier, names)),
        met=part(_PACKAGE, "search_met", found=found, held=held),
        held=held,
        said=part(_PACKAGE, "search_said"),
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
