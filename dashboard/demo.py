"""``mlledger demo``: the whole way once, on real data, in one command.

A classifier is trained twice, evaluated, approved by a second person, released,
deployed and asked for thousands of decisions; the log is sealed, projected, asked and
verified; a record is written for the auditor; then one byte is changed in a copy, and
verification says where.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from ledger import clock
from ledger.commands.verify import MARKS
from ledger.config import Config, LogConfig, find_home, load_config
from ledger.errors import LedgerError
from ledger.output import format_id, format_time, note

if TYPE_CHECKING:
    from dashboard.demo_story import Served
    from ledger.log import Log
    from ledger.verification import Step
    from projections.chain import Chain
    from projections.database import Database

Kind = Literal["sqlite", "kafka"]
PEOPLE = ("person:ana", "person:bela")


@dataclass(slots=True)
class Stage:
    """Prints what is going on and how long it took."""

    started: float

    def say(self, text: str) -> None:
        """Write a progress line to stderr."""
        note(f"[{clock.monotonic() - self.started:5.1f} s] {text}")


def run(*, home: Path | None, log: Kind, serve: bool = False) -> int:
    """Run the demo; returns the exit code.

    Args:
        home: folder of the ledger; ``.mlledger`` or ``.mlledger-kafka`` by default.
        log: what carries the ledger; ``kafka`` starts a development broker.
        serve: go on to the dashboard.
    """
    stage = Stage(clock.monotonic())
    folder = home or _default_home(log)
    broker = _start_broker(folder, stage) if log == "kafka" else None
    try:
        config = _prepare(folder, log, broker, stage)
        code = _tell(config, stage)
        if serve and code == 0:
            _serve(config)
        return code
    finally:
        if broker is not None:
            from ledger import devkafka

            devkafka.stop(folder / "kafka")


def _default_home(log: Kind) -> Path:
    found = find_home()
    return found if log == "sqlite" else found.with_name(f"{found.name}-kafka")


def _start_broker(folder: Path, stage: Stage) -> str:
    from ledger import devkafka

    stage.say("starting a development Kafka broker")
    return devkafka.start(folder / "kafka").bootstrap


def _prepare(folder: Path, log: Kind, broker: str | None, stage: Stage) -> Config:
    from ledger.setup import initialise

    wanted = LogConfig(kind=log)
    if broker is not None:
        wanted = LogConfig(kind=log, bootstrap=broker, partitions=2)
    made = initialise(folder, log=wanted)
    config = made.config
    if broker is not None and config.log.bootstrap != broker:
        config = replace(config, log=replace(config.log, bootstrap=broker))
    word = "made" if made.created else "found"
    stage.say(f"ledger {config.name} {word} in {folder}")
    _authorise_people(config)
    return load_config(folder)


def _authorise_people(config: Config) -> None:
    from ledger.administration import new_key
    from ledger.log import open_log
    from ledger.setup import add_identity

    missing = [who for who in PEOPLE if who not in config.identities]
    if not missing:
        return
    log = open_log(config)
    try:
        for who in missing:
            key = new_key(config, log, identity=who, kind="person")
            uri = f"file:{key.path.relative_to(config.home)}"
            config = add_identity(config, who, uri)
    finally:
        log.close()


def _tell(config: Config, stage: Stage) -> int:
    from projections.database import Database

    served = _live(config, stage)
    with Database.open(config) as database:
        _seal_and_project(config, stage)
        chain = _ask(config, database, served[0], stage)
        report = _report(config, database, chain, stage)
        _seal_and_project(config, stage)
        steps = _verify(config, stage)
        found = _alter_and_verify(config, chain, stage)
        _summary(config, database, served, chain, report)
    healthy = chain.exit_code == 0 and not any(s.is_finding for s in steps)
    return 0 if healthy and found else 1


def _live(config: Config, stage: Stage) -> list[Served]:
    import ledger
    from dashboard import demo_story as story
    from dashboard.demo_project import Project

    project = Project(config.home / "training")
    live = config.home / "live.json"
    served: list[Served] = []
    with ledger.init(config.home, system=story.SYSTEM) as lg:
        data = story.describe(lg, project)
        # A repeated demo replaces what the last one left in production.
        before = (
            ledger.from_dict(json.loads(live.read_text())) if live.exists() else None
        )
        for name in story.NAMES:
            one = story.live_through(lg, data, project, name=name, before=before)
            served.append(one)
            before = one.deployment
            stage.say(f"{name}: trained, approved, serving {one.decisions} decisions")
        live.write_text(json.dumps(served[-1].deployment.to_dict()))
        if not lg.flush(60.0):
            raise LedgerError(f"the log did not take all events: {lg.stats()}")
    return served


def _seal_and_project(config: Config, stage: Stage) -> None:
    from projections.worker import Worker

    with Worker(config, watch=False, once=True) as worker:
        while worker.step():
            pass
        stage.say(", ".join(f"{count} {what}" for what, count in worker.done.items()))


def _ask(config: Config, database: Database, one: Served, stage: Stage) -> Chain:
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import LedgerVerifier, roots_of
    from projections.chain import decision_chain

    log = open_log(config)
    try:
        verifier = LedgerVerifier(
            log=log,
            public=PublicFolder(config.public),
            ledger_id=config.ledger_id,
            tsa_roots=roots_of(config),
        )
        with database.connect("auditor") as connection:
            decision = UUID(bytes=one.decision_id)
            chain = decision_chain(connection, decision, verifier=verifier)
    finally:
        log.close()
    stage.say(f"decision {format_id(one.decision_id)}: {len(chain.links)} links asked")
    return chain


def _report(config: Config, database: Database, chain: Chain, stage: Stage) -> Path:
    from dashboard.reports.decision_record import write_record

    folder = config.home / "reports"
    path = write_record(config, database, chain, folder=folder)
    stage.say(f"individual decision record written to {path}")
    return path


def _verify(config: Config, stage: Stage) -> list[Step]:
    from ledger.log import open_log

    log = open_log(config)
    try:
        steps = _steps(config, log)
    finally:
        log.close()
    failed = [step for step in steps if step.is_finding]
    stage.say(f"whole log: {len(steps)} checks, {len(failed)} not passed")
    return steps


def _steps(config: Config, log: Log) -> list[Step]:
    from ledger.public import PublicFolder
    from ledger.verification import roots_of, verify_log

    public = PublicFolder(config.public)
    return verify_log(
        log=log,
        public=public,
        ledger_id=config.ledger_id,
        tsa_roots=roots_of(config),
    )


def _alter_and_verify(config: Config, chain: Chain, stage: Stage) -> bool:
    """Change one byte in a copy; return whether verification found it, and where."""
    from ledger.log import open_log

    with tempfile.TemporaryDirectory(prefix="mlledger-copy-") as name:
        copy = Path(name) / "home"
        skip = shutil.ignore_patterns("postgres", "kafka", "journal", "keys")
        shutil.copytree(config.home, copy, ignore=skip)
        altered = replace(config, home=copy)
        what = _alter(altered, chain)
        log = open_log(altered)
        try:
            failed = [s for s in _steps(altered, log) if s.status == "failed"]
        finally:
            log.close()
    stage.say(f"in a copy, one byte changed in {what}:")
    for step in failed:
        note(f"          ✖ {step.name}: {step.detail} [{step.place}]")
    return bool(failed)


def _alter(config: Config, chain: Chain) -> str:
    position = chain.links[0].position
    if position is None:
        raise LedgerError("the decision has no position in the log")
    if config.log.kind == "sqlite":
        return _alter_record(config, position.origin, position.leaf)
    folder = config.public / position.origin / "tile" / "entries"
    path = max(p for p in folder.rglob("*") if p.is_file())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return str(path.relative_to(config.public))


def _alter_record(config: Config, origin: str, offset: int) -> str:
    import sqlite3

    partition = config.partition(origin)
    where = "WHERE partition = ? AND offset = ?"
    with sqlite3.connect(config.log_path) as connection:
        triggers = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for (trigger,) in triggers:
            connection.execute(f'DROP TRIGGER "{trigger}"')
        (value,) = connection.execute(
            f"SELECT value FROM record {where}",  # noqa: S608  two constant texts
            (partition, offset),
        ).fetchone()
        changed = bytearray(value)
        changed[-1] ^= 1
        connection.execute(
            f"UPDATE record SET value = ? {where}",  # noqa: S608  two constant texts
            (bytes(changed), partition, offset),
        )
    connection.close()
    return f"record {offset} of {origin}"


def _summary(
    config: Config,
    database: Database,
    served: list[Served],
    chain: Chain,
    report: Path,
) -> None:
    from projections.asking import Bounds
    from projections.columns import to_time
    from projections.registry.queries import live_at

    lines = ["", "Why was this decision made, by what, trained on which data?"]
    lines += [_link_line(link) for link in chain.links]
    lines += ["", "What was live in production?"]
    with database.connect("auditor") as connection:
        for one in served:
            bounds = Bounds(as_of=to_time(one.live_at))
            rows = live_at(connection, environment="prod", bounds=bounds)
            names = ", ".join(f"{row.model} {row.version} ({row.role})" for row in rows)
            lines.append(f"  at {format_time(one.live_at)}: {names}")
    total = sum(one.decisions for one in served)
    lines += [
        "",
        f"{total} decisions by {len(served)} model versions; ledger {config.name}",
        f"ledger id   {config.ledger_id.hex()}",
        f"report      {report}",
        *_broker_hint(config),
        f"try         MLLEDGER_HOME={config.home} .venv/bin/mlledger decision ls",
        f"and         MLLEDGER_HOME={config.home} .venv/bin/mlledger serve",
    ]
    print("\n".join(lines))  # noqa: T201  the demo's answer on stdout


def _broker_hint(config: Config) -> list[str]:
    """Say how to get the stopped broker back, where there is one."""
    if config.log.kind != "kafka":
        return []
    return [
        f"first       MLLEDGER_HOME={config.home} .venv/bin/mlledger dev kafka start"
    ]


def _link_line(link: object) -> str:
    mark = MARKS[link.integrity]  # pyright: ignore
    return f"  {mark} {link.kind:16} {link.title}"  # pyright: ignore


def _serve(config: Config) -> None:
    import os

    from dashboard.serving import serve

    os.environ["MLLEDGER_HOME"] = str(config.home)
    serve(host="127.0.0.1", port=8600)
