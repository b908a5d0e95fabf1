"""Two clocks: when it was true, as claimed; and what was known, as sealed.

The sealer's clock is driven by hand: days of a week that is over. What is sealed on day
5 and claims to be of day 1 was not known on day 3, and is true of day 1 ever since.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger import clock
from ledger.events.base import Event
from ledger.seal import drain, sealers_for
from tests.support.database import PERSON, Story, record, tell, write
from tests.support.ledger import SmallLedger
from tests.support.postgres import fresh_database
from tests.support.story import Home, make_home

pytestmark = pytest.mark.postgres
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def day(number: int, hour: int = 0) -> datetime:
    """A moment of the week; day 1 is its Monday."""
    return MONDAY + timedelta(days=number - 1, hours=hour)


def micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def at(moment: datetime) -> AbstractContextManager[None]:
    """Let it be that moment, for everybody in this process."""
    return clock.scripted(lambda: micros(moment) * 1_000)


@dataclass
class Week:
    """A home whose sealer lives through the week."""

    home: Home
    ledger: SmallLedger
    story: Story

    def seal(self, moment: datetime) -> None:
        """Seal and project all that is in the log, at a moment."""
        config, log = self.ledger.config, self.ledger.log
        with at(moment), self.ledger.state() as state:
            drain(sealers_for(config, log, state))
        self.home.work(seal=False)

    def append(self, *events: Event) -> None:
        self.ledger.stream().append(events)

    def live(self, **when: datetime) -> list[str]:
        """Releases that answer in production."""
        options = [f"--{k.replace('_', '-')}={v.isoformat()}" for k, v in when.items()]
        answer = self.home.ask(
            "query", "live_at", "-p", "environment=production", *options
        )
        assert answer.exit == 0
        return sorted(row["service"] for row in answer.data)

    def chain(self, **when: datetime) -> dict[str, str]:
        """Kind of each link of the decision, and whether it holds."""
        options = [f"--{k.replace('_', '-')}={v.isoformat()}" for k, v in when.items()]
        decision = self.story.decision_id
        answer = self.home.ask("decision", "show", decision, "--verify", *options)
        assert answer.exit == 0
        return {
            link["kind"]: "missing" if link["missing"] else link["integrity"]
            for link in answer.data["links"]
        }


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)]
)
def week(
    request: pytest.FixtureRequest,
    postgres_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Week]:
    """Day 1: all but the approval. Day 5: what is told late. Day 6: the usual."""
    kafka = request.param == "kafka"
    bootstrap = request.getfixturevalue("kafka_bootstrap") if kafka else ""
    with fresh_database(postgres_server) as dsn:
        folder = tmp_path_factory.mktemp("times")
        # The ledger begins on day 1: nothing is sealed before the control log was.
        with at(day(1)):
            home = make_home(folder, bootstrap=bootstrap, dsn=dsn, people=False)
            home.work()
        ledger = home.small_ledger()
        with at(day(1, 9)):
            week = Week(home, ledger, tell())
            approval = week.story.events.pop("approval")
            write(ledger, week.story)
        week.seal(day(1, 12))
        late = Story(events={"approval": approval})
        with at(day(5, 9)):
            write(ledger, late)
        week.append(
            second(week, "loans-late", day(1, 10)),
            second(week, "loans-future", day(9)),
        )
        week.seal(day(5, 12))
        week.append(second(week, "loans-usual", day(6, 9)))
        week.seal(day(6, 12))
        yield week
        ledger.close()


def second(week: Week, service: str, moment: datetime) -> Event:
    """One more deployment of the release, claimed to be of a moment."""
    first = week.story.events["deployment"]
    return record(
        "serving.deployment.activated",
        release=first.release,
        release_digest=first.release_digest,
        environment="production",
        service=service,
        role="challenger",
        traffic=0.0,
        emergency=False,
        time=micros(moment),
    )


def test_what_was_sealed_late_was_not_known_before(week: Week):
    assert week.live(as_of=day(2), known_as_of=day(3)) == ["loans-api"]
    assert week.live(as_of=day(2), known_as_of=day(5, 11)) == ["loans-api"]
    assert week.live(known_as_of=day(3)) == ["loans-api"]


def test_and_is_true_of_the_day_it_claims_ever_since(week: Week):
    assert week.live(as_of=day(2)) == ["loans-api", "loans-late"]
    assert week.live(as_of=day(2), known_as_of=day(5, 13)) == [
        "loans-api",
        "loans-late",
    ]
    assert week.live(as_of=day(1, 9)) == ["loans-api"]
    assert week.live(as_of=day(1, 8)) == []


def test_what_claims_the_future_is_known_before_it_is_true(week: Week):
    assert "loans-future" not in week.live(as_of=day(6), known_as_of=day(5, 13))
    assert "loans-future" in week.live(as_of=day(9), known_as_of=day(5, 13))


def test_nothing_is_known_before_the_first_seal(week: Week):
    assert week.live(known_as_of=day(1, 11)) == []
    gone = week.home.ask(
        "decision",
        "show",
        week.story.decision_id,
        f"--known-as-of={day(1, 11).isoformat()}",
    )
    assert gone.exit == 4


def test_the_chain_of_a_decision_grows_and_stays_what_it_was(week: Week):
    then = week.chain(known_as_of=day(3))
    now = week.chain()

    assert then.pop("approval") == "missing"
    assert now.pop("approval") == "verified"
    assert then == now
    assert set(now.values()) == {"verified"}


def test_both_clocks_are_told_apart_in_each_answer(week: Week):
    answer = week.home.ask("query", "approvals")
    (approval,) = answer.data

    assert approval["identity"] == PERSON
    assert UUID(approval["event_id"])
    assert approval["time"].startswith("2026-03-02T09:00:00")
    assert approval["sealed_at"].startswith("2026-03-06T12:00:00")


def test_the_log_of_the_week_is_valid(week: Week):
    assert week.home.exit_code() == 0
