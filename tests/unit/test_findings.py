"""Findings: what may follow what, whoever found them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.errors import ConflictError, InvalidEventError, NotFoundError
from projections.commands.finding_rows import named
from projections.controls.findings import (
    FindingFact,
    Move,
    State,
    folded,
    key_of,
    require,
)

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
EVIDENCE = UUID(int=99)


def fact(move: str, day: int, **said: Any) -> FindingFact:
    """What was recorded on a day."""
    blank: dict[str, Any] = dict.fromkeys(FindingFact.__dataclass_fields__)
    known: dict[str, Any] = {
        "finding": "k",
        "move": move,
        "event_id": UUID(int=day),
        "time": BEGINS + timedelta(days=day),
        "sealed_at": BEGINS + timedelta(days=day),
        "identity": "service:local",
    }
    return FindingFact(**{**blank, **known, **said})


def opened(day: int = 0, **said: Any) -> FindingFact:
    return fact(
        "opened",
        day,
        **{"finding_origin": "control", "severity": "high", "cause": "x", **said},
    )


def closed(day: int, reason: str = "fixed", **said: Any) -> FindingFact:
    return fact("closed", day, reason=reason, closer="person:c", **said)


def life(*facts: FindingFact) -> Any:
    return folded(facts)["k"]


def test_the_whole_life_of_a_finding() -> None:
    steps = [
        opened(evidence=[EVIDENCE]),
        fact("updated", 1, severity="critical"),
        fact("acknowledged", 2, owner="person:o", due=BEGINS + timedelta(days=9)),
        closed(3, evidence=[UUID(int=98)]),
        fact("reopened", 4, cause="found again"),
    ]
    states = [life(*steps[: n + 1]).state for n in range(len(steps))]
    assert states == ["open", "open", "acknowledged", "closed", "open"]
    last = life(*steps)
    assert (last.severity, last.owner, last.opened) == ("critical", "person:o", 2)
    assert last.reason is last.closer is last.closed_at is None
    assert last.evidence == (EVIDENCE, UUID(int=98))


@pytest.mark.parametrize("origin", ["validation", "audit", "examiner", "incident"])
def test_every_origin_lives_the_same_life(origin: str) -> None:
    found = life(opened(finding_origin=origin), closed(1))
    assert (found.origin, found.state) == (origin, State.CLOSED)


@pytest.mark.parametrize(
    ("facts", "move"),
    [
        ((opened(),), Move.OPENED),
        ((opened(),), Move.REOPENED),
        ((opened(), closed(1)), Move.OPENED),
        ((opened(), closed(1)), Move.CLOSED),
        ((opened(), closed(1)), Move.ACKNOWLEDGED),
        ((opened(), closed(1)), Move.UPDATED),
    ],
)
def test_what_may_not_follow_is_refused(
    facts: tuple[FindingFact, ...], move: Move
) -> None:
    with pytest.raises(ConflictError, match=r"finding k is (open|closed)"):
        require(life(*facts), "k", move)


@pytest.mark.parametrize("move", [one for one in Move if one is not Move.OPENED])
def test_nothing_follows_what_was_never_opened(move: Move) -> None:
    with pytest.raises(NotFoundError):
        require(None, "k", move)
    require(None, "k", Move.OPENED)


def test_what_was_recorded_out_of_order_is_kept_and_shown() -> None:
    """Two workers closed it at once: the first closing counts."""
    found = life(opened(), closed(1), closed(2, reason="accepted_risk"), opened(3))
    assert (found.reason, found.state) == ("fixed", State.CLOSED)
    assert found.out_of_order == (UUID(int=2), UUID(int=3))
    assert folded([closed(1)]) == {}


def test_a_second_opening_of_an_open_finding_is_no_disorder() -> None:
    """Two checks found it before either was in the tables: nothing went wrong."""
    found = life(opened(), opened(1), closed(2))
    assert (found.opened, found.out_of_order) == (1, ())
    assert found.events == tuple(UUID(int=day) for day in range(3))


def test_who_closed_it_is_held_against_its_owner() -> None:
    owned = fact("acknowledged", 1, owner="person:c", due=BEGINS)
    assert life(opened(), owned, closed(2)).closer_is_owner is True
    other = fact("acknowledged", 1, owner="person:o", due=BEGINS)
    assert life(opened(), other, closed(2)).closer_is_owner is False
    assert life(opened(), closed(2)).closer_is_owner is None


@pytest.mark.parametrize(
    ("reason", "until", "comes_back"),
    [
        ("fixed", None, True),
        ("declared", None, True),
        ("stopped", None, True),
        ("false_positive", None, False),
        ("accepted_risk", BEGINS + timedelta(days=30), False),
        ("accepted_risk", BEGINS + timedelta(days=5), True),
    ],
)
def test_which_closed_findings_come_back(
    reason: str, until: datetime | None, comes_back: bool
) -> None:
    found = life(opened(), closed(1, reason, until=until))
    assert found.may_come_back(BEGINS + timedelta(days=10)) is comes_back
    assert not life(opened()).may_come_back(BEGINS)


def test_a_finding_is_overdue_until_it_is_closed() -> None:
    due = fact("acknowledged", 1, owner="person:o", due=BEGINS + timedelta(days=5))
    late = BEGINS + timedelta(days=6)
    assert life(opened(), due).is_overdue(late)
    assert not life(opened(), due, closed(7)).is_overdue(late)
    assert not life(opened()).is_overdue(late)


def test_the_same_breach_has_the_same_key() -> None:
    keys = {
        key_of(*parts) for parts in (("a", "b", ""), ("a", "", "b"), ("ab", "", ""))
    }
    assert len(keys) == 3
    assert key_of("a", "b", "c") == key_of("a", "b", "c")
    assert all(len(key) == 32 for key in keys)


def test_a_finding_is_named_by_the_beginning_of_its_key() -> None:
    found = life(opened())
    known = {"abcd1": found, "abce2": found, "f0f0f": found}
    assert named(known, "f0f0") is found
    for key, error, said in (
        ("abc", ConflictError, "2 findings begin so"),
        ("f0", InvalidEventError, "too little"),
        ("dead", NotFoundError, "no such finding"),
    ):
        with pytest.raises(error, match=said):
            named(known, key)
