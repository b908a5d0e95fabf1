"""A healthy month: what goes on in it looks like trouble, and no rule is fooled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.controls.rulebook import rules
from projections.golden import healthy
from projections.golden.healthy import HealthyYear
from projections.golden.world import World, scripted_world
from tests.support.postgres import fresh_database

MODELS, DAYS, EVERY = 2, 30, 15


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[World, HealthyYear]]:
    folder: Path = tmp_path_factory.mktemp("healthy")
    with (
        fresh_database(postgres_server) as dsn,
        scripted_world(
            folder / "home",
            begins=healthy.BEGINS,
            identities=healthy.IDENTITIES,
            dsn=dsn,
        ) as world,
    ):
        yield world, healthy.tell(world, models=MODELS, days=DAYS, look_every=EVERY)


def test_no_rule_finds_anything_in_a_healthy_month(
    lived: tuple[World, HealthyYear],
) -> None:
    year = lived[1]
    assert year.errors == {}
    assert year.looks == DAYS // EVERY
    assert year.findings == {}
    assert year.worst == 0, "a whole year may have one for each model"


def test_the_rules_had_something_to_test(lived: tuple[World, HealthyYear]) -> None:
    """A rule that tests nothing finds nothing."""
    year = lived[1]
    assert set(year.slowest_ms) == set(rules())
    assert year.tested > MODELS * len(rules())


def test_much_happened_that_looks_like_trouble(
    lived: tuple[World, HealthyYear],
) -> None:
    """Trained anew and scaled every working day, with shadows and emergencies."""
    counts, working_days = lived[0].counts, 22
    assert counts["registry.release.created"] == MODELS * working_days
    assert counts["serving.process.attested"] > MODELS * working_days * 2
    shadows = counts["serving.deployment.activated"] - MODELS * working_days
    assert shadows > 0
    assert counts["prediction.batch.recorded"] == MODELS * working_days
