"""Drift through the ledger: sketched, measured, read back beside what explains it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import ledger
from ledger.drift import ColumnSketch
from ledger.emitter import EventRef
from ledger.errors import NotFoundError
from ledger.settings import DriftConfig
from projections.cli import register
from projections.columns import to_time
from projections.controls.drift import drift_of, output_drift, sketches
from projections.controls.drift_watch import DriftWatch
from projections.database import Database
from projections.golden.telling import Lived, Teller, micros
from projections.golden.world import World, auditor, scripted_world
from projections.worker import Worker
from tests.support.postgres import fresh_database

MODEL = "m-drift"


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    home = tmp_path_factory.mktemp("drift") / "home"
    with (
        fresh_database(postgres_server) as dsn,
        scripted_world(
            home,
            begins="2026-02-01T08:00:00Z",
            dsn=dsn,
            identities=("person:ana", "service:server", "service:trainer"),
        ) as world,
    ):
        _told(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLLEDGER_HOME", str(home))
            patch.setenv("MLLEDGER_PG__DSN", dsn)
            yield world


def _told(world: World) -> None:
    teller = Teller(world, "s-drift", MODEL, ("age", "ward"))
    train = {"age": [float(20 + i % 60) for i in range(600)], "ward": ["a", "b"] * 300}
    live = {"age": [float(60 + i % 50) for i in range(300)], "ward": ["a", "b"] * 150}
    teller.dataset_version("d", "d-1")
    version = teller.trained("v1", train="d-1", commit="c", parameters={}, accuracy=0.9)
    release = teller.released("v1")
    deployment, attestation = teller.live(release, "v1")
    lived = Lived(version, release, deployment, attestation)
    teller.decided(lived, 60, adverse_every=3)
    world.at("2026-03-01T00:00:00Z")
    teller.decided(lived, 60, adverse_every=1)
    world.emit("monitoring.context.noted", title="a flu wave", begins=0)
    with ledger.init(world.config.home, system="s-drift") as lg:
        window = (micros("2026-03-01T00:00:00Z"), micros("2026-03-02T00:00:00Z"))
        _, before = lg.log_sketch(train, model=MODEL)
        _, now = lg.log_sketch(live, model=MODEL, window=window)
        found = lg.measure_drift(before, now, model=MODEL, window=window)
        assert {one.column: one.breach for one in found} == {"age": True, "ward": False}
        assert lg.flush(60)
    run = world.named[f"run {MODEL} v1"].id
    for columns, of in _described(before, run, now, deployment):
        world.emit(
            "monitoring.sketch.recorded",
            basis="observed",
            model=MODEL,
            window_from=window[0],
            window_to=window[1],
            rows=300,
            columns=[one.fields() for one in columns],
            **of,
        )
    world.seal()


def _described(
    before: list[ColumnSketch], run: bytes, now: list[ColumnSketch], live: EventRef
) -> list[tuple[list[ColumnSketch], dict[str, Any]]]:
    return [(before, {"run": run}), (now, {"deployment": live})]


def test_training_stands_beside_live_data_with_what_it_never_covered(
    world: World,
) -> None:
    with auditor(world.config) as connection:
        found = drift_of(connection, model=MODEL)
        trained = sketches(connection, model=MODEL, live=False)
    age = found.differences[0]
    assert (age.column, age.breach, age.reference_range) == ("age", True, (20.0, 79.0))
    assert age.range == (60.0, 109.0)
    assert age.uncovered == pytest.approx(0.6, abs=0.02)
    assert [one.title for one in found.contexts] == ["a flu wave"]
    assert {one.deployment_id for one in trained} == {None}


def test_each_column_is_a_measurement(world: World) -> None:
    with auditor(world.config) as connection:
        rows = connection.execute(
            "SELECT feature, metric, breach, rows FROM controls.measurement"
            " WHERE model = %s AND deployment_id IS NULL ORDER BY feature",
            (MODEL,),
        ).fetchall()
    assert rows == [("age", "wasserstein", True, 300), ("ward", "psi", False, 300)]


def _refusing() -> Any:
    raise AssertionError("nothing is to be emitted")


def test_a_worker_records_drift_of_what_is_live_once_a_window(world: World) -> None:
    said: list[str] = []
    config = replace(world.config, drift=DriftConfig(every_hours=1))
    for sealing in (world._worker, world._sealing):
        sealing.disconnect()  # another process takes over for a while
    with Worker(
        config, watch=False, controls=True, once=True, say=said.append
    ) as worker:
        for _ in range(2):
            worker.step()
            assert worker.done["differences recorded"] == 2, "not due for an hour"
    with auditor(world.config) as connection:
        rows = connection.execute(
            "SELECT feature, breach, system_id FROM controls.measurement"
            " WHERE deployment_id IS NOT NULL AND monitor = 'drift' ORDER BY feature",
        ).fetchall()
    assert rows == [("age", True, "s-drift"), ("ward", False, "s-drift")]
    with Database.open(config) as database:
        again = DriftWatch(database, every_hours=1, say=said.append, at_once=True)
        assert again.step(_refusing) == 0, "the tables say that it is done"
    assert not said


def test_drift_that_cannot_be_recorded_is_said_and_stops_nothing(
    world: World,
) -> None:
    said: list[str] = []
    away = Database("postgresql://127.0.0.1:1/none?connect_timeout=1")
    watch = DriftWatch(away, every_hours=1, say=said.append, at_once=True)
    assert watch.step(_refusing) == 0
    assert watch.step(_refusing) == 0, "it waits before it tries again"
    assert len(said) == 1
    assert said[0].startswith("drift was not recorded: ")


_ODD = """
CREATE TEMP TABLE odd AS
SELECT * FROM controls.sketch WHERE deployment_id IS NOT NULL LIMIT 1;
UPDATE odd SET event_id = gen_random_uuid(), columns = '[{"name": 7}]',
               window_to = window_to + interval '1 day';
INSERT INTO controls.sketch SELECT * FROM odd;
"""


def test_statistics_that_cannot_be_compared_are_said_and_left(world: World) -> None:
    said: list[str] = []
    with (
        Database.open(world.config) as database,
        database.connect("owner", autocommit=True) as connection,
    ):
        connection.execute(_ODD)
        watch = DriftWatch(database, every_hours=1, say=said.append, at_once=True)
        assert watch.step(_refusing) == 0
        connection.execute(
            "DELETE FROM controls.sketch WHERE event_id IN (SELECT event_id FROM odd)"
        )
    assert [text.partition(":")[0] for text in said] == [
        f"drift of {MODEL} was not recorded"
    ]


def test_answers_are_compared_from_the_decisions_alone(world: World) -> None:
    middle = to_time(micros("2026-03-01T00:00:00Z"))
    with auditor(world.config) as connection:
        found = output_drift(
            connection, model=MODEL, reference=(None, middle), current=(middle, None)
        )
        with pytest.raises(NotFoundError, match="no decisions"):
            output_drift(
                connection, model="none", reference=(None, None), current=(None, None)
            )
    assert found.breach
    assert found.metric == "psi"


def test_the_commands_answer(world: World, tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)

    def run(*words: str) -> list[dict[str, object]]:
        result = CliRunner().invoke(app, ["drift", *words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["data"]

    shown = run("show", MODEL)
    assert [row["column"] for row in shown] == ["age", "ward"]
    moved = run("outputs", MODEL, "--since", "2026-03-01T00:00:00Z")
    assert [row["breach"] for row in moved] == [True]
    for name, shift in (("old", 0), ("new", 40)):
        lines = ["x", *(str(i % 30 + shift) for i in range(200))]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    measured = run(
        *("measure", "other", "--reference", str(tmp_path / "old.csv")),
        *("--current", str(tmp_path / "new.csv"), "--since", "2026-03-01T00:00:00Z"),
        *("--until", "2026-03-02T00:00:00Z"),
    )
    assert [(row["column"], row["breach"]) for row in measured] == [("x", True)]
    unknown = CliRunner().invoke(app, ["drift", "show", "nope"])
    assert (unknown.exit_code, "no model of that name" in unknown.stderr) == (4, True)


def test_a_window_without_any_time_is_refused(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    table = str(tmp_path / "none.csv")  # looked for later
    words = ("measure", "other", "--reference", table, "--current", table)
    for until in ("2026-11-20", "2026-11-21"):
        window = ("--since", "2026-11-21", "--until", until)
        result = CliRunner().invoke(app, ["drift", *words, *window])
        assert (result.exit_code, "no time lies between" in result.stderr) == (2, True)
