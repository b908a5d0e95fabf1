"""Statistics of what was captured: measured once, of many, and found to have moved."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner

import ledger
from ledger.codec import Decoded
from ledger.config import Config, load_config
from ledger.drift import compare_all, sketch_table
from ledger.emitter import EventRef
from ledger.events.governance import RetentionRuleSet
from ledger.sdk.handles import Deployment, Release
from ledger.vault.opening import make_vault
from ledger.vault.plan import Reason
from ledger.vault.postgres import PostgresVault
from ledger.vault.service import Erased
from ledger.vault.windows import Window, Windows
from projections.cli import register
from projections.columns import to_time
from projections.controls.drift import drift_of, sketches
from projections.controls.engine import evaluate
from projections.controls.rulebook import rule_named
from projections.golden.telling import Teller, micros
from projections.golden.world import World, auditor, scripted_world
from tests.support.postgres import fresh_database
from tests.support.producer import accepted
from tests.support.vault import ZERO, name_dsn, running

pytestmark = pytest.mark.postgres
MODEL = "m-captured"
DAY = 86_400_000_000
FIRST = "2026-03-01T00:00:00Z"
PEOPLE = 130
MEASURED = PEOPLE - 2  # one is erased, of one a duty keeps what is to be erased
ERASED = "person-7"


class CrashError(Exception):
    """Stands for the end of the process."""


@dataclass
class Story:
    """What happened, to be looked at from several sides."""

    world: World
    config: Config
    done: dict[str, int]
    status: dict[str, Any]
    erased: Erased
    late_erased: Erased
    sketches: list[Decoded]


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("statistics") / "home"
    with (
        fresh_database(postgres_server) as dsn,
        fresh_database(postgres_server, tables=False) as vault_dsn,
        scripted_world(
            home,
            begins="2026-02-01T08:00:00Z",
            dsn=dsn,
            identities=("person:ana", "service:server", "service:trainer"),
        ) as world,
    ):
        config = name_dsn(make_vault(load_config(home), enable=True), vault_dsn)
        yield _told(world, config)


def _told(world: World, config: Config) -> Story:
    deployment = _served(world)
    draw = random.Random(3)
    world.at("2026-03-04T12:00:00Z")
    for day, shift in enumerate((0.0, 25.0)):
        _ask(config, deployment, draw, day=day, shift=shift, people=range(PEOPLE))
    # One person asks often; a third day has too few persons.
    _ask(config, deployment, draw, day=0, shift=0.0, people=[0] * 9)
    _ask(config, deployment, draw, day=2, shift=25.0, people=range(40))
    world.seal()
    with running(config, now_us=world.clock.now_us) as (service, _vault):
        erased = service.erase(ERASED, Reason("request"))
        service.declare(_duty())
        partly = service.erase("person-9", Reason("request"))
        assert len(partly.plan.duties) == 2
    _alter(config, micros(FIRST) + 50_000_000)
    for step in ("window measured", "window emitted"):
        with pytest.raises(CrashError):
            _work(config, world, until=step)
    done = _work(config, world)
    _ask(config, deployment, draw, day=0, shift=0.0, people=[900, 901])
    world.seal()
    _work(config, world)
    with running(config, now_us=world.clock.now_us) as (service, _vault):
        late_erased = service.erase("person-8", Reason("request"))
        status = service.status()
    world.seal()
    found = accepted(config, "monitoring.sketch.recorded")
    ours = {one.id: one for one in found if one.fields["sample_digest"]}
    sketches = sorted(ours.values(), key=lambda one: one.fields["window_from"])
    return Story(world, config, done, status, erased, late_erased, sketches)


def _alter(config: Config, made: int) -> None:
    """Alter the row of a payload, as somebody with the database might."""
    with psycopg.connect(config.vault.dsn) as database:
        done = database.execute(
            "UPDATE vault.payload SET ciphertext = ciphertext || 'x'"
            " FROM vault.decision AS d WHERE d.time = %s"
            " AND d.use = 'offer' AND d.decision_id = payload.decision_id",
            (to_time(made),),
        )
        assert done.rowcount == 1


def _duty() -> RetentionRuleSet:
    """A duty that keeps two decisions of somebody who asked for deletion."""
    return RetentionRuleSet.record(
        basis="declared",
        rule="long",
        data_class="payload",
        bound="floor",
        period_days=9_000,
        uses=["kept"],
        enabled=True,
    )


def _served(world: World) -> EventRef:
    teller = Teller(world, "s-captured", MODEL, ("age", "ward"))
    draw = random.Random(1)
    teller.dataset_version("d", "d-1")
    teller.trained("v1", train="d-1", commit="c", parameters={}, accuracy=0.9)
    trained = {
        "age": [draw.gauss(50, 10) for _ in range(900)],
        "ward": ["a", "b"] * 450,
    }
    world.emit(
        "monitoring.sketch.recorded",
        basis="observed",
        model=MODEL,
        run=world.named[f"run {MODEL} v1"].id,
        window_from=micros("2026-01-01T00:00:00Z"),
        window_to=micros("2026-02-01T00:00:00Z"),
        rows=900,
        columns=[one.fields() for one in sketch_table(trained)],
    )
    return teller.live(teller.released("v1"), "v1")[0]


def _ask(
    config: Config,
    deployment: EventRef,
    draw: random.Random,
    *,
    day: int,
    shift: float,
    people: Any,
) -> None:
    release = Release(
        id=bytes(16),
        digest=bytes(32),
        release="r",
        model=MODEL,
        version="v1",
        content=ZERO,
        artifact=ZERO,
        artifact_scheme="file",
    )
    place = Deployment(
        id=deployment.id,
        digest=deployment.digest,
        release=release,
        environment="prod",
        role="champion",
        traffic=1.0,
    )
    rows = [
        {
            "time": micros(FIRST) + day * DAY + number * 1_000_000,
            "subject": f"person-{person}",
            "features": {
                # The person to be erased would stand out everywhere.
                "age": 5_000.0 if person == 7 else draw.gauss(50 + shift, 10),
                "ward": "Zwolle-Plugh" if person in {3, 4} else draw.choice("ab"),
                "note": f"about {person}",
                "friends": {f"friend-of-{person}": 1},
            },
            "use": "kept" if person == 9 and day < 2 else "offer",
            "output": "high",
            "exact_output": round(draw.random() / 2 + shift / 60, 3),
        }
        for number, person in enumerate(people)
    ]
    with ledger.init(config.home, quiet=True) as client:
        client.log_decisions(rows, deployment=place)
        assert client.flush(60)
        until = time.monotonic() + 60
        while int(client.stats()["payloads_sent"]) < len(rows):
            assert time.monotonic() < until, client.stats()
            time.sleep(0.005)


def _work(config: Config, world: World, *, until: str = "") -> dict[str, int]:
    """Let the worker work until all is done, or until it dies after a step."""

    def on_step(done: str) -> None:
        if done == until:
            raise CrashError

    with running(config, on_step=on_step, now_us=world.clock.now_us) as (service, _):
        while service.step():
            pass
        return service.done


def columns(event: Decoded) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in event.fields["columns"]}


def test_each_window_is_measured_once_whatever_ends_the_worker(story: Story):
    begins = [one.fields["window_from"] for one in story.sketches]
    assert begins == [micros(FIRST), micros(FIRST) + DAY]
    for one in story.sketches:
        assert one.fields["window_to"] - one.fields["window_from"] == DAY
        assert one.fields["model"] == MODEL
        assert one.meta is not None
        assert one.meta["system_id"] == "s-captured"
    # One was made before the first crash, and emitted again after the second.
    assert story.done["windows measured"] == 1
    assert story.status["windows measured"] == 2


def test_a_number_is_one_of_persons_and_the_erased_one_is_not_among_them(
    story: Story,
):
    first = story.sketches[0]
    assert first.fields["rows"] == MEASURED + 9
    found = columns(first)
    # The one whose row was altered is not measured; the others are.
    assert found["age"]["count"] == found["output"]["count"] == MEASURED - 1
    assert found["age"]["maximum"] < 100
    assert set(found["ward"]["categories"]) == {"a", "b", "(other)"}
    assert found["ward"]["categories"]["(other)"] == 2


def test_nothing_that_is_rare_stands_in_the_log(story: Story):
    for one, opened in zip(story.sketches, (MEASURED - 1, MEASURED), strict=True):
        assert sorted(columns(one)) == ["age", "note", "output", "ward"]
        assert columns(one)["note"]["categories"] == {"(other)": opened}
        for needle in (b"Zwolle", b"friend-of", b"about ", b"person-"):
            assert needle not in one.body


def test_a_small_window_gives_none_and_what_is_late_is_counted(story: Story):
    assert story.done["windows too small"] == 1
    assert story.status["late for their window"] == 2
    assert columns(story.sketches[0])["age"]["count"] == MEASURED - 1


def test_a_sample_is_drawn_without_chance_and_no_larger_than_was_said(story: Story):
    begin, told = micros(FIRST), story.sketches[0].fields["deployment"]
    window = Window(told["id"], b"", b"", None, None, begin, begin + DAY)
    with running(story.config) as (_service, vault):
        windows = Windows(vault.store)
        few, again = (windows.sample(window, excluded=[], most=50) for _ in range(2))
        every = windows.sample(window, excluded=[], most=1_000)
        (one,) = windows.payloads(few.decisions[:1])
        others = windows.sample(window, excluded=[one.key_id], most=1_000)
    assert few == again
    assert few.decisions == every.decisions[:50]
    # Two came late, person 8 is erased by now; the worker alone excludes person 9.
    assert few.persons == len(every.decisions) == MEASURED + 2
    assert set(every.decisions) - set(others.decisions) == {few.decisions[0]}


def test_that_payload_was_opened_is_recorded_before(story: Story):
    told = [
        one.fields
        for one in accepted(story.config, "governance.access.logged")
        if one.fields["query"] == "vault statistics"
    ]
    assert {(one["rows"], one["purpose"]) for one in told} == {(MEASURED, "monitoring")}


def test_an_erasure_names_the_statistics_that_stay(story: Story):
    def left(erased: Erased) -> list[int]:
        assert erased.deleted is not None
        residuals = erased.deleted.events[0].fields["residuals"]
        return [one["count"] for one in residuals if "statistics" in one["what"]]

    assert left(story.erased) == []
    assert left(story.late_erased) == [2]


def test_the_shift_of_the_second_window_is_found(story: Story):
    with auditor(story.world.config) as connection:
        found = drift_of(connection, model=MODEL)
        (_second, first) = sketches(connection, model=MODEL)
    assert found.of_release
    moved = {one.column: (one.metric, one.breach) for one in found.differences}
    assert moved == {
        "age": ("wasserstein", True),
        "ward": ("psi", False),
        # It was captured, and the model was not trained with it.
        "note": ("new", True),
        # Answers are compared with the first window, as training data have none.
        "output": ("wasserstein", True),
    }
    before = compare_all(found.reference.parsed(), first.parsed())
    assert {one.column: one.breach for one in before if one.metric != "new"} == {
        "age": False,
        "ward": False,
    }


def test_features_are_controlled_by_what_was_captured(story: Story):
    names = ("extra", "forgotten", "reordered", "retyped", "constant")
    rules = [rule_named(f"feature-{name}") for name in names]
    now = to_time(story.world.clock.now_us())
    with auditor(story.world.config) as connection:
        found = evaluate(connection, rules, as_of=now, known_as_of=now)
    assert [one.error for one in found] == [None] * len(names)
    breaches = {
        one.rule.id: [each.detail for each in one.breaches.values()] for one in found
    }
    assert breaches.pop("feature-extra") == ["note"]
    # The version says that it takes numbers there.
    assert breaches.pop("feature-retyped") == ["ward"]
    assert set(map(tuple, breaches.values())) == {()}
    # Captured payload has no order, and so none is judged.
    assert {one.rule.id for one in found if not one.population} == {"feature-reordered"}


def _run(config: Config, *words: str) -> dict[str, Any]:
    app = typer.Typer()
    register(app)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLLEDGER_HOME", str(config.home))
        patch.setenv("MLLEDGER_PG__DSN", config.database.dsn)
        result = CliRunner().invoke(app, ["drift", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_windows_are_listed_newest_first(story: Story):
    listed = _run(story.world.config, "windows", MODEL)["data"]
    assert [row["window_from"][:10] for row in listed] == ["2026-03-02", "2026-03-01"]
    assert {(row["captured"], row["columns"]) for row in listed} == {(True, 4)}


def test_the_command_records_what_it_found(story: Story):
    config = story.world.config
    shown = _run(config, "show", MODEL, "--record")
    assert shown["meta"]["of_release"] is True
    measured = accepted(config, "monitoring.measurement.recorded")
    breaches = {one.fields["feature"]: one.fields["breach"] for one in measured}
    assert breaches == {"age": True, "ward": False, "note": True, "output": True}
    deployment = story.sketches[0].fields["deployment"]
    assert [one.fields["deployment"] for one in measured] == [deployment] * 4


def test_a_vault_of_before_learns_whose_statistics_a_decision_is_in(postgres_dsn: str):
    with PostgresVault(postgres_dsn) as vault:
        vault.counts()
    with psycopg.connect(postgres_dsn) as database:
        database.execute("ALTER TABLE vault.decision DROP COLUMN deployment_id")
    with PostgresVault(postgres_dsn) as vault:
        assert vault.counts() == {"refused": 0, "rules": 0}
        with vault.transaction() as database:
            database.execute("SELECT deployment_id FROM vault.decision")
            index = "SELECT to_regclass('vault.decision_deployment') IS NOT NULL"
            found = database.execute(index).fetchone()
    assert found == (True,)
