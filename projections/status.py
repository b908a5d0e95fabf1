"""What stands behind each field of an answer: recorded, late or not recorded.

A field is one of

* ``recorded``: an event says so; ``stated``: a person said so in an event;
* ``derived``: computed from events; ``withheld``: known, and not shown here;
* ``late``: recorded, but sealed more than a day after it is said to have happened;
* ``ahead``: recorded, and dated after it was sealed: a plan, or a clock that was wrong;
* ``conflicting``: its event is one of two that contradict each other;
* ``erased``: the payload it tells of was deleted, and an event says so;
* ``not_recorded``: no event says so; ``filled_by`` names the type that would.

``basis`` is how its producer knew it, as the event says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

from projections.evidence import ALWAYS
from projections.filled import ENVELOPE, Source, sources_of

if TYPE_CHECKING:
    from projections.database import Connection
    from projections.evidence import Bounds

Status = Literal[
    "recorded",
    "stated",
    "derived",
    "not_recorded",
    "late",
    "ahead",
    "conflicting",
    "erased",
    "withheld",
]
NOT_RECORDED = "Not recorded"
LATE_AFTER = timedelta(days=1)
AHEAD_AFTER = timedelta(minutes=5)
"""By so much the clocks of a producer and of the sealer may differ."""
STATUS = "field_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is known of an event, beside what it says.

    Attributes:
        basis: how the fact is known, as its producer says.
        late: sealed more than a day after its claimed time.
        conflicting: there is another event that contradicts it.
        erased: it is a decision whose payload was deleted.
    """

    event_id: UUID
    basis: str | None
    time: datetime
    sealed_at: datetime
    conflicting: bool
    erased: bool

    @property
    def late(self) -> bool:
        """Whether it was sealed more than a day after its claimed time."""
        return self.sealed_at - self.time > LATE_AFTER

    @property
    def ahead(self) -> bool:
        """Whether it is dated after it was sealed, by more than clocks differ."""
        return self.time - self.sealed_at > AHEAD_AFTER


Marks = Mapping[UUID, Mark]


def marks_of(
    connection: Connection, answer: object, *, bounds: Bounds = ALWAYS
) -> Marks:
    """Return the marks of every event that an answer rests on.

    Args:
        connection: of any role.
        answer: rows, or what holds rows at any depth.
        bounds: which facts count.
    """
    from projections.asking import ask

    ids = sorted(set(_event_ids(answer)))
    if not ids:
        return {}
    found = ask(connection, "projections", "event_marks", Mark, bounds, ids=ids)
    return {one.event_id: one for one in found}


def field_status(row: object, marks: Marks) -> dict[str, dict[str, object]]:
    """Return the status of each field of one row, by its name.

    Args:
        row: an answer, a dataclass.
        marks: of its events.
    """
    sources = sources_of(row)
    return {
        name: _status(row, name, sources.source(name), marks)
        for name in fields_with_status(type(row))
        if not _is_nested(getattr(row, name))
    }


def fields_with_status(kind: type) -> list[str]:
    """Return the fields of a kind of row that have a status, in order."""
    names = [item.name for item in dataclasses.fields(cast("Any", kind))]
    is_event = {"leaf", "idx"} <= set(names)
    hidden = sources_of(kind).ids
    if is_event:
        hidden |= ENVELOPE
    return [name for name in names if name not in hidden]


def is_row(answer: object) -> bool:
    """Tell whether something is a row: an instance of a dataclass."""
    return dataclasses.is_dataclass(answer) and not isinstance(answer, type)


def rows_in(answer: object) -> Iterator[object]:
    """Yield every row that an answer holds, at any depth."""
    if isinstance(answer, list | tuple):
        for one in cast("Sequence[object]", answer):
            yield from rows_in(one)
    elif is_row(answer):
        yield answer
        for item in dataclasses.fields(cast("Any", answer)):
            yield from rows_in(getattr(answer, item.name))


def _event_ids(answer: object) -> Iterator[UUID]:
    for row in rows_in(answer):
        for name in sources_of(row).ids:
            yield from _ids(getattr(row, name, None))


def _ids(value: object) -> list[UUID]:
    if isinstance(value, UUID):
        return [value]
    if isinstance(value, list | tuple):
        return [one for one in cast("Sequence[object]", value) if isinstance(one, UUID)]
    return []


def _is_nested(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(is_row(one) for one in cast("Sequence[object]", value))
    return is_row(value)


def _status(row: object, name: str, source: Source, marks: Marks) -> dict[str, object]:
    value = getattr(row, name)
    ids = _ids(getattr(row, source.id_field, None))
    found = [marks[one] for one in ids if one in marks]
    word = _word(value, source, found, has_id=hasattr(row, source.id_field))
    if word == "not_recorded" and name in getattr(row, "withheld_fields", ()):
        return {"status": "withheld"}
    if word == "not_recorded":
        return {"status": word, "filled_by": source.event or None}
    if source.derived:
        return {"status": word, "basis": "derived"}
    basis = sorted({one.basis for one in found if one.basis})
    return {"status": word, "basis": basis[0] if len(basis) == 1 else basis or None}


def _word(
    value: object, source: Source, found: Sequence[Mark], *, has_id: bool
) -> Status:
    if source.erasable and any(one.erased for one in found):
        return "erased"
    if value is None or (has_id and not source.derived and not found):
        return "not_recorded"
    for said in ("conflicting", "ahead"):
        if any(getattr(one, said) for one in found):
            return said
    if source.derived:
        return "derived"
    if any(one.late for one in found):
        return "late"
    return "stated" if any(one.basis == "stated" for one in found) else "recorded"
