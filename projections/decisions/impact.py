"""What rests on data: level by level through the lineage, by certainty.

Three walks, each from what the one before left open: first along what is recorded for
certain, then along what the record leaves possible, then from what nobody recorded. A
thing is met once, by the most certain way to it, so that a lineage that goes in circles
ends as any other does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

Certainty = Literal["proved", "possible", "unknown"]
MAX_LEVELS = 64
MAX_THINGS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A step of the walk: ``object_id`` is reached from ``via_id``.

    Attributes:
        kind: dataset_version, run, model_version, release or deployment.
        name: for people.
        via: how, in words.
        weak: the record leaves open whether anything went that way.
    """

    kind: str
    object_id: UUID
    name: str
    via_id: UUID | None
    via: str
    weak: bool


@dataclass(frozen=True, slots=True)
class Met:
    """Something that rests on the data.

    Attributes:
        edge: how it was reached first.
        level: steps from the source; 1 for what was drawn from it.
        certainty: of the most certain way to it.
    """

    edge: Edge
    level: int
    certainty: Certainty


Expand = Callable[[str, Sequence[UUID]], Iterable[Edge]]


@dataclass(slots=True)
class Spread:
    """A walk in the making.

    Args:
        expand: returns the edges from things of one kind.
        levels: at most so many steps.
        things: at most so many things.
    """

    expand: Expand
    levels: int = MAX_LEVELS
    things: int = MAX_THINGS
    met: dict[UUID, Met] = field(default_factory=dict[UUID, Met])
    truncated: str = ""
    _weak: list[Edge] = field(default_factory=list[Edge])

    def walk(self, seeds: Iterable[Edge], certainty: Certainty) -> None:
        """Walk from some seeds; of what is proved, weak edges wait for the next walk.

        Args:
            seeds: where to begin; what was left open by the walk before is added.
            certainty: of what is met on this walk.
        """
        waiting, self._weak = self._weak, []
        frontier = self._enter([*seeds, *waiting], certainty)
        while frontier:
            frontier = self._enter(self._next(frontier, certainty), certainty)

    def bounded(self, edges: Sequence[Edge], limit: int) -> list[Edge]:
        """Return at most so many edges; the walk is truncated where there are more.

        Args:
            edges: of one step, asked for with one more than the limit.
            limit: at most so many.
        """
        if len(edges) > limit:
            self.truncated = f"more than {limit} links of one step"
        return list(edges[:limit])

    def of_kind(self, kind: str, certainty: Certainty | None = None) -> list[UUID]:
        """Return what was met of a kind, in the order in which it was met."""
        return [
            one
            for one, met in self.met.items()
            if met.edge.kind == kind and certainty in {None, met.certainty}
        ]

    def _enter(
        self, edges: Iterable[Edge], certainty: Certainty
    ) -> Mapping[str, list[UUID]]:
        new: dict[str, list[UUID]] = {}
        for edge in edges:
            before = self.met.get(edge.via_id) if edge.via_id else None
            level = before.level + 1 if before else 1
            if edge.object_id in self.met:
                continue
            if level > self.levels:
                self.truncated = f"more than {self.levels} levels"
                continue
            if len(self.met) >= self.things:
                self.truncated = f"more than {self.things} things"
                break
            self.met[edge.object_id] = Met(edge, level, certainty)
            new.setdefault(edge.kind, []).append(edge.object_id)
        return new

    def _next(
        self, frontier: Mapping[str, list[UUID]], certainty: Certainty
    ) -> list[Edge]:
        found: list[Edge] = []
        for kind, ids in frontier.items():
            for edge in self.expand(kind, ids):
                waits = edge.weak and certainty == "proved"
                (self._weak if waits else found).append(edge)
        return found
