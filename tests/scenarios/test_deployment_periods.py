"""What was live is found through an index of periods: it never hides a deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.asking import Bounds
from projections.database import Connection, Database
from projections.registry.periods import differing_periods
from projections.registry.queries import live_at
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = st.integers(0, 5)


@dataclass(frozen=True)
class Fact:
    """An activation (no change), or a change or end of one of three deployments."""

    deployment: int
    change: str | None
    happened: int
    sealed: int


facts = st.lists(
    st.builds(
        Fact,
        st.integers(1, 3),
        st.sampled_from([None, "changed", "deactivated", "deactivated"]),
        DAYS,
        DAYS,
    ),
    max_size=10,
)
moments = st.one_of(st.none(), DAYS)


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[Database]:
    """The tables of all projections, empty."""
    with fresh_database(postgres_server) as dsn:
        yield Database(dsn)


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    """The owner's connection; all that is written is taken back."""
    with database.connect("owner") as connection:
        yield connection
        connection.rollback()


def day(number: int | None) -> datetime | None:
    return None if number is None else START + timedelta(days=number)


def write(connection: Connection, number: int, fact: Fact) -> None:
    """Insert a fact; another activation takes the place of the first."""
    about = UUID(int=fact.deployment)
    if fact.change is None:
        connection.execute(
            "INSERT INTO registry.deployment (event_id, time, sealed_at, origin, leaf,"
            " idx, identity, environment) VALUES (%s, %s, %s, 'a', 0, 0, 's', 'prod')"
            " ON CONFLICT (event_id) DO UPDATE"
            " SET (time, sealed_at) = ROW (excluded.time, excluded.sealed_at)",
            (about, day(fact.happened), day(fact.sealed)),
        )
    else:
        connection.execute(
            "INSERT INTO registry.deployment_change (event_id, time, sealed_at, origin,"
            " leaf, idx, identity, deployment_id, change)"
            " VALUES (%s, %s, %s, 'a', 0, 0, 's', %s, %s)",
            (
                UUID(int=1_000 + number),
                day(fact.happened),
                day(fact.sealed),
                about,
                fact.change,
            ),
        )


def expected(told: list[Fact], as_of: int | None, known: int | None) -> set[UUID]:
    """Each deployment whose last known change up to then, if any, did not end it."""
    live: set[UUID] = set()
    for one in {fact.deployment: fact for fact in told if not fact.change}.values():
        within = [
            (fact.happened, number, fact)
            for number, fact in enumerate(told)
            if fact.deployment == one.deployment
            and fact.happened <= (99 if as_of is None else as_of)
            and fact.sealed <= (99 if known is None else known)
        ]
        changes = [item for item in within if item[2].change]
        last = max(changes, default=None)
        begun = any(fact is one for _, _, fact in within)
        if begun and (last is None or last[2].change != "deactivated"):
            live.add(UUID(int=one.deployment))
    return live


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=facts, as_of=moments, known=moments)
def test_the_index_hides_no_live_deployment_in_either_time(owner, told, as_of, known):
    with owner.transaction(force_rollback=True):
        for number, fact in enumerate(told):
            write(owner, number, fact)
        bounds = Bounds(as_of=day(as_of), known_as_of=day(known))
        found = {row.event_id for row in live_at(owner, bounds=bounds)}
        assert found == expected(told, as_of, known)
        assert differing_periods(owner) == []


def test_an_end_that_moves_to_another_deployment_frees_the_first(owner):
    for number, fact in enumerate(
        [Fact(1, None, 0, 0), Fact(2, None, 0, 0), Fact(1, "deactivated", 1, 1)]
    ):
        write(owner, number, fact)
    owner.execute(
        "UPDATE registry.deployment_change SET deployment_id = %s", (UUID(int=2),)
    )
    assert [row.event_id.int for row in live_at(owner)] == [1]
    assert differing_periods(owner) == []


def test_periods_are_kept_in_a_schema_that_was_renamed(database):
    with psycopg.connect(database.dsn) as owner:
        owner.execute("ALTER SCHEMA registry RENAME TO registry_elsewhere")
        owner.execute("CREATE SCHEMA registry")
        owner.execute("SET LOCAL search_path TO registry_elsewhere")
        owner.execute(
            "INSERT INTO deployment (event_id, time, sealed_at, origin, leaf, idx,"
            " identity, environment) VALUES (%s, %s, %s, 'a', 0, 0, 's', 'prod')",
            (UUID(int=1), START, START),
        )
        row = owner.execute("SELECT started FROM deployment_period").fetchone()
        assert row == (START,)
        owner.rollback()


def test_the_writer_keeps_periods_and_cannot_remove_them(database):
    with database.connect("writer") as writer:
        write(writer, 0, Fact(1, None, 0, 0))
        write(writer, 1, Fact(1, "deactivated", 1, 1))
        assert live_at(writer) == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute("DELETE FROM registry.deployment_period")
        writer.rollback()
