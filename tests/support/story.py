"""A ledger home as its users have it: the SDK, the worker, the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.administration import new_key
from ledger.config import FILE_NAME, Config, LogConfig, format_config, load_config
from ledger.log import open_log
from ledger.sdk import Ledger, init
from ledger.setup import add_identity, initialise
from ledger.verification import Step, exit_code
from tests.support.commands import application
from tests.support.ledger import SmallLedger, open_ledger

ROOT = Path(__file__).resolve().parents[2]
AUTHOR, APPROVER = "person:ana", "person:bela"
SYSTEM, MODEL, GATE = "lending", "loans", "production"
CONFIGURATION = {"threshold": 0.5}


@dataclass(frozen=True)
class Answered:
    """What a command printed with ``--json``, and its exit code."""

    exit: int
    envelope: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.envelope["data"]

    @property
    def places(self) -> list[str]:
        """Where the errors are."""
        return [str(error.get("place")) for error in self.envelope["errors"]]


@dataclass
class Home:
    """A ledger home; every access opens what it needs, as a command does."""

    config: Config

    @property
    def path(self) -> Path:
        return self.config.home

    def ask(self, *arguments: object) -> Answered:
        """Run a command in this process; returns its JSON answer."""
        from typer.testing import CliRunner

        words = [*map(str, arguments), "--json"]
        done = CliRunner().invoke(application(), words, env=self.environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answered(done.exit_code, json.loads(done.stdout))

    def run(
        self, *arguments: object, timeout: float = 200.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as its own process."""
        return subprocess.run(
            [sys.executable, "-m", "ledger", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start a command as its own process, and let it run."""
        return subprocess.Popen(
            [sys.executable, "-m", "ledger", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def small_ledger(self) -> SmallLedger:
        """The home as a ledger whose log and seal a test works with directly."""
        from projections.database import Database

        config = self.config
        if config.seal.state == "postgres":
            with Database.open(config) as database:
                known = replace(config.database, seal_dsn=database.seal_dsn())
                config = replace(config, database=known)
        return SmallLedger(config, open_log(config))

    @property
    def environment(self) -> dict[str, str]:
        return {"MLLEDGER_HOME": str(self.path), "MLLEDGER_QUIET": "1"}

    def work(self, *, seal: bool = True) -> dict[str, int]:
        """Seal and project until nothing is left to do; consumers are not watched."""
        from projections.worker import Worker

        with Worker(self.config, seal=seal, watch=False) as worker:
            while worker.step():
                pass
            return worker.done

    def verify(self) -> list[Step]:
        """Verify the whole ledger from its id alone."""
        ledger = open_ledger(self.path)
        try:
            return ledger.verify()
        finally:
            ledger.close()

    def exit_code(self) -> int:
        return exit_code(self.verify())

    def copy(self, target: Path) -> Home:
        """Copy the home with ``cp -r``, whatever runs in it.

        A session of the server that has just ended drops its temporary tables; ``cp``
        may say that one of them vanished under its hands.
        """
        done = subprocess.run(
            ["cp", "-r", str(self.path), str(target)],
            check=False,
            capture_output=True,
            text=True,
        )
        vanished = re.compile(r"cp: .*/base/\d+/t\d+_\d+': No such file or directory")
        complaints = done.stderr.splitlines()
        assert all(vanished.fullmatch(one) for one in complaints), done.stderr
        return Home(load_config(target))

    def file(self, pattern: str, *, partition: int = 0) -> Path:
        """The largest published file of an origin that a pattern finds."""
        folder = self.config.public / self.config.origin(partition)
        found = [path for path in folder.glob(pattern) if path.is_file()]
        return max(found, key=lambda path: path.stat().st_size)


def make_home(
    folder: Path, *, bootstrap: str = "", dsn: str = "", people: bool = True
) -> Home:
    """Make a home on the embedded log, or on Kafka where its address is given."""
    log = LogConfig()
    if bootstrap:
        log = LogConfig(kind="kafka", bootstrap=bootstrap, partitions=2)
    config = initialise(folder / "home", log=log).config
    if dsn:
        database = replace(config.database, dsn=dsn)
        config = replace(config, database=database)
        (config.home / FILE_NAME).write_text(format_config(config))
    if people:
        _authorise_people(config)
    return Home(load_config(config.home))


def _authorise_people(config: Config) -> None:
    log = open_log(config)
    for who in (AUTHOR, APPROVER):
        key = new_key(config, log, identity=who, kind="person")
        config = add_identity(config, who, f"file:{key.path.relative_to(config.home)}")
    log.close()


@dataclass
class Told:
    """What a story leaves behind to ask about.

    Attributes:
        artifacts: model files, by version.
        versions, releases, deployments: handles, by version (``v1``, ``v2``).
        decisions: ids of decisions, by version.
        moments: microseconds since 1970, by what had just happened.
        test: the deployment of v1 in the test environment.
    """

    artifacts: dict[str, Path]
    versions: dict[str, Any]
    releases: dict[str, Any]
    deployments: dict[str, Any]
    decisions: dict[str, list[UUID]]
    moments: dict[str, int]
    test: Any = None

    @property
    def decision(self) -> UUID:
        """A decision of the first version."""
        return self.decisions["v1"][0]


def tell(home: Home, folder: Path, *, count: int = 12) -> Told:
    """Live through two versions: data, training, approval, deployment, decisions.

    At the moment ``one`` v1 answers alone in production, at ``two`` v1 and v2 are
    champions side by side, at ``last`` v2 is alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = Told({}, {}, {}, {}, {}, {"before": clock.now_us()})
    with init(home.path, system=SYSTEM, quiet=True) as lg:
        data = _describe(lg, folder)
        _release(lg, told, data, "v1", folder)
        told.test = lg.deploy(told.releases["v1"], "test", service="loans-api")
        _serve(lg, told, "v1", count)
        told.moments["one"] = clock.now_us()
        _release(lg, told, data, "v2", folder)
        _serve(lg, told, "v2", count)
        told.moments["two"] = clock.now_us()
        lg.undeploy(told.deployments["v1"], reason="v2 took over")
        told.moments["last"] = clock.now_us()
        assert lg.flush(200.0), lg.stats()
    return told


def _describe(lg: Ledger, folder: Path) -> tuple[Path, Any]:
    lg.register_system(SYSTEM, title="Lending", purpose="decides on loans")
    lg.register_principal(APPROVER, kind="person", line="2")
    lg.register_source("bureau", title="Credit bureau", kind="vendor")
    lg.register_dataset("applications", purposes=["credit"], sources=["bureau"])
    whole, train = folder / "whole.csv", folder / "train.csv"
    whole.write_text("".join(f"{n},{n % 7}\n" for n in range(300)))
    train.write_text("".join(f"{n},{n % 7}\n" for n in range(200)))
    raw = lg.log_dataset_version("applications", whole, sources=["bureau"])
    version = lg.log_dataset_version("applications", train, derived_from=[raw])
    return train, version


def _release(
    lg: Ledger, told: Told, data: tuple[Path, Any], label: str, folder: Path
) -> None:
    path, dataset_version = data
    artifact = told.artifacts[label] = folder / f"{label}.model"
    artifact.write_bytes(f"weights of {label}".encode() * 50)
    with lg.training_run(f"train-{label}", seeds={"numpy": 7}) as run:
        run.input(path, "train", dataset_version=dataset_version)
        run.log_metric("auc", 0.8)
        run.output(artifact, name="model")
        version = run.register_model(MODEL, artifact, version=label)
    criterion = lg.set_criteria(MODEL, "auc", 0.7)
    lg.log_evaluation(
        version,
        metrics={"auc": 0.81},
        criteria=[criterion],
        dataset_version=dataset_version,
    )
    release = lg.release(version, label=f"r-{label}", configuration=CONFIGURATION)
    request = lg.request_approval(release, gate=GATE, by=AUTHOR, requested_of=APPROVER)
    lg.approve(request, by=APPROVER)
    told.versions[label], told.releases[label] = version, release


def _serve(lg: Ledger, told: Told, label: str, count: int) -> None:
    deployment = lg.deploy(told.releases[label], "prod", service="loans-api")
    lg.attest(deployment, artifact=told.artifacts[label], configuration=CONFIGURATION)
    rows = [{"output": "refer" if n % 2 else "accept"} for n in range(count)]
    made = lg.log_decisions(rows, deployment=deployment, mode="advisory")
    told.deployments[label] = deployment
    told.decisions[label] = [UUID(bytes=bytes(one)) for one in made]


@contextmanager
def flipped(path: Path, at: float = 0.5) -> Iterator[None]:
    """Flip one bit of one byte, ``at`` a share of the file; undone afterwards."""
    before = path.read_bytes()
    data = bytearray(before)
    data[min(int(len(data) * at), len(data) - 1)] ^= 1
    path.write_bytes(bytes(data))
    try:
        yield
    finally:
        path.write_bytes(before)


@contextmanager
def removed(path: Path) -> Iterator[None]:
    """Take a file away; it comes back afterwards."""
    with tempfile.TemporaryDirectory() as aside:
        kept = Path(aside) / path.name
        shutil.move(path, kept)
        try:
            yield
        finally:
            shutil.move(kept, path)


@contextmanager
def changed_record(config: Config, partition: int, offset: int) -> Iterator[None]:
    """Flip one bit in the middle of a record of the embedded log."""
    statement = "UPDATE record SET value = ? WHERE partition = ? AND offset = ?"
    value = _record(config, partition, offset)[1]
    data = bytearray(value)
    data[len(data) // 2] ^= 1
    _as_administrator(config, statement, (bytes(data), partition, offset))
    try:
        yield
    finally:
        _as_administrator(config, statement, (value, partition, offset))


@contextmanager
def removed_record(config: Config, partition: int, offset: int) -> Iterator[None]:
    """Delete a record of the embedded log."""
    moment, value = _record(config, partition, offset)
    where = (partition, offset)
    _as_administrator(
        config, "DELETE FROM record WHERE partition = ? AND offset = ?", where
    )
    try:
        yield
    finally:
        _as_administrator(
            config, "INSERT INTO record VALUES (?, ?, ?, ?)", (*where, moment, value)
        )


def _record(config: Config, partition: int, offset: int) -> tuple[int, bytes]:
    with closing(sqlite3.connect(config.log_path)) as database:
        return database.execute(
            "SELECT timestamp_ms, value FROM record WHERE partition = ? AND offset = ?",
            (partition, offset),
        ).fetchone()


def _as_administrator(config: Config, statement: str, values: tuple[Any, ...]) -> None:
    """Change the log as who holds the file can: without the triggers that forbid it."""
    with closing(sqlite3.connect(config.log_path)) as database, database:
        triggers = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for (name,) in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        assert database.execute(statement, values).rowcount == 1


def load(home: str, notes: str) -> None:
    """Emit decisions until SIGTERM; note each id before (?) and after (!) its emit."""
    from ledger.setup import open_emitter
    from ledger.stopping import Stopping
    from tests.support.ledger import decision

    stop = Stopping.on_signals()
    emitter = open_emitter(load_config(Path(home)))
    out = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while not stop.wait(0.02):
        for event in [decision() for _ in range(20)]:
            os.write(out, b"?" + event.id)
            emitter.emit(event)
            os.write(out, b"!" + event.id)
    emitter.close(5.0)


if __name__ == "__main__":
    load(*sys.argv[1:])
