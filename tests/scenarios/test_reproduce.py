"""A recorded run comes back bit for bit, or what is not the same is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.blobs import Blobs
from tests.support.postgres import fresh_database
from tests.support.story import Answered, Home, make_home

pytestmark = pytest.mark.postgres

PROGRAM = """\
import csv, json, random, sys
from pathlib import Path

import ledger

options = json.loads(Path(sys.argv[1]).read_text())
sys.path.append(options["library"])
import weights

def train(lg):
    with lg.training_run(
        "score", system="lending", seeds={"random": options["seed"]}
    ) as run:
        data = Path(options["data"])
        version = lg.log_dataset_version("loans", data)
        run.input(data, "train", dataset_version=version)
        run.input("data/limits.csv", role="reference")
        limit = float(Path("data/limits.csv").read_text())
        rows = [float(row["income"]) for row in csv.DictReader(data.open())]
        random.seed(options["seed"])
        noise = random.random() * options.get("noise", 1)
        weight = sum(rows) * weights.FACTOR + noise
        model = {"weight": weight, "bias": MARGIN, "limit": limit}
        run.log_metric("weight", weight)
        Path("out").mkdir(exist_ok=True)
        path = Path("out/model.json")
        path.write_text(json.dumps(model))
        made = run.register_model("loans", path, version=f"v{len(rows)}")
        if options.get("alias"):
            lg.set_alias("loans", options["alias"], made)

with ledger.init() as lg:
    try:
        train(lg)
    finally:
        lg.flush(60.0)
"""
ROWS = "".join(f"{n},{n * 10}\n" for n in range(1, 51))


@dataclass
class Scene:
    """A project that trained once, outside of which lie its options, data and library.

    Attributes:
        run: id of the recorded run.
    """

    home: Home
    folder: Path
    run: str = ""

    @property
    def options(self) -> Path:
        return self.folder / "options.json"

    @property
    def data(self) -> Path:
        return self.folder / "lake" / "train.csv"

    def write_options(self, **changes: Any) -> None:
        site = str(self.folder / "site")
        options = {"seed": 7, "data": str(self.data), "library": site, **changes}
        self.options.write_text(json.dumps(options))

    def write_library(self, version: str, factor: float) -> None:
        site = self.folder / "site"
        for old in site.glob("*.dist-info"):
            (old / "METADATA").unlink()
            old.rmdir()
        info = site / f"weights-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: weights\nVersion: {version}\n"
        (info / "METADATA").write_text(text)
        (site / "weights.py").write_text(f"FACTOR = {factor}\n")

    def write_data(self, rows: str = ROWS) -> None:
        self.data.parent.mkdir(exist_ok=True)
        self.data.write_text("id,income\n" + rows)

    def git(self, *arguments: str) -> None:
        who = ("-c", "user.name=ana", "-c", "user.email=ana@example.org")
        project = self.folder / "project"
        subprocess.run(["git", *who, *arguments], cwd=project, check=True)

    def train(self, folder: Path | None = None) -> None:
        environment = {
            **os.environ,
            **self.home.environment,
            "PYTHONPATH": str(self.folder / "site"),
        }
        subprocess.run(
            [sys.executable, "train.py", str(self.options)],
            cwd=folder or self.folder / "project",
            env=environment,
            check=True,
            capture_output=True,
        )
        self.home.work()

    def newest(self) -> dict[str, Any]:
        return self.home.ask("run", "ls", "--limit", "1").data[0]

    def registered(self) -> dict[str, int]:
        """How many events of the types that a program registers things by."""
        kinds = (
            "registry.model_version.created",
            "registry.alias.set",
            "data.dataset_version.created",
        )
        asked = {kind: self.home.ask("event", "ls", "--type", kind) for kind in kinds}
        found = {kind: len(answer.data) for kind, answer in asked.items()}
        assert all(found.values()), found
        return found

    def reproduce(self, *options: str, here: bool = True) -> Answered:
        """Reproduce the run; ``here``: in the present environment."""
        words = ["--present-environment"] if here else []
        words += ["--env", f"PYTHONPATH={self.folder / 'site'}"]
        return self.home.ask("run", "reproduce", self.run, *words, *options)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    with fresh_database(postgres_server) as dsn:
        made = Scene(make_home(folder, dsn=dsn, people=False), folder)
        project = folder / "project"
        project.mkdir()
        made.write_library("1.0", 0.5)
        made.write_data()
        made.write_options(alias="champion")
        (project / "train.py").write_text(PROGRAM.replace("MARGIN", "0.0"))
        (project / "data").mkdir()
        (project / "data" / "limits.csv").write_text("100\n")
        (project / ".gitignore").write_text("out/\n")
        made.git("init", "--quiet")
        made.git("add", "--all")
        made.git("commit", "--quiet", "-m", "train")
        # What ran was not what had been committed.
        (project / "train.py").write_text(PROGRAM.replace("MARGIN", "0.25"))
        (project / "notes.py").write_text("A = 1\n")
        made.train()
        made.run = made.newest()["run_id"]
        # And afterwards the project went on.
        (project / "train.py").write_text(PROGRAM.replace("MARGIN", "9.0"))
        yield made


@pytest.fixture
def scene(told: Scene) -> Iterator[Scene]:
    yield told
    told.write_library("1.0", 0.5)
    told.write_data()
    told.write_options(alias="champion")


def named(answer: Answered, kind: str) -> dict[str, tuple[str, str]]:
    found = answer.data["differences"]
    return {
        one["name"]: (one["expected"], one["actual"])
        for one in found
        if one["kind"] == kind
    }


def kinds(answer: Answered) -> set[str]:
    return {one["kind"] for one in answer.data["differences"]}


def test_the_same_comes_back_bit_for_bit_and_is_recorded(scene: Scene) -> None:
    before = scene.registered()
    done = scene.reproduce()
    assert (done.data["verdict"], done.exit) == ("identical", 0), str(done.envelope)
    assert done.data["differences"] == []
    assert any("difference is restored exactly" in one for one in done.data["notes"])
    scene.home.work()
    again = scene.home.ask("run", "show", done.data["reproduction"]).data
    assert again["tags"] == {"derived_from": scene.run}
    # What the program would have registered a second time did not reach the ledger.
    assert done.data["held_back"] >= 3
    assert scene.registered() == before
    told = scene.home.ask("event", "ls", "--type", "pipeline.run.reproduced").data
    assert [row["event_id"] for row in told].count(done.data["event_id"]) == 1


def test_another_library_version_is_named(scene: Scene) -> None:
    scene.write_library("1.1", 0.75)
    done = scene.reproduce()
    assert (done.data["verdict"], done.exit) == ("different", 7)
    assert named(done, "library") == {"weights": ("1.0", "1.1")}
    assert kinds(done) == {"library", "output", "metric"}


def test_another_seed_is_named_and_may_be_equivalent(scene: Scene) -> None:
    scene.write_options(seed=8)
    done = scene.reproduce("--tolerance", "0.01")
    assert (done.data["verdict"], done.exit) == ("equivalent", 0)
    assert named(done, "seed") == {"random": ("7", "8")}
    assert kinds(done) == {"seed", "output", "metric"}


def test_another_row_is_named_with_its_column(scene: Scene) -> None:
    before = scene.data.read_bytes()
    scene.write_data(ROWS.replace("\n17,170\n", "\n17,171\n"))
    missing = scene.reproduce()
    assert (missing.data["verdict"], missing.exit) == ("not_possible", 6)
    assert "no file with sha256:" in named(missing, "missing")["input"][0]
    Blobs(scene.home.config.blobs).put(before)
    done = scene.reproduce("--present-data")
    assert done.data["verdict"] == "different"
    assert set(named(done, "input")) == {"train"}
    assert set(named(done, "input_cell")) == {"train row 17, column 'income'"}
    column = named(done, "input_column")["train 'income'"]
    assert column[0] != column[1]
    assert "171" not in json.dumps(done.data["differences"])


def test_other_data_than_was_read_is_refused(scene: Scene) -> None:
    other = scene.folder / "other.csv"
    other.write_text("id,income\n1,2\n")
    done = scene.reproduce("--data", f"train={other}")
    assert done.exit == 11
    assert "model checkout" in done.envelope["errors"][0]["hint"]
    assert scene.reproduce("--data", f"test={other}").exit == 4


def test_a_program_that_does_not_begin_cannot_be_compared(scene: Scene) -> None:
    scene.options.unlink()
    done = scene.reproduce()
    assert (done.data["verdict"], done.exit) == ("not_possible", 6)
    assert "ended with 1" in named(done, "missing")["run"][0]
    assert any("FileNotFoundError" in line for line in done.data["printed"])


def test_a_checkout_changes_the_data_alone(scene: Scene, tmp_path: Path) -> None:
    ask, target = scene.home.ask, tmp_path / "again"
    assert ask("model", "checkout", "loans@nobody", "--folder", target).exit == 4
    other = tmp_path / "other.csv"
    other.write_text("200\n")
    words = ("--folder", target, "--with-data", f"limits.csv={other}")
    done = ask("model", "checkout", "loans@champion", *words)
    assert (done.exit, done.data["derived_from"]) == (0, scene.run), done.envelope
    assert (target / "notes.py").read_text() == "A = 1\n"
    readme = (target / "MLLEDGER.md").read_text()
    assert "python train.py" in readme
    assert "seed random: 7" in readme
    scene.train(target)
    newest = scene.newest()["run_id"]
    old, new = (ask("run", "show", one).data for one in (scene.run, newest))
    assert new["tags"] == {"derived_from": scene.run}
    for name in ("commit", "diff_digest", "entry_digest"):
        assert new["code"][name] == old["code"][name]
    assert new["seeds"] == old["seeds"]
    assert new["inputs"][0]["digest"] == old["inputs"][0]["digest"]
    assert new["inputs"][1]["digest"] != old["inputs"][1]["digest"]
    assert new["inputs"][1]["digest"] == done.data["changed"]["limits.csv"]


def test_data_goes_only_where_the_code_looks(scene: Scene, tmp_path: Path) -> None:
    """The training data lies outside of the project: nobody can put others there."""
    other = tmp_path / "other.csv"
    other.write_text("id,income\n1,2\n")
    words = ("--folder", tmp_path / "again", "--with-data")
    for data, hint in ((other, "put the data there"), (f"x={other}", "NAME=PATH")):
        done = scene.home.ask("model", "checkout", "loans", *words, data)
        assert done.exit == 2
        assert hint in done.envelope["errors"][0]["hint"]
