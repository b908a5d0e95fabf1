"""What a projection makes of one event: rows of fact tables, in column order.

Values keep the event's own forms: ids are 16 bytes, times are microseconds since 1970,
digests are ``sha256:<hex>``, nested records are dictionaries and lists.
:mod:`projections.loading` turns them into what the wire wants, by the column's type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.codec import Decoded

Fields = dict[str, Any]


class EventPosition(NamedTuple):
    """Where an event is in the log.

    Attributes:
        origin: the log, such as ``<name>/p0``.
        leaf: zero-based number of its entry's seal leaf in that origin's tree.
        index: zero-based number of the event in that entry.
    """

    origin: str
    leaf: int
    index: int  # pyright: ignore[reportIncompatibleMethodOverride]

    def __str__(self) -> str:
        return f"{self.origin} leaf {self.leaf} event {self.index}"


class Row(NamedTuple):
    """One row of a fact table: the table's name in its schema, values by column."""

    table: str
    values: tuple[object, ...]


class RowsOf(Protocol):
    """The pure function of a projection."""

    def __call__(
        self,
        event: Decoded,
        position: EventPosition,
        sealed_at: int,
        identity: str,
        kind: str,
        /,
    ) -> tuple[Row, ...]:
        """Return the rows of one event; none when the projection has no use for it.

        Args:
            event: the decoded event.
            position: where it is in the log.
            sealed_at: the sealer's clock, microseconds since 1970.
            identity: who signed it.
            kind: kind of that identity, ``service`` or ``person``.
        """
        ...


def common(
    event: Decoded, position: EventPosition, sealed_at: int, identity: str
) -> tuple[object, ...]:
    """Return the first nine columns of every fact table.

    In order: event_id, time, sealed_at, origin, leaf, idx, identity, basis, system_id.
    """
    meta: Mapping[str, Any] = event.meta or {}
    return (
        event.id,
        event.time,
        sealed_at,
        *position,
        identity,
        meta.get("basis"),
        meta.get("system_id"),
    )


def ref(reference: Mapping[str, Any] | None) -> tuple[bytes | None, str | None]:
    """Return id and digest of a reference to another event, or two times None."""
    return (None, None) if reference is None else (reference["id"], reference["digest"])
