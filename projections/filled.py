"""Which event fills a field of an answer; pure descriptions, no database here.

The class of an answer says it once::

    FILLED: ClassVar[Filled] = filled(
        "governance.hold.placed",
        released_at=by("governance.hold.released", "release_id"),
        active=derived("governance.hold.released"),
    )

The first type fills every field that is not named.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from projections.evidence import Evidence

ENVELOPE = frozenset(item.name for item in dataclasses.fields(Evidence))
"""Columns of every row that say where it comes from; they have no status."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from.

    Attributes:
        event: type of the event that fills it; empty where nobody has said.
        id_field: column with the id of that event, or with a list of them.
        derived: whether it is computed from such events, not said by one.
        erasable: whether it tells of personal payload, which may be erased.
    """

    event: str
    id_field: str = "event_id"
    derived: bool = False
    erasable: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """The sources of the fields of one kind of row.

    Attributes:
        other: source of every field that is not named.
        named: sources by field.
    """

    other: Source
    named: Mapping[str, Source] = field(default_factory=dict[str, Source])

    def source(self, name: str) -> Source:
        """Return the source of a field."""
        return self.named.get(name, self.other)

    @property
    def ids(self) -> frozenset[str]:
        """Columns that hold ids of events; they are evidence and have no status."""
        return frozenset(one.id_field for one in (self.other, *self.named.values()))

    @property
    def events(self) -> tuple[str, ...]:
        """Types of the events that fill the row, the row's own first."""
        sources = (self.other, *self.named.values())
        return tuple(dict.fromkeys(one.event for one in sources if one.event))


def filled(event: str, /, **named: Source) -> Filled:
    """Return the sources of a row whose own event is of a type."""
    return Filled(Source(event), named)


def computed(event: str, /, **named: Source) -> Filled:
    """Return the sources of a row that is computed from events of a type."""
    return Filled(Source(event, derived=True), named)


def by(event: str, id_field: str) -> Source:
    """Return a field that another event than the row's own fills."""
    return Source(event, id_field)


def derived(event: str) -> Source:
    """Return a field that is computed from events of a type."""
    return Source(event, derived=True)


def sources_of(answer: object) -> Filled:
    """Return the sources of a row, or of a class of rows."""
    found: Any = getattr(answer, "FILLED", None)
    return found if isinstance(found, Filled) else filled("")
