"""What must be kept, and until when: holds and retention rules, as pure functions.

A hold beats every deletion. A *floor* forbids the deletion of what it covers until its
period is over; a *ceiling* makes it due. Where both apply, the floor counts until its
end. A rule or hold covers single decisions; nothing is widened from one decision of a
person to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ledger.vault.store import Held, RuleEvent

CLASS = "payload"
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A retention rule in force.

    Attributes:
        name: of the rule.
        period_us: counted from the decision's time.
        provision: article or section behind it, or None.
        uses: decisions of these uses alone; empty means all.
    """

    name: str
    period_us: int
    provision: str | None
    uses: tuple[str, ...]

    def covers(self, held: Held) -> bool:
        """Tell whether the rule is about a payload."""
        return not self.uses or held.use in self.uses


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold in force."""

    name: str
    provision: str | None
    everything: bool
    decisions: frozenset[bytes]
    cases: frozenset[bytes]
    uses: frozenset[str]

    def covers(self, held: Held) -> bool:
        """Tell whether the hold is about a payload."""
        return (
            self.everything
            or held.decision_id in self.decisions
            or held.case_id in self.cases
            or held.use in self.uses
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that is in force."""

    holds: tuple[Hold, ...]
    floors: tuple[Rule, ...]
    ceilings: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """Why a payload stays.

    Attributes:
        rule: name of the rule or hold.
        provision: article or section behind it, or None.
        until_us: end of the duty, microseconds since 1970; None for a hold.
    """

    rule: str
    provision: str | None
    until_us: int | None


def in_force(events: Iterable[RuleEvent]) -> Rules:
    """Fold events, oldest first, into what is in force: the newest of a name counts."""
    holds: dict[str, Hold] = {}
    rules: dict[str, tuple[str, Rule] | None] = {}
    for event in events:
        f = event.fields
        if event.type == "governance.hold.placed":
            holds[f["hold"]] = _hold(f)
        elif event.type == "governance.hold.released":
            holds.pop(f["hold"], None)
        elif f["data_class"] == CLASS:
            rules[f["rule"]] = (f["bound"], _rule(f)) if f["enabled"] else None
    found = [item for item in rules.values() if item is not None]
    return Rules(
        tuple(holds.values()),
        tuple(rule for bound, rule in found if bound == "floor"),
        tuple(rule for bound, rule in found if bound == "ceiling"),
    )


def duty(rules: Rules, held: Held, *, now_us: int) -> Duty | None:
    """Return why a payload must stay now: a hold, else the duty that ends last.

    What no sealed decision committed to is judged by the time at which it arrived.
    """
    for hold in rules.holds:
        if hold.covers(held):
            return Duty(hold.name, hold.provision, None)
    ends = [
        (begin(held) + rule.period_us, rule)
        for rule in rules.floors
        if rule.covers(held)
    ]
    end, rule = max(ends, key=lambda item: item[0], default=(0, None))
    return Duty(rule.name, rule.provision, end) if rule and end > now_us else None


def is_due(rule: Rule, held: Held, *, now_us: int) -> bool:
    """Tell whether a ceiling asks for the deletion of a payload now."""
    return rule.covers(held) and begin(held) + rule.period_us <= now_us


def begin(held: Held) -> int:
    """Return from when a payload's periods are counted."""
    return held.received_us if held.time_us is None else held.time_us


def _rule(f: dict[str, Any]) -> Rule:
    period = int(f["period_days"]) * DAY_US
    return Rule(f["rule"], period, f.get("provision"), tuple(f["uses"]))


def _hold(f: dict[str, Any]) -> Hold:
    return Hold(
        f["hold"],
        f.get("provision"),
        bool(f["everything"]),
        _ids(f["decisions"]),
        _ids(f["cases"]),
        frozenset(f["uses"]),
    )


def _ids(texts: Sequence[str]) -> frozenset[bytes]:
    return frozenset(UUID(text).bytes for text in texts)
