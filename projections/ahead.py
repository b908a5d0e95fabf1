"""Events that are dated ahead: later than now, and than when they were sealed.

They count in every answer that names no moment, as everything recorded does; so an
answer says that there are some.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from projections.asking import ask_one
from projections.status import AHEAD_AFTER

if TYPE_CHECKING:
    from projections.database import Connection


@dataclass(frozen=True, slots=True)
class DatedAhead:
    """The event that is dated furthest ahead.

    Attributes:
        event_id: the event.
        time: when it is said to happen.
    """

    event_id: UUID
    time: datetime


def furthest_ahead(connection: Connection, *, now: datetime) -> DatedAhead | None:
    """Return the event that is dated furthest ahead of now, or None.

    Args:
        connection: of any role.
        now: time of the clock; what is ahead of it by minutes alone is left out.
    """
    return ask_one(
        connection,
        "projections",
        "dated_ahead",
        DatedAhead,
        after=now + AHEAD_AFTER,
        ahead_s=int(AHEAD_AFTER.total_seconds()),
    )
