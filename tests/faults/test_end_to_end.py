"""Kills and stops everywhere under load: each event once in Postgres, one history."""

from __future__ import annotations

import copy
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from ledger import devkafka
from ledger.config import FILE_NAME, format_config, load_config
from ledger.log.kafka_client import SAFE_PRODUCER
from ledger.verdict import Verdict
from projections.database import Database
from tests.support.kafka import running_broker
from tests.support.ledger import decision
from tests.support.story import ROOT, Home, make_home

pytestmark = [pytest.mark.postgres, pytest.mark.faults]
EVENTS = 2_000


@dataclass
class Crew:
    """Processes around a home; one that ends is started anew until all are stopped."""

    home: Home
    notes: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0
    loads: int = 0

    def start(self, name: str) -> None:
        if name.startswith("producer"):
            self.loads += 1
            words = [
                "-m",
                "tests.support.story",
                str(self.home.path),
                str(self.notes / f"{self.loads}"),
            ]
        else:
            without = "--no-project" if name.startswith("sealer") else "--no-seal"
            words = ["-m", "ledger", "worker", without]
        with (self.notes.parent / f"{name}.err").open("ab") as said:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=os.environ | self.home.environment,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def keep_up(self) -> None:
        """Start again whoever has ended, as a supervisor does."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                self.start(name)

    def until(self, events: int) -> None:
        """Wait until so many events were emitted, whoever has to be started anew."""
        deadline = time.monotonic() + 200
        while sum(len(returned) for _, returned in self.emitted()) < events:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            self.keep_up()

    def kill(self, name: str) -> None:
        self.kills += 1
        self.running[name].kill()
        self.running[name].wait()

    def freeze(self, name: str, seconds: float) -> None:
        """Stop a process in the middle of whatever it does; then let it go on."""
        self.running[name].send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.running[name].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(120)

    def emitted(self) -> list[tuple[list[UUID], set[UUID]]]:
        """Per producer process: ids in order, and those whose emit returned."""
        found: list[tuple[list[UUID], set[UUID]]] = []
        for path in self.notes.iterdir():
            data = path.read_bytes()
            marks = [data[at : at + 17] for at in range(0, len(data) - 16, 17)]
            order = [UUID(bytes=m[1:]) for m in marks if m[:1] == b"?"]
            returned = {UUID(bytes=m[1:]) for m in marks if m[:1] == b"!"}
            found.append((order, returned))
        return found


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)])
def home(request: pytest.FixtureRequest, tmp_path: Path, tables_dsn: str) -> Home:
    bootstrap = ""
    if request.param == "kafka":
        bootstrap = running_broker(request.getfixturevalue("own_kafka")).bootstrap
    return make_home(tmp_path, bootstrap=bootstrap, dsn=tables_dsn, people=False)


def settle(home: Home) -> None:
    """Hand over what ended processes left, seal it, project it."""
    for _turn in range(2):
        flushed = home.ask("journal", "flush", "--timeout", 120)
        assert flushed.exit == 0, flushed
        home.work()


def rows(home: Home, question: str) -> list[tuple[object, ...]]:
    with Database.open(home.config) as database, database.connect() as connection:
        return connection.execute(question.encode()).fetchall()


PLACES = (
    "SELECT d.event_id, e.stream_id, e.seq, d.idx FROM decisions.decision AS d"
    " JOIN integrity.entry AS e USING (origin, leaf) ORDER BY e.origin, e.leaf, d.idx"
)


def each_event_is_there_once_and_in_order(home: Home, crew: Crew) -> int:
    """Everything whose emit returned is there, and no more than was begun."""
    found = rows(home, PLACES)
    ids = [row[0] for row in found]
    assert len(set(ids)) == len(ids)
    begun: set[UUID] = set()
    streams: defaultdict[object, list[object]] = defaultdict(list)
    for event, stream, _seq, _idx in found:
        streams[stream].append(event)
    for order, returned in crew.emitted():
        assert returned <= set(ids)
        begun |= set(order)
        rank = {event: number for number, event in enumerate(order)}
        for listed in streams.values():
            mine = [rank[event] for event in listed if event in rank]
            assert mine == sorted(mine)
    assert set(ids) <= begun
    return len(ids)


def one_history(home: Home) -> None:
    """The log verifies, and the tables made anew are the same."""
    steps = home.verify()
    assert {step.status for step in steps} == {"verified"}, steps
    rebuilt = home.ask("db", "rebuild")
    assert [row["table"] for row in rebuilt.data if row["changed"]] == []


def test_whoever_is_killed_each_event_is_there_once_and_in_order(
    home: Home, tmp_path: Path, request: pytest.FixtureRequest
):
    notes = tmp_path / "notes"
    notes.mkdir()
    home.work()
    crew = Crew(home, notes)
    names = ["producer 1", "producer 2", "sealer 1", "sealer 2", "projector"]
    for name in names:
        crew.start(name)
    dice = random.Random(request.config.getoption("randomly_seed", 7))
    victims = dice.sample(names, len(names))
    trouble = broker_trouble(home, request)
    try:
        crew.until(200)
        for turn, name in enumerate(victims):
            time.sleep(dice.uniform(0.2, 1.5))
            if turn in {1, 3}:
                trouble()
            crew.freeze(name, 0.7) if turn == 4 else crew.kill(name)
            crew.keep_up()
        crew.until(EVENTS)
    finally:
        crew.stop()
    settle(home)

    assert each_event_is_there_once_and_in_order(home, crew) >= EVENTS
    one_history(home)


def broker_trouble(home: Home, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Return what now and then happens to the broker, where there is one."""
    if home.config.log.kind != "kafka":
        return lambda: None
    folder = request.getfixturevalue("own_kafka")
    ways = iter([signal.SIGSTOP, signal.SIGKILL])

    def trouble() -> None:
        way = next(ways, None)
        running = devkafka.status(folder)
        if way is None or running is None:
            return
        os.kill(running.pid, way)
        time.sleep(2.0)
        if way == signal.SIGSTOP:
            os.kill(running.pid, signal.SIGCONT)
        else:
            running_broker(folder)

    return trouble


embedded = pytest.mark.parametrize("home", ["sqlite"], indirect=True)
on_kafka = pytest.mark.parametrize(
    "home", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)


@embedded
def test_a_cloned_journal_sent_by_two_processes_gives_each_event_once(
    home: Home, tmp_path: Path
):
    notes = tmp_path / "notes"
    notes.mkdir()
    crew = Crew(home, notes)
    crew.start("producer")
    crew.until(200)
    crew.kill("producer")
    clone = cloned(home, tmp_path / "clone")
    sides = [side.start("journal", "flush") for side in (home, clone)]
    assert [side.wait(200) for side in sides] == [0, 0]
    settle(home)

    each_event_is_there_once_and_in_order(home, crew)
    assert {
        row[0] for row in rows(home, "SELECT verdict FROM integrity.unaccepted")
    } <= {Verdict.DUPLICATE}
    one_history(home)


def cloned(home: Home, target: Path) -> Home:
    """A second home over the same log and public folder, with a copy of the rest."""
    skip = shutil.ignore_patterns("log.sqlite*", "public", "postgres*")
    shutil.copytree(home.path, target, ignore=skip)
    (target / "public").symlink_to(home.config.public)
    log = replace(home.config.log, path=str(home.config.log_path))
    config = replace(home.config, home=target, log=log)
    (target / FILE_NAME).write_text(format_config(config))
    return Home(load_config(target))


def test_two_machines_that_go_on_with_one_stream_are_seen_and_one_is_refused(
    home: Home,
):
    home.work()
    ledger = home.small_ledger()
    stream = ledger.stream()
    stream.append([decision()])
    twin = copy.copy(stream)  # what a snapshot of a machine holds
    ours, theirs = [decision() for _ in range(3)], [decision() for _ in range(3)]
    for mine, other in zip(ours, theirs, strict=True):
        stream.append([mine])
        twin.append([other])
    ledger.close()
    home.work()

    refused = home.ask("query", "quarantine").data
    assert {row["verdict"] for row in refused} == {Verdict.FORK}
    (state,) = [
        row
        for row in home.ask("query", "streams").data
        if UUID(row["stream_id"]).bytes == stream.stream_id
    ]
    assert state["state"] == "frozen"
    there = {row[0] for row in rows(home, "SELECT event_id FROM decisions.decision")}
    assert UUID(bytes=ours[0].id) in there
    assert not there & {UUID(bytes=event.id) for event in theirs}
    one_history(home)


@on_kafka
def test_a_record_changed_in_the_brokers_file_is_named(
    home: Home, own_kafka: Path, monkeypatch: pytest.MonkeyPatch
):
    plain = {**SAFE_PRODUCER, "compression_type": None}
    monkeypatch.setattr("ledger.log.kafka.SAFE_PRODUCER", plain)
    event, place = one_decision(home)
    devkafka.stop(own_kafka)
    flip_in_segments(own_kafka, event.id)
    running_broker(own_kafka)
    shown = home.ask("decision", "show", UUID(bytes=event.id), "--verify")
    whole = home.ask("verify", "log")

    assert (shown.exit, whole.exit) == (5, 5)
    assert any(place in one for one in shown.places)
    assert any(place in one for one in whole.places)


@on_kafka
def test_records_deleted_from_the_broker_unannounced_contradict_the_control_log(
    home: Home,
):
    from kafka import KafkaAdminClient
    from kafka.structs import TopicPartition

    event, place = one_decision(home)
    admin = KafkaAdminClient(bootstrap_servers=home.config.log.bootstrap)
    partition = int(place.split("/p")[1].split(" ")[0])
    topic = TopicPartition(f"{home.config.name}.events", partition)
    admin.delete_records({topic: int(place.rsplit(" ", 1)[1]) + 1})
    admin.close()
    shown = home.ask("decision", "show", UUID(bytes=event.id), "--verify")
    whole = home.ask("verify", "log")

    assert (shown.exit, whole.exit) == (5, 5)
    assert any(place in one for one in shown.places)
    assert any(place.rsplit(" ", 2)[0] in one for one in whole.places)


def one_decision(home: Home):
    """Seal and project one decision; returns it and the place of its record."""
    home.work()
    ledger = home.small_ledger()
    stream = ledger.stream()
    event = decision()
    position = stream.append([event])
    ledger.close()
    home.work()
    assert home.ask("decision", "show", UUID(bytes=event.id), "--verify").exit == 0
    return event, f"{stream.origin} offset {position.offset}"


def flip_in_segments(folder: Path, needle: bytes) -> None:
    """Flip a bit behind some bytes in the broker's files, and mend the batch's CRC."""
    import crc32c

    for path in folder.rglob("*.log"):
        data = bytearray(path.read_bytes())
        at = data.find(needle)
        if at < 0:
            continue
        data[at + len(needle) + 2] ^= 1
        start = 0
        while start < len(data):
            end = start + 12 + int.from_bytes(data[start + 8 : start + 12], "big")
            if start <= at < end:
                crc = crc32c.crc32c(bytes(data[start + 21 : end]))
                data[start + 17 : start + 21] = crc.to_bytes(4, "big")
            start = end
        path.write_bytes(bytes(data))
        return
    raise AssertionError("the record is in no file of the broker")
