"""A healthy year: many models, trained every day, and nothing wrong with any of them.

What goes on in it looks like trouble and is none: models are trained, approved and put
in the place of others every working day; processes come and go; weekends and holidays
bring no traffic; an emergency is approved the day after; owners leave and hand over;
sources change as they announced; libraries and settings change with a release. Whatever
a rule finds in it is a false finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ledger import clock
from projections.columns import to_time
from projections.golden.faults.telling import IDENTITIES, furnish
from projections.golden.household import DAY_US, HOUR_US, Household
from projections.golden.world import auditor

if TYPE_CHECKING:
    from ledger.emitter import EventRef
    from projections.golden.world import World

__all__ = ["BEGINS", "IDENTITIES", "FalseFinding", "HealthyYear", "tell"]

BEGINS = "2026-01-05T00:00:00Z"
"""A Monday."""
_BEGINS = date(2026, 1, 5)
_EASTER, _CHRISTMAS = date(2026, 4, 3), date(2026, 12, 24)
_CLOSED = {
    **{_EASTER + timedelta(days=n): "Easter" for n in range(4)},
    **{_CHRISTMAS + timedelta(days=n): "company holiday" for n in range(9)},
    date(2026, 5, 1): "Labour Day",
    date(2026, 5, 14): "Ascension",
    date(2026, 5, 25): "Whit Monday",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseFinding:
    """Something a rule found where nothing is wrong.

    Attributes:
        rule: what found it.
        day: day of the year, from 0, on which it was found first.
        cause: what the rule says of it.
    """

    rule: str
    day: int
    cause: str


@dataclass(slots=True, kw_only=True)
class HealthyYear:
    """What a healthy year came to.

    Attributes:
        models: names of the models.
        days: how long it lasted.
        events: how many were recorded.
        looks: how often all rules were evaluated.
        tested: objects tested, over all looks.
        slowest_ms: longest evaluation of each rule.
        errors: rules that could not be evaluated, and why.
        findings: false findings by model, and by the key of the finding; those of no
            model under their system's or object's name.
    """

    models: list[str]
    days: int
    events: int = 0
    looks: int = 0
    tested: int = 0
    slowest_ms: dict[str, int] = field(default_factory=dict[str, int])
    errors: dict[str, str] = field(default_factory=dict[str, str])
    findings: dict[str, dict[str, FalseFinding]] = field(
        default_factory=dict[str, dict[str, FalseFinding]]
    )

    @property
    def worst(self) -> int:
        """The most false findings that any model had in the whole year."""
        return max((len(found) for found in self.findings.values()), default=0)


def tell(
    world: World, *, models: int = 50, days: int = 365, look_every: int = 30
) -> HealthyYear:
    """Tell a healthy year into a ledger that was begun at :data:`BEGINS`.

    Entries are sealed every evening of a working day. The rules are evaluated at the
    end of every month; what they find is counted and not recorded.

    Args:
        world: its stage, with :data:`IDENTITIES`.
        models: how many models.
        days: how long.
        look_every: days between two evaluations of all rules.
    """
    begins_us = clock.now_us()
    furnish(world)
    houses = [Household(world, number, begins_us) for number in range(models)]
    year = HealthyYear(models=[house.model for house in houses], days=days)
    calendar = _Calendar(world, houses, begins_us)
    for day in range(days):
        calendar.live(day)
        if (day + 1) % look_every == 0 or day + 1 == days:
            world.seal()
            _look(world, year, day)
        elif calendar.is_open(day):
            world.seal(project=False)
    year.events = sum(n for name, n in world.counts.items() if " " not in name)
    return year


class _Calendar:
    """Says what happens on which day.

    Args:
        world: the ledger in the making.
        houses: the models.
        begins_us: day 0, microseconds since 1970.
    """

    def __init__(self, world: World, houses: list[Household], begins_us: int) -> None:
        self._world = world
        self._houses = houses
        self._begins_us = begins_us
        self._waiting: set[int] = set()
        self._shadows: dict[int, EventRef] = {}

    def is_open(self, day: int) -> bool:
        """Tell whether people work on a day."""
        today = _BEGINS + timedelta(days=day)
        return today.weekday() < 5 and today not in _CLOSED

    def live(self, day: int) -> None:
        """Let a day go by, from the early training to the evening."""
        self._go_to(day, 4)
        self._note_holidays(day)
        for house in self._houses:
            if day == 0:
                house.move_in()
            elif self.is_open(day):
                self._morning(house, day)
        self._go_to(day, 12)
        if self.is_open(day):
            for house in self._houses:
                self._noon(house, day)
        self._go_to(day, 22)

    def _morning(self, house: Household, day: int) -> None:
        """Train, release and approve; late approvals and shadows come to their end."""
        if house.number in self._waiting:
            self._waiting.remove(house.number)
            house.approve()
        if (day + 7 * house.number) % 121 == 60:
            house.renew()
        emergency = (day + 11 * house.number) % 97 == 50
        house.retrain(emergency=emergency)
        if emergency:
            self._waiting.add(house.number)
        if house.number in self._shadows:
            house.end(self._shadows.pop(house.number))
        elif (day + 13 * house.number) % 73 == 20:
            self._shadows[house.number] = house.shadow()

    def _noon(self, house: Household, day: int) -> None:
        """Answer, learn what came true, and do what the week and the month ask for."""
        house.scale()
        house.work()
        house.learn()
        today = _BEGINS + timedelta(days=day)
        if today.weekday() == 4 or self._is_last_before_holidays(day):
            house.week()
        if day and not self._was_open_this_month(day):
            house.month()
        if day == self._first_open(150 + house.number % 7):
            house.half_year()
        if day == self._first_open(60 + house.number % 30):
            house.announce()

    def _first_open(self, day: int) -> int:
        """Return the first working day from a day on."""
        while not self.is_open(day):
            day += 1
        return day

    def _is_last_before_holidays(self, day: int) -> bool:
        tomorrow = _BEGINS + timedelta(days=day + 1)
        return tomorrow in _CLOSED and tomorrow.weekday() < 5

    def _was_open_this_month(self, day: int) -> bool:
        """Tell whether an earlier day of the month was a working day."""
        today = _BEGINS + timedelta(days=day)
        first = day - today.day + 1
        return any(self.is_open(n) for n in range(max(first, 0), day))

    def _note_holidays(self, day: int) -> None:
        """Note a holiday the week before, as what explains that nothing happens."""
        begins = _BEGINS + timedelta(days=day + 7)
        if begins not in _CLOSED or begins - timedelta(days=1) in _CLOSED:
            return
        ends = begins
        while ends in _CLOSED:
            ends += timedelta(days=1)
        from_us = self._begins_us + (day + 7) * DAY_US
        self._world.emit(
            "monitoring.context.noted",
            signed_by="person:owner",
            title=_CLOSED[begins],
            text="no applications are taken",
            begins=from_us,
            ends=from_us + (ends - begins).days * DAY_US,
        )

    def _go_to(self, day: int, hour: int) -> None:
        wait_us = self._begins_us + day * DAY_US + hour * HOUR_US - clock.now_us()
        if wait_us > 0:
            self._world.later(wait_us / 1e6)


def _look(world: World, year: HealthyYear, day: int) -> None:
    """Evaluate all rules, and count what they find that they had not found before."""
    from projections.controls.engine import evaluate
    from projections.controls.rulebook import rules

    now = to_time(clock.now_us())
    with auditor(world.config) as connection:
        found = evaluate(connection, rules().values(), as_of=now, known_as_of=now)
    year.looks += 1
    for result in found:
        name = result.rule.id
        year.tested += result.population
        year.slowest_ms[name] = max(year.slowest_ms.get(name, 0), result.duration_ms)
        if result.error is not None:
            year.errors[name] = result.error
        for key, row in result.breaches.items():
            of = row.model or row.system_id or row.object_name or ""
            one = FalseFinding(rule=name, day=day, cause=row.cause or "")
            year.findings.setdefault(of, {}).setdefault(key, one)
