"""Tell all stories into one ledger, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from ledger.output import parse_time
from projections.golden.faults.catalogue import cases
from projections.golden.faults.stage import ENDS, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.golden.faults.catalogue import Case
    from projections.golden.world import World

BEGINS = "2026-03-02T08:00:00Z"
IDENTITIES = (
    "person:author",
    "person:approver",
    "person:reviewer",
    "person:owner",
    "service:catalogue",
    "service:trainer",
    "service:ci",
    "service:server",
    "service:monitor",
)
_DAY_US = 86_400_000_000


def told(world: World, chosen: Iterable[Case] | None = None) -> dict[str, Stage]:
    """Tell stories into a ledger that was begun at :data:`BEGINS`, and seal them.

    Entries are sealed once a day, so that nothing is late by more than a day. At the
    end the clock stands at day :data:`ENDS`, which is when the rules are evaluated.

    Args:
        world: its stage, with :data:`IDENTITIES`.
        chosen: stories; None means all of them.

    Returns:
        The stages by key: ``<rule>.fault`` and ``<rule>.twin``.
    """
    begins_us = parse_time(BEGINS)
    stages: dict[str, Stage] = {}
    furnish(world)
    for case in cases() if chosen is None else chosen:
        stages[case.key] = Stage(world, case.key, begins_us)
        case.tell(stages[case.key])
    today = 0
    agenda = [item for stage in stages.values() for item in stage.agenda]
    for day, _, act in sorted(agenda, key=_when):
        if int(day) > today:
            today = int(day)
            world.seal(project=False)
        _go_to(world, begins_us, day)
        act()
    _go_to(world, begins_us, ENDS)
    world.seal()
    return stages


def _when(item: tuple[float, int, object]) -> tuple[float, int]:
    return item[:2]


def _go_to(world: World, begins_us: int, day: float) -> None:
    """Go to a moment, unless the clock has crept past it already."""
    wait_us = begins_us + round(day * _DAY_US) - clock.now_us()
    if wait_us > 0:
        world.later(wait_us / 1e6)


def furnish(world: World) -> None:
    """Register what all stories share: the environments with their gates."""
    gate = {"gate": "production", "approvals": 1}
    for name, kind, gates in (("prod", "production", [gate]), ("test", "test", [])):
        world.emit(
            "serving.environment.registered",
            signed_by="service:catalogue",
            environment=name,
            kind=kind,
            gates=gates,
            owner="person:owner",
        )
