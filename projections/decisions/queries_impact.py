"""Which decisions rest on a source, a withdrawal or a part of a source (Q08)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import InvalidEventError, NotFoundError
from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.decisions.impact import MAX_THINGS, Edge, Met, Spread
from projections.decisions.impact_answers import Impact, Touched, TouchedUse, Withdrawal
from projections.integrity.notifying import notify_list

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.database import Connection

_PACKAGE = "projections.decisions"
_STEPS = {
    "dataset_version": "impact_of_datasets",
    "run": "impact_of_runs",
    "model_version": "impact_of_versions",
    "release": "impact_of_releases",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    object_id: UUID
    decisions: int
    first_time: datetime | None
    last_time: datetime | None
    live: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    object_id: UUID
    name: str
    via_id: UUID | None
    via: str
    weak: bool


@dataclass(frozen=True, slots=True)
class _Recorded:
    recorded: bool


def decisions_by_source(
    connection: Connection,
    *,
    source: str | None = None,
    withdrawal: UUID | None = None,
    batch: str | None = None,
    since: datetime | None = None,
    limit: int = MAX_THINGS,
    bounds: Bounds = ALWAYS,
) -> Impact:
    """Return what rests on a source, level by level down to its decisions (Q08).

    Args:
        connection: of any role.
        source: name of the source.
        withdrawal: event of a withdrawal, which says source, part and time.
        batch: part of the source; nothing records what holds a part unless the
            withdrawal names it.
        since: only what was drawn then or later; else what the withdrawal says.
        limit: at most so many things in all.
        bounds: which facts count.

    Raises:
        InvalidEventError: neither source nor withdrawal is named.
        NotFoundError: no such withdrawal is recorded.
    """
    gone = _withdrawal(connection, withdrawal, source, batch, bounds)
    name = gone.source if gone else source
    if name is None:
        raise InvalidEventError("--param source=… or --param withdrawal=… is needed")
    begin = since or (gone.since if gone else None)
    starts = ask(
        connection,
        _PACKAGE,
        "impact_sources",
        _Start,
        bounds,
        source=name,
        since=begin,
        named=(gone.dataset_versions or []) if gone else [],
        batch=batch or (gone.batch if gone else None),
        limit=limit + 1,
    )
    spread = _spread(connection, name, starts, limit, bounds)
    return _answer(connection, name, begin, gone, spread, bounds)


def _withdrawal(
    connection: Connection,
    withdrawal: UUID | None,
    source: str | None,
    batch: str | None,
    bounds: Bounds,
) -> Withdrawal | None:
    found = ask_one(
        connection,
        _PACKAGE,
        "impact_withdrawal",
        Withdrawal,
        bounds,
        withdrawal=withdrawal,
        source=source,
        batch=batch,
    )
    if withdrawal is not None and found is None:
        raise NotFoundError(f"withdrawal {withdrawal}: not recorded")
    return found


def _spread(
    connection: Connection,
    source: str,
    starts: Sequence[_Start],
    limit: int,
    bounds: Bounds,
) -> Spread:
    def expand(kind: str, ids: Sequence[UUID]) -> list[Edge]:
        name = _STEPS.get(kind)
        return [] if name is None else edges(name, ids=ids)

    def edges(name: str, **values: object) -> list[Edge]:
        found = ask(connection, _PACKAGE, name, Edge, bounds, limit=limit + 1, **values)
        return spread.bounded(found, limit)

    spread = Spread(expand, things=limit)
    seeds = spread.bounded([_seed(one) for one in starts], limit)
    spread.walk([one for one in seeds if not one.weak], "proved")
    known = spread.of_kind("dataset_version")
    features = edges("impact_of_features", source=source, ids=known)
    spread.walk([*(one for one in seeds if one.weak), *features], "possible")
    spread.walk(edges("impact_unknown"), "unknown")
    return spread


def _seed(one: _Start) -> Edge:
    return Edge(
        kind="dataset_version",
        object_id=one.object_id,
        name=one.name,
        via_id=one.via_id,
        via=one.via,
        weak=one.weak,
    )


def _answer(
    connection: Connection,
    source: str,
    since: datetime | None,
    gone: Withdrawal | None,
    spread: Spread,
    bounds: Bounds,
) -> Impact:
    releases = spread.of_kind("release")
    counts = {
        one.object_id: one
        for one in ask(
            connection,
            _PACKAGE,
            "impact_counts",
            _Count,
            bounds,
            releases=releases,
            deployments=spread.of_kind("deployment"),
        )
    }
    uses = _uses(spread, counts)
    known = [one for one in releases if spread.met[one].certainty != "unknown"]
    sums = {
        word: sum(counts[one].decisions for one in spread.of_kind("release", word))
        for word in ("proved", "possible", "unknown")
    }
    said = ask_one(
        connection, _PACKAGE, "source_recorded", _Recorded, bounds, source=source
    )
    return Impact(
        source=source,
        source_recorded=said is not None and said.recorded,
        since=since,
        live_releases=tuple(
            sorted(one.name for one in uses if one.live and one.object_id in known)
        ),
        truncated=spread.truncated,
        withdrawal=gone,
        touched=tuple(sorted(map(_touched, spread.met.values()), key=_order)),
        uses=tuple(uses),
        consumers=tuple(notify_list(connection, known, bounds=bounds)),
        **sums,
    )


def _uses(spread: Spread, counts: Mapping[UUID, _Count]) -> list[TouchedUse]:
    """Return what was met of releases and deployments, releases first."""
    deployments = spread.of_kind("deployment")
    live = {spread.met[one].edge.via_id for one in deployments if counts[one].live}
    return [
        TouchedUse(
            kind=spread.met[one].edge.kind,
            object_id=one,
            name=spread.met[one].edge.name,
            certainty=spread.met[one].certainty,
            live=bool(counts[one].live) or one in live,
            decisions=counts[one].decisions,
            first_time=counts[one].first_time,
            last_time=counts[one].last_time,
        )
        for one in (*spread.of_kind("release"), *deployments)
    ]


def _order(one: Touched) -> tuple[int, int, bytes]:
    words = ("proved", "possible", "unknown")
    return words.index(one.certainty), one.level, one.object_id.bytes


def _touched(met: Met) -> Touched:
    return Touched(
        level=met.level,
        kind=met.edge.kind,
        object_id=met.edge.object_id,
        name=met.edge.name,
        via_id=met.edge.via_id,
        via=met.edge.via,
        certainty=met.certainty,
    )
