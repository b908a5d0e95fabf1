"""Rows that say what the event says: one column for each field, in the event's order.

A reference to another event makes two columns, its id and its digest; every other field
makes one. Facts whose table says more than the event (or less) have a function of their
own beside the name of their projection.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ledger.avro import field_hints
from ledger.events.base import LeanEvent, Meta, Ref, event_class
from projections.rows import EventPosition, Fields, Row, common, ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.codec import Decoded

Values = tuple[object, ...]
_LEAN = frozenset(LeanEvent.model_fields)


class Facts:
    """The tables of a projection, by event type: its function from events to rows.

    Args:
        plain: event type → table with the very fields of the type as columns.
        made: event type → table, and the function from the event's fields to the
            values of its columns.
    """

    def __init__(
        self,
        plain: Mapping[str, str],
        made: Mapping[str, tuple[str, Callable[[Fields], Values]]] | None = None,
    ) -> None:
        self._plain = plain
        self._made = made or {}

    def __call__(
        self,
        event: Decoded,
        position: EventPosition,
        sealed_at: int,
        identity: str,
        kind: str = "",  # noqa: ARG002  part of the port
    ) -> tuple[Row, ...]:
        """Return the row of an event, or none; see :class:`projections.rows.RowsOf`."""
        name = event.name
        if table := self._plain.get(name):
            values = values_of(name, event.fields)
        elif found := self._made.get(name):
            table, make = found
            values = make(event.fields)
        else:
            return ()
        first = common(event, position, sealed_at, identity)
        return (Row(table, first + values),)


def values_of(name: str, fields: Fields) -> Values:
    """Return the fields of an event of a type as values of columns, in order."""
    values: list[object] = []
    for field, is_reference in columns_of(name):
        if is_reference:
            values += ref(fields[field])
        else:
            values.append(fields[field])
    return tuple(values)


@cache
def columns_of(name: str) -> tuple[tuple[str, bool], ...]:
    """Return each field of an event type, and whether it refers to another event."""
    hints = field_hints(event_class(name))
    lean = issubclass(event_class(name), LeanEvent)
    return tuple(
        (field, _is_reference(hint))
        for field, hint in hints.items()
        if hint is not Meta and not (lean and field in _LEAN)
    )


def _is_reference(hint: object) -> bool:
    return hint is Ref or hint == Ref | None
