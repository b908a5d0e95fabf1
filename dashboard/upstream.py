"""What an event rests on when it is no decision: the same steps, begun further up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from projections.asking import ALWAYS
from projections.chain import links_of
from projections.chain_rows import RowReader
from projections.chain_steps import STEPS
from projections.chain_walk import Step, Walk

if TYPE_CHECKING:
    from projections.chain import Link
    from projections.database import Connection
    from projections.integrity.queries import Event

KINDS = {name: kind for kind, step in STEPS.items() for name in step.types}
"""Kind of link by event type."""
_STARTS = ("deployment", "release", "model version", "run", "dataset version")
_NAMES_SYSTEM = ("deployment", "release", "model version")


def upstream(connection: Connection, event: Event) -> list[Link]:
    """Return what an event rests on, unverified.

    Returns:
        Nothing for an event that no chain of evidence goes on from.
    """
    kind = KINDS.get(event.type, "")
    if kind not in _STARTS:
        return []
    reader = RowReader(connection, ALWAYS)
    links = links_of(Walk(reader, event.event_id, _steps(kind)))
    return [link for link in links if link.event_id != event.event_id]


def _steps(first: str) -> dict[str, Step]:
    kinds = list(STEPS)
    steps = {kind: STEPS[kind] for kind in kinds[kinds.index(first) :]}
    steps[first] = replace(steps[first], column="event_id", keys=_itself)
    if first == "deployment":
        steps["release"] = replace(steps["release"], keys=_released)
    if first not in _NAMES_SYSTEM:
        steps.pop("system")
    return steps


def _itself(walk: Walk) -> list[bytes]:
    return [walk.decision_id]


def _released(walk: Walk) -> list[object]:
    return walk.values("deployment", "release_id")
