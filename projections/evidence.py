"""What the rows of answers lead back to, and which facts count; no database here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.rows import EventPosition


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What every row of an answer leads back to.

    Attributes:
        event_id: the event that said so.
        time: when it happened, as claimed by who signed it.
        sealed_at: when it was sealed, by the sealer's clock.
        origin: log it is in; with leaf and idx its position.
        leaf: seal leaf of its entry.
        idx: its number in the entry.
        identity: who signed it.
    """

    event_id: UUID
    time: datetime
    sealed_at: datetime
    origin: str
    leaf: int
    idx: int
    identity: str

    @property
    def evidence(self) -> EventPosition:
        """Where the event is in the log."""
        return EventPosition(self.origin, self.leaf, self.idx)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which facts count; None means no bound.

    Attributes:
        as_of: what had happened by then, as claimed.
        known_as_of: what had been sealed by then.
    """

    as_of: datetime | None = None
    known_as_of: datetime | None = None


ALWAYS = Bounds()
