"""What changed between two releases, dimension by dimension; pure, no database here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from projections.filled import Filled, computed

State = Literal["same", "changed", "not_recorded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing of two releases, side by side.

    Attributes:
        dimension: artifact, architecture, data, sources, code, parameters, seeds,
            environment, configuration, features, thresholds, services, uses, purpose
            or metrics.
        name: which one, such as a parameter or a metric with its slice.
        before, after: as text; None where it is absent or not recorded.
        state: same, changed or not_recorded (on at least one side).
    """

    FILLED: ClassVar[Filled] = computed("registry.release.created")

    dimension: str
    name: str
    before: str | None
    after: str | None
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDiff:
    """What changed from one release to another, and who said how much that is.

    Attributes:
        release_a, release_b: the two releases, earlier and later.
        change_class: of the later one, as it says: none, predetermined, substantial or
            undetermined.
        decided_by: who approved the later one; who signed it where nobody did.
        decided_at: when.
        decided_as: ``approved`` or ``signed``.
        changed: dimensions in which something changed.
        not_recorded: dimensions in which something cannot be compared.
        differences: everything, same or not.
        truncated: why the walk to the sources was cut, or an empty text.
        evidence_ids: events that this rests on.
    """

    FILLED: ClassVar[Filled] = computed("registry.release.created")

    release_a: UUID
    label_a: str
    release_b: UUID
    label_b: str
    change_class: str | None
    decided_by: list[str]
    decided_at: datetime | None
    decided_as: str
    changed: list[str]
    not_recorded: list[str]
    differences: list[Difference]
    truncated: str
    evidence_ids: list[UUID]


@dataclass(slots=True)
class Side:
    """One release as values: dimension → name → value; None: nothing is recorded.

    A dimension that is recorded and empty is an empty mapping: a parameter that is in
    the one and not in the other has changed.
    """

    values: dict[str, dict[str, object] | None] = field(
        default_factory=dict[str, "dict[str, object] | None"]
    )
    evidence: list[UUID] = field(default_factory=list[UUID])
    truncated: str = ""

    def say(self, dimension: str, values: Mapping[str, object] | None) -> None:
        """Add values of a dimension; None says that it is not recorded."""
        known = self.values.get(dimension)
        if values is None:
            self.values.setdefault(dimension, None)
        else:
            self.values[dimension] = {**(known or {}), **values}


def compared(before: Side, after: Side) -> list[Difference]:
    """Return everything that either side says, in the order of dimensions and names."""
    return [
        _difference(dimension, name, before, after)
        for dimension in dict.fromkeys([*before.values, *after.values])
        for name in _names(before.values.get(dimension), after.values.get(dimension))
    ]


def states(differences: list[Difference], state: State) -> list[str]:
    """Return the dimensions in which something has a state, in order."""
    found = (one.dimension for one in differences if one.state == state)
    return list(dict.fromkeys(found))


def listed(values: object) -> str:
    """Return a value as text that is equal for equal values."""
    import json

    if isinstance(values, str):
        return values
    return json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)


def _names(*sides: Mapping[str, object] | None) -> Iterator[str]:
    names = {name for side in sides if side for name in side}
    yield from sorted(names) or ["-"]


def _difference(dimension: str, name: str, before: Side, after: Side) -> Difference:
    one, other = before.values.get(dimension), after.values.get(dimension)
    old = None if one is None else one.get(name)
    new = None if other is None else other.get(name)
    return Difference(
        dimension=dimension,
        name=name,
        before=None if old is None else listed(old),
        after=None if new is None else listed(new),
        state=_state(one, other, old, new),
    )


def _state(
    one: dict[str, object] | None, other: dict[str, object] | None, old: Any, new: Any
) -> State:
    if one is None or other is None or (old is None and new is None):
        return "not_recorded"
    return "same" if listed(old) == listed(new) else "changed"
