"""The golden ledger: two systems, and what happened to them in 2026.

``credit``: three releases. The second was trained on a source that turned out to be
poisoned: its release was recalled, the first came back, an incident was reported, and
the third was trained without the source. ``triage``: three releases, one of them
withdrawn before it ever ran; a hospital's edge device delivers its decisions nine days
late; a patient asks for erasure. An auditor finds things; people review, override and
hand over.

Everything that a question can ask for happens at least once, on a known day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from projections.golden.credit_incident import chapters_of_credit
from projections.golden.ground import tell_ground
from projections.golden.telling import IDENTITIES, Lived, Teller
from projections.golden.triage import chapters_of_triage

if TYPE_CHECKING:
    from ledger.emitter import EventRef
    from projections.golden.world import World

__all__ = ["BEGINS", "IDENTITIES", "Golden", "Lived", "tell"]

BEGINS = "2026-01-05T08:00:00Z"


@dataclass(frozen=True, slots=True)
class Golden:
    """The golden ledger's landmarks.

    Attributes:
        named: events by their name in the story, such as ``release credit-v2``,
            ``credit-score v1`` (a version), ``prod credit-v1`` (a deployment),
            ``d1-0`` (the first decision under credit's first release).
        ends: ISO 8601 time at which the story is over.
    """

    named: dict[str, EventRef]
    ends: str


def tell(world: World) -> Golden:
    """Tell the whole story into a world that begins at :data:`BEGINS`."""
    credit = Teller(
        world, "credit", "credit-score", ("income", "debt", "months_at_address")
    )
    triage = Teller(world, "triage", "triage-risk", ("age", "pulse", "lactate"))
    tell_ground(world)
    chapters = [*chapters_of_credit(credit), *chapters_of_triage(triage)]
    for chapter in sorted(chapters, key=lambda one: one.date):
        chapter.teller.day(chapter.date)
        chapter.happens()
        chapter.teller.night()
    world.at("2026-07-01T00:00:00Z")
    world.seal()
    return Golden(world.named, "2026-07-01T00:00:00Z")
