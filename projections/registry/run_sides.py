"""Gather what a run rests on, as values that can be laid side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from projections.asking import ALWAYS, Bounds
from projections.lineage import queries as lineage
from projections.registry.difference import Difference, Side, compared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.database import Connection
    from projections.lineage.answers import DatasetVersion, Run

_DEPTH = 20
_MAX_VERSIONS = 2_000


def run_diff(
    connection: Connection, run_a: UUID, run_b: UUID, *, bounds: Bounds = ALWAYS
) -> list[Difference]:
    """Return what two runs have alike and what not: code, data, parameters, results.

    Args:
        connection: of any role.
        run_a: the earlier run, by its start event.
        run_b: the later one.
        bounds: which facts count.

    Raises:
        NotFoundError: one of them is not recorded.
    """
    first, second = (_run_side(connection, one, bounds) for one in (run_a, run_b))
    return compared(first, second)


def _run_side(connection: Connection, run: UUID, bounds: Bounds) -> Side:
    from ledger.errors import NotFoundError

    found = lineage.run_show(connection, run, bounds=bounds)
    if found is None:
        raise NotFoundError(f"run {run}: not recorded in the ledger")
    side = Side()
    side.say("run", {"name": found.run, "step": found.step, "outcome": found.outcome})
    say_run(side, connection, found, bounds)
    say_data(side, connection, found, bounds)
    metrics: dict[str, object] = {}
    for update in lineage.run_updates(connection, run, bounds=bounds):
        metrics |= {str(one["name"]): one["value"] for one in update.metrics}
    side.say("metrics", metrics)
    outputs = found.outputs
    digests = None if outputs is None else {o["name"]: o["digest"] for o in outputs}
    side.say("outputs", digests)
    side.say("compute", found.compute)
    return side


def say_run(
    side: Side, connection: Connection, run: Run | None, bounds: Bounds
) -> None:
    """Say code, parameters, seeds and environment of a run; None: not recorded."""
    if run is None:
        for dimension in ("code", "parameters", "seeds", "environment of the run"):
            side.say(dimension, None)
        return
    side.evidence.append(run.event_id)
    parameters: dict[str, object] = dict(run.parameters)
    for update in lineage.run_updates(connection, run.event_id, bounds=bounds):
        parameters |= update.parameters
    side.say("code", run.code)
    side.say("parameters", parameters)
    side.say("seeds", dict(run.seeds))
    side.say("environment of the run", run.environment)


def say_data(
    side: Side, connection: Connection, run: Run | None, bounds: Bounds
) -> None:
    """Say what data a run read, and from which sources that was drawn."""
    if run is None:
        side.say("data", None)
        side.say("sources", None)
        return
    read = lineage.inputs(connection, run.event_id, bounds=bounds)
    side.say("data", {f"{one.role} {one.name}": one.digest for one in read})
    side.evidence += [one.event_id for one in read]
    known = [one.dataset_version_id for one in read if one.dataset_version_id]
    side.say("sources", _sources(side, connection, known, bounds) if known else None)


def _sources(
    side: Side, connection: Connection, versions: Iterable[UUID], bounds: Bounds
) -> dict[str, object]:
    """Walk from data to where it is drawn from, level by level."""
    found: dict[str, object] = {}
    level, seen = set(versions), set[UUID]()
    for _ in range(_DEPTH):
        if not level:
            return found
        seen |= level
        if len(seen) > _MAX_VERSIONS:
            side.truncated = f"sources: more than {_MAX_VERSIONS} dataset versions"
            return found
        rows = [_dataset_version(connection, one, bounds) for one in sorted(level)]
        known = [one for one in rows if one is not None]
        found |= {name: "drawn from" for one in known for name in one.sources}
        level = {parent for one in known for parent in one.parent_ids} - seen
    side.truncated = f"sources: deeper than {_DEPTH} levels" if level else ""
    return found


def _dataset_version(
    connection: Connection, version: UUID, bounds: Bounds
) -> DatasetVersion | None:
    found = lineage.dataset_versions(
        connection, dataset_version=version, limit=1, bounds=bounds
    )
    return found[0] if found else None
