"""The stage of one short story: names of its own, an agenda, and what was told."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

from ledger import clock
from projections.golden.faults.steps import STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ledger.emitter import EventRef
    from projections.golden.world import World

ENDS = 20.0
"""Day at which the rules are evaluated; everything told comes before."""
_DAY_US = 86_400_000_000
_LOOKS = (6.3, 12.3, 18.3)
_LABEL_DAYS = 3
_INVENTORY = (
    "system",
    "role",
    "expert",
    "source",
    "dataset",
    "whole",
    "train",
    "test",
    "train_quality",
    "test_quality",
    "feature_view",
    "model",
    "plan",
    "criterion",
)
_BUILD = ("program", "image", "run", "read", "training_sketch", "run_metrics", "ended")
_EXAMINE = ("version", "evaluation", "validation", "benchmark", "reproduction")
_RELEASE = ("release", "request", "approval")
_START = ("deployment", "attested", "observed")


class Stage:
    """Where one story is told.

    :meth:`clean` puts the story of a system on the agenda in which all is as it should
    be; its steps can be changed or left out, and :meth:`on` adds others. The agenda is
    carried out day by day, together with those of all other stories.

    Args:
        world: the ledger in the making.
        key: prefix of every name; no other story has it.
        begins_us: day 0, microseconds since 1970.

    Attributes:
        system, model, service: names.
        refs: events told, by step: the newest of each step, and each one as
            ``<step>.<generation>``.
        fields: fields of what was told, newest by step.
        generation: number of the model version being made, from 1.
        decisions: ids of the decisions told, in order.
        decided: how many of them each deployment made, by its id.
    """

    def __init__(self, world: World, key: str, begins_us: int) -> None:
        self.world = world
        self.key = key
        self.system = key
        self.model = self.name("model")
        self.service = self.name("service")
        self.refs: dict[str, EventRef] = {}
        self.fields: dict[str, Mapping[str, Any]] = {}
        self.generation: int = 1
        self.decisions: list[bytes] = []
        self.decided: Counter[bytes] = Counter()
        self.agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._begins_us = begins_us
        self._order = count()

    # Names, digests, times -----------------------------------------------------------

    def name(self, what: str) -> str:
        """Return a name that no other story uses."""
        return f"{self.key}.{what}"

    def digest(self, what: str) -> str:
        """Return a digest: the same for the same thing, another in every story."""
        return f"sha256:{sha256(self.name(what).encode()).hexdigest()}"

    def versioned(self, what: str) -> str:
        """Return a digest that differs between generations of the model."""
        return self.digest(f"{what}.{self.generation}")

    def when(self, day: float) -> int:
        """Return a day of the story, past or to come, in microseconds since 1970."""
        return self._begins_us + round(day * _DAY_US)

    @property
    def now(self) -> int:
        """Now, microseconds since 1970."""
        return clock.now_us()

    # The agenda ------------------------------------------------------------------

    def on(self, day: float, what: str | Callable[[], object], **changes: Any) -> None:
        """Put something on the agenda; of one moment, what was put first comes first.

        Args:
            day: 0 to :data:`ENDS`, with a fraction.
            what: name of a step, or a function to call then.
            changes: fields of the step's event that differ from the clean story's.
        """
        act = what if callable(what) else lambda: self.tell(what, **changes)
        self.agenda.append((day, next(self._order), act))

    def clean(
        self,
        *,
        traffic: tuple[float, float] = (2.5, ENDS),
        every: float = 2.0,
        **changes: Mapping[str, Any] | None,
    ) -> None:
        """Put the whole story of a system that no rule objects to on the agenda.

        Day 0: inventory, data, build; day 1: examination, release, approval; day 2:
        deployment; then decisions, outcomes, measurements, until the end.

        Args:
            traffic: first and last day on which decisions are made.
            every: days between two decisions.
            changes: by step, fields that differ; None leaves the step out.
        """
        self._steps(0.0, _INVENTORY, changes)
        self._steps(0.2, _BUILD, changes)
        self._steps(1.0, _EXAMINE, changes)
        self._steps(1.5, _RELEASE, changes)
        self._steps(2.0, _START, changes)
        self._traffic(traffic, every, changes)
        for day in _LOOKS:
            self._steps(
                day, ("attested", "serving_sketch", "drift", "latency"), changes
            )
        self._steps(12.0, ("model_review", "data_review"), changes)
        self._steps(19.55, ("count",), changes)

    def successor(self, day: float, **changes: Mapping[str, Any] | None) -> None:
        """Put a second version on the agenda, which takes over on a day.

        It is trained three days before, compared with the version in use, examined,
        released and approved.

        Args:
            day: when it is deployed and the deployment before it ends.
            changes: by step, fields that differ; None leaves the step out.
        """
        self.on(day - 3, self._next_generation)
        self._steps(day - 3, _BUILD, changes)
        examine = (*_EXAMINE, "comparison")
        self._steps(day - 2, examine, changes)
        self._steps(day - 1, _RELEASE, changes)
        self._steps(day, (*_START, "deactivated"), changes)

    def _next_generation(self) -> None:
        self.generation += 1

    def _traffic(
        self,
        days: tuple[float, float],
        every: float,
        changes: Mapping[str, Mapping[str, Any] | None],
    ) -> None:
        for day in _range(*days, every):
            self._steps(day, ("decision",), changes)
            if day + _LABEL_DAYS < ENDS:
                self._steps(day + _LABEL_DAYS, ("outcome",), changes)

    def _steps(
        self,
        day: float,
        steps: tuple[str, ...],
        changes: Mapping[str, Mapping[str, Any] | None],
    ) -> None:
        for step in steps:
            change = changes.get(step, {})
            if change is not None:
                self.on(day, step, **change)

    # Telling -------------------------------------------------------------------------

    def tell(self, step: str, **changes: Any) -> EventRef:
        """Record a step now; returns what other events refer to it by.

        Args:
            step: see :mod:`projections.golden.faults.steps`.
            changes: fields that differ from the clean story's; ``signed_by`` is who
                signs it.
        """
        known = STEPS[step]
        fields = self.fields[step] = known.fields(self) | changes
        made = self.emit(known.event_type, **{"signed_by": known.signed_by, **fields})
        self.refs[step] = self.refs[f"{step}.{self.generation}"] = made
        if step == "decision":
            self.decisions.append(made.id)
            self.decided[self.refs["deployment"].id] += 1
        return made

    def emit(
        self, event_type: str, /, *, signed_by: str = "service:catalogue", **fields: Any
    ) -> EventRef:
        """Record any event now, as one of this system where its type can say so."""
        from ledger.events.base import FullEvent, event_class

        if issubclass(event_class(event_type), FullEvent):
            fields = {"system_id": self.system, **fields}
        return self.world.emit(event_type, signed_by=signed_by, **fields)


def _range(first: float, last: float, step: float) -> Iterator[float]:
    day = first
    while day < last:
        yield day
        day += step
