"""Questions about the record itself: events, streams, refusals, gaps, consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.integrity.answers import (
    Conflict,
    Consumer,
    ConsumerCoverage,
    Event,
    Gap,
    Key,
    LeafCount,
    Range,
    Refusal,
    RowCount,
    ShortLeaf,
    Stream,
    Unreadable,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from projections.database import Connection

__all__ = [
    "Conflict",
    "Consumer",
    "ConsumerCoverage",
    "Event",
    "Gap",
    "Key",
    "LeafCount",
    "Range",
    "Refusal",
    "RowCount",
    "ShortLeaf",
    "Stream",
    "Unreadable",
    "conflicts",
    "consumers",
    "event_find",
    "events",
    "gaps",
    "integrity_of_range",
    "keys",
    "leaf_counts",
    "quarantine",
    "row_counts",
    "short_leaves",
    "streams",
    "unreadable",
]

_PACKAGE = "projections.integrity"


def integrity_of_range(
    connection: Connection,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
) -> Range:
    """Return sizes, refusals, gaps, streams and conflicts sealed in a range (Q05)."""
    known = Bounds(known_as_of=until)

    def within(moment: datetime) -> bool:
        return since is None or moment >= since

    refused = quarantine(connection, limit=limit, bounds=known)
    missing = gaps(connection, bounds=known)
    unread = unreadable(connection, limit=limit, bounds=known)
    return Range(
        origins=tuple(leaf_counts(connection, since=since, until=until)),
        rows=tuple(row_counts(connection)),
        refusals=tuple(row for row in refused if within(row.sealed_at)),
        gaps=tuple(row for row in missing if within(row.sealed_at)),
        streams=tuple(streams(connection, now=now, bounds=known)),
        conflicts=tuple(conflicts(connection, bounds=known)),
        unreadable=tuple(row for row in unread if within(row.sealed_at)),
    )


def events(
    connection: Connection,
    *,
    type_name: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Event]:
    """Return events other than decisions, newest first.

    Args:
        connection: of any role.
        type_name: a type, or a family or noun that ends with a dot.
        subject: about this alone.
        since: happened then or later.
        before: time and id of the last row of the page before this one.
        limit: at most so many.
        bounds: which facts count.
    """
    time, event_id = before or (None, None)
    return ask(
        connection,
        _PACKAGE,
        "events",
        Event,
        bounds,
        type=type_name,
        subject=subject,
        since=since,
        before_time=time,
        before_id=event_id,
        limit=limit,
    )


def event_find(
    connection: Connection, identifier: UUID, *, bounds: Bounds = ALWAYS
) -> Event | None:
    """Return where the event with this id is, of whatever type, or None."""
    return ask_one(connection, _PACKAGE, "event_find", Event, bounds, id=identifier)


def leaf_counts(
    connection: Connection,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[LeafCount]:
    """Return what was sealed in each origin in a range of seal times."""
    return ask(connection, _PACKAGE, "leaf_counts", LeafCount, since=since, until=until)


def row_counts(connection: Connection) -> list[RowCount]:
    """Return for each origin how many events there are and how many rows for them."""
    return ask(connection, _PACKAGE, "row_counts", RowCount)


def short_leaves(connection: Connection, *, limit: int = 1_000) -> list[ShortLeaf]:
    """Return the entries whose events and rows differ in number."""
    return ask(connection, _PACKAGE, "short_leaves", ShortLeaf, limit=limit)


def quarantine(
    connection: Connection,
    *,
    origin: str | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Refusal]:
    """Return records that were refused, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "quarantine",
        Refusal,
        bounds,
        origin=origin,
        limit=limit,
    )


def gaps(connection: Connection, *, bounds: Bounds = ALWAYS) -> list[Gap]:
    """Return what is known to be missing, newest first."""
    return ask(connection, _PACKAGE, "gaps", Gap, bounds)


def streams(
    connection: Connection, *, now: datetime, bounds: Bounds = ALWAYS
) -> list[Stream]:
    """Return producers' streams; silent are those three heartbeats behind ``now``."""
    silent_at = bounds.known_as_of or now
    return ask(connection, _PACKAGE, "streams", Stream, bounds, silent_at=silent_at)


def conflicts(connection: Connection, *, bounds: Bounds = ALWAYS) -> list[Conflict]:
    """Return names that stand for two things."""
    return ask(connection, _PACKAGE, "conflicts", Conflict, bounds)


def unreadable(
    connection: Connection, *, limit: int = 100, bounds: Bounds = ALWAYS
) -> list[Unreadable]:
    """Return events of accepted entries that make no rows, newest first."""
    return ask(connection, _PACKAGE, "unreadable", Unreadable, bounds, limit=limit)


def consumers(
    connection: Connection,
    *,
    since: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[Consumer]:
    """Return who read what and who declared it, undeclared first (Q22)."""
    return ask(connection, _PACKAGE, "consumers", Consumer, bounds, since=since)


def consumer_coverage(
    connection: Connection, *, bounds: Bounds = ALWAYS
) -> list[ConsumerCoverage]:
    """Return where was looked for consumers, and what cannot be seen there (Q22)."""
    return ask(connection, _PACKAGE, "consumer_coverage", ConsumerCoverage, bounds)


def keys(connection: Connection, *, bounds: Bounds = ALWAYS) -> list[Key]:
    """Return authorised keys, newest first (Q27)."""
    return ask(connection, _PACKAGE, "keys", Key, bounds)
