"""Two versions compared, a port examined, a deployment probed: in a real ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pytest
from typer.testing import CliRunner

from ledger.errors import IntegrityError, InvalidEventError
from ledger.evaluation.differential import Plan
from ledger.sdk import Ledger, init
from ledger.stopping import Stopping
from projections.golden.world import auditor
from tests.support import ports
from tests.support.commands import application
from tests.support.postgres import fresh_database
from tests.support.story import Answered, Home, make_home

pytestmark = pytest.mark.postgres
MODEL = "default-risk"
QUICK = Plan(latency_requests=0, resamples=50)


@dataclass
class World:
    """A home with two versions, their data and a deployment of the first."""

    home: Home
    folder: Path
    url: str
    versions: dict[str, Any]
    data_version: Any
    deployment: Any

    @property
    def data(self) -> Path:
        return self.folder / "rows.csv"

    def client(self) -> Ledger:
        return init(self.home.path, quiet=True)

    def ask(self, *arguments: object) -> Answered:
        return self.home.ask(*arguments)

    def rows(self, statement: str, *parameters: object) -> list[Any]:
        """What the database holds, after everything was sealed."""
        self.home.work()
        with auditor(self.home.config) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("evaluation")
    ports.table().to_csv(folder / "rows.csv", index=False)
    with ExitStack() as stack:
        dsn = stack.enter_context(fresh_database(postgres_server))
        url = stack.enter_context(ports.service(ports.pipeline()))
        home = make_home(folder, dsn=dsn, people=False)
        made = World(home, folder, url, {}, None, None)
        tell(made)
        home.work()
        yield made


def tell(world: World) -> None:
    with world.client() as lg:
        lg.register_dataset("applicants")
        world.data_version = lg.log_dataset_version("applicants", world.data)
        for label, shift in (("v1", 0.0), ("v2", 0.4)):
            path = world.folder / f"{label}.joblib"
            joblib.dump(ports.pipeline(shift), path)
            lg.store_file(path)
            world.versions[label] = lg.register_model(MODEL, path, version=label)
        lg.set_criteria(MODEL, "difference.accuracy.low", -0.5, baseline="current")
        release = lg.release(world.versions["v1"])
        world.deployment = lg.deploy(release, "prod", service=world.url)
        assert lg.flush(60)


def test_two_recorded_versions_are_compared_by_name(world: World):
    criteria = world.folder / "limits.toml"
    criteria.write_text(
        '[[criteria]]\nmetric = "accuracy"\nlimit = 0.6\nbaseline = "human"\n'
        "baseline_value = 0.58\n"
        '[[criteria]]\nmetric = "flip_rate"\nslice = "group = a"\nlimit = 0.0\n'
        'direction = "at_most"\n'
    )
    out = world.folder / "report.html"
    found = world.ask(
        *("diff-test", f"{MODEL}@v1", f"{MODEL}@v2={world.folder}/v2.joblib"),
        *("--dataset", world.data, "--dataset-version", world.data_version.uuid),
        *("--label", "bad", "--slices", "group", "--adverse", "1"),
        *("--criteria", criteria, "--requests", "40", "--fail-on", "failed"),
        *("--out", out),
    )
    data = found.data
    assert found.exit == 7  # one limit is not kept
    assert (data["rows"], data["passed"]) == (240, False)
    assert 0 < data["flips"] < 40
    assert data["flips_to_adverse"] <= data["flips"]
    assert 0 < data["s_floor"] < 0.1
    assert [one["met"] for one in data["criteria"]] == [True, False]
    assert [one["name"] for one in data["slices"]] == ["group = a", "group = b"]
    names = {one["name"] for one in data["metrics"]}
    assert {"new.auc", "difference.brier", "trivial.accuracy"} <= names
    assert {"ratio.latency_us.p95", "new.memory_bytes"} <= names
    assert any("runs code" in text for text in found.envelope["warnings"])
    page = out.read_text()
    assert (
        world.home.config.blobs.joinpath(
            data["document"][7:9], data["document"][9:]
        ).read_text()
        == page
    )
    recorded = world.rows(
        "SELECT c.passed, c.rows, c.dataset_version_id IS NOT NULL, c.document,"
        " (SELECT max(k.time) FROM lineage.criterion k"
        "   WHERE k.event_id = ANY (c.criteria)) < c.time, c.old_id IS NOT NULL"
        " FROM lineage.comparison c WHERE c.event_id = %s",
        data["event_id"],
    )
    assert recorded == [(False, 240, True, data["document"], True, True)]


def test_limits_in_force_are_those_a_test_is_held_against(world: World):
    found = world.ask(
        *("diff-test", f"{MODEL}@v1", f"{MODEL}@v2", "--dataset", world.data),
        *("--label", "bad", "--ignore", "group", "--requests", "0"),
    )
    metrics = {one["metric"]: one["met"] for one in found.data["criteria"]}
    assert metrics["difference.accuracy.low"] is True
    assert found.exit == 0


def test_a_report_stands_alone_and_says_in_words_what_it_shows(world: World):
    with world.client() as lg:
        made = lg.diff_test(
            (world.versions["v1"], world.folder / "v1.joblib"),
            world.versions["v2"],
            world.data,
            label="bad",
            slices=["group", "age"],
            plan=QUICK,
        )
    page = made.report.decode()
    assert page.count("<figure") == page.count("<title id=") == 3
    assert page.count('role="img"') == page.count("<desc ") == 3
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert made.document is not None


def test_an_artifact_that_is_not_the_recorded_one_is_never_loaded(world: World):
    wrong = world.folder / "wrong.joblib"
    wrong.write_bytes(b"\x80\x04not a model")
    found = world.ask(
        *("diff-test", f"{MODEL}@v1={wrong}", f"{MODEL}@v2", "--dataset", world.data)
    )
    assert found.exit == 5
    (error,) = found.envelope["errors"]
    assert error["expected"] == world.versions["v1"].content


def test_data_that_is_not_the_recorded_version_ends_the_test(world: World):
    other = world.folder / "other.csv"
    ports.table().tail(100).to_csv(other, index=False)
    with world.client() as lg, pytest.raises(IntegrityError):
        lg.diff_test(
            world.versions["v1"],
            world.versions["v2"],
            other,
            dataset_version=world.data_version,
            plan=QUICK,
        )


def test_data_without_a_column_that_a_version_takes_ends_the_test(world: World):
    with world.client() as lg, pytest.raises(InvalidEventError, match="income"):
        lg.diff_test(
            world.versions["v1"],
            world.versions["v2"],
            ports.table().drop(columns="income"),
            label="bad",
            plan=QUICK,
        )


@pytest.mark.parametrize(
    ("port", "passed", "first"),
    [("score", True, None), ("wrong_scale", False, "scale")],
)
def test_a_port_to_functions_is_examined_stage_by_stage(
    world: World, port: str, passed: bool, first: str | None
):
    found = world.ask(
        *("diff-test", f"{MODEL}@v1", f"tests.support.ports:{port}", "--equivalent"),
        *("--tolerance", "1e-12", "--dataset", world.data, "--label", "bad"),
        *("--requests", "0"),
    )
    assert (found.exit, found.data["passed"]) == (0, passed)
    assert found.data["first_difference"] == first
    assert [one["name"] for one in found.data["stages"]] == ["scale", "model"]


def test_a_port_to_a_service_is_examined_too(world: World):
    with world.client() as lg:
        same = lg.diff_test(
            world.versions["v1"],
            (world.versions["v1"], world.url),
            world.data,
            label="bad",
            equivalent=True,
            plan=QUICK,
        )
        assert same.found.passed is True
        assert same.found.agreed.pi_eq == 1.0
        assert [one.same for one in same.found.stages] == [True, True]
        assert any("not compared" in text for text in same.found.warnings)
        with ports.service(ports.pipeline(0.4), stages=False) as url:
            other = lg.diff_test(
                world.versions["v1"], url, world.data, equivalent=True, plan=QUICK
            )
    assert other.found.passed is False
    assert any("stages were not compared" in text for text in other.found.warnings)


def test_a_probe_says_whether_known_requests_are_answered_as_ever(world: World):
    first = ports.table().iloc[:3]
    chances = ports.score(first)
    lines = [
        {
            "id": f"case-{n}",
            "request": {"age": first.age.iloc[n], "income": first.income.iloc[n]},
            "expect": {"score": float(chances[n]), "label": int(chances[n] > 0.5)},
            "tolerance": 1e-9,
        }
        for n in range(3)
    ]
    suite = world.folder / "golden.ndjson"
    suite.write_text("\n".join(map(json.dumps, lines)))
    asked = ("probe", world.deployment.uuid, "--suite", suite)
    good = world.ask(*asked, "--fail-on", "mismatch")
    assert (good.exit, good.data["passed"], good.data["requests"]) == (0, True, 3)

    with ports.service(ports.pipeline(3.0)) as url:
        bad = world.ask(*asked, "--endpoint", url)
        assert (bad.exit, bad.data["passed"]) == (0, False)
        assert bad.data["mismatches"] == 3
        assert world.ask(*asked, "--endpoint", url, "--fail-on", "mismatch").exit == 7
    gone = world.ask(*asked, "--endpoint", "http://127.0.0.1:1/")
    assert (gone.exit, gone.data["errors"], gone.data["mismatches"]) == (8, 3, 0)
    assert gone.envelope["errors"][0]["message"].startswith("no request was answered")
    recorded = world.rows(
        "SELECT passed, first_mismatch FROM lineage.probe"
        " WHERE event_id = ANY (%s::uuid[]) ORDER BY time",
        [one.data["event_id"] for one in (good, bad, gone)],
    )
    assert recorded == [(True, None), (False, "case-0"), (False, None)]


def test_a_probe_goes_on_until_it_is_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    from typer.testing import CliRunner

    waits = iter([False, True])  # goes on once, then is told to stop

    class Told(Stopping):
        def wait(self, seconds: float | None = None) -> bool:
            return next(waits)

    monkeypatch.setattr(Stopping, "on_signals", Told)
    suite = world.folder / "one.ndjson"
    request = {"age": 40.0, "income": 2.0}
    suite.write_text(json.dumps({"request": request, "expect": {"label": 1}}))
    words = ["probe", world.deployment.uuid, "--suite", str(suite), "--every", "60"]
    done = CliRunner().invoke(application(), words, env=world.home.environment)
    assert done.exit_code == 0
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["passed"] for one in told] == [True, True]
    assert told[0]["event_id"] != told[1]["event_id"]


def test_benchmarks_are_recorded_with_what_they_measured(world: World):
    found = world.ask(
        *("bench", "tests.support.ports:slow", "--dataset", world.data),
        *("--baseline", "tests.support.ports:score", "--label", "bad"),
        *(
            "--requests",
            "40",
        ),
    )
    assert (found.exit, found.data["requests"], found.data["errors"]) == (0, 120, 0)
    assert found.data["slower"] in {True, False}  # the machine decides, not this test
    load = world.ask(
        *("bench", f"{MODEL}@v1={world.url}", "--dataset", world.data),
        *("--kind", "load", "--rate", "20", "--rate", "60", "--seconds", "0.2"),
        *("--deployment", world.deployment.uuid, "--workers", "4"),
    )
    assert (load.exit, load.data["errors"]) == (0, 0)
    assert [one["rate"] for one in load.data["steps"]] == [20, 60]
    assert load.data["requests"] == 4 + 12
    recorded = world.rows(
        "SELECT kind, slower IS NOT NULL, deployment_id IS NOT NULL,"
        " model_version_id IS NOT NULL, host IS NOT NULL"
        " FROM lineage.benchmark WHERE event_id = ANY (%s::uuid[]) ORDER BY time",
        [found.data["event_id"], load.data["event_id"]],
    )
    assert recorded == [
        ("latency", True, False, False, True),
        ("load", False, True, True, True),
    ]
    gone = world.ask(
        *("bench", "http://127.0.0.1:1/", "--dataset", world.data, "--kind", "load"),
        *("--rate", "50", "--seconds", "0.1", "--fail-on", "errors"),
    )
    assert (gone.exit, gone.data["errors"]) == (7, 5)
    assert gone.data["first_error_per_s"] == 50


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("diff-test", "nowhere@v1", "a:b"), 4),
        (("diff-test", "no/such/file.onnx", "a:b"), 4),
        (("bench", "tests.support.ports:score", "--kind", "load"), 2),
        (("bench", "tests.support.ports:score", "--rate", "5"), 2),
        (("bench", "tests.support.ports:score", "--fail-on", "rain"), 2),
        (("bench", "http://user:secret@127.0.0.1/"), 3),
    ],
)
def test_what_cannot_be_tested_says_why(
    world: World, arguments: tuple[str, ...], code: int
):
    found = world.ask(*arguments, "--dataset", world.data)
    assert found.exit == code
    (error,) = found.envelope["errors"]
    assert error["hint"]


class Runs:
    """Pickled, it makes a folder when it is loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.mkdir, (self._folder,))


def test_the_data_are_looked_for_before_a_pickle_is_loaded(
    world: World, tmp_path: Path
):
    model, trace = tmp_path / "model.joblib", tmp_path / "trace"
    joblib.dump(Runs(trace), model)
    absent = tmp_path / "absent.csv"
    for words in (("diff-test", model, model), ("bench", model)):
        found = world.ask(*words, "--dataset", absent)
        (error,) = found.envelope["errors"]
        assert (found.exit, error["message"]) == (4, f"{absent}: no such file")
        assert not trace.exists()


def test_a_pickle_is_warned_of_once(world: World):
    words = ["diff-test", f"{world.folder}/v2.joblib", "tests.support.ports:score"]
    words += ["--dataset", str(world.data), "--requests", "0"]
    words += ["--home", str(world.home.path)]
    done = CliRunner().invoke(application(), words)
    assert done.exit_code == 0, done.output
    assert done.stderr.count("runs code") == 1
