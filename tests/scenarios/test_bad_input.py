"""Whatever comes in: a clear refusal or quarantine, and nothing right is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from ledger import clock
from ledger.administration import append_as_operator, authorise
from ledger.avro import schema_bytes, schema_id
from ledger.codec import encode
from ledger.config import load_config
from ledger.events.ledger import SchemaRegistered
from ledger.keys import Ed25519Signer, write_key
from ledger.log import open_log
from ledger.setup import add_identity, open_emitter
from ledger.verdict import Verdict
from projections.database import Database
from tests.support.ledger import decision
from tests.support.postgres import fresh_database
from tests.support.story import ROOT, Home, make_home
from tests.support.waiting import until

pytestmark = pytest.mark.postgres
SOURCE = "data.source.registered"
RIGHT = {"source": "bureau", "title": "Bureau", "kind": "vendor"}


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("kafka", marks=pytest.mark.kafka)]
)
def home(
    request: pytest.FixtureRequest,
    postgres_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Home]:
    kafka = request.param == "kafka"
    bootstrap = request.getfixturevalue("kafka_bootstrap") if kafka else ""
    with fresh_database(postgres_server) as dsn:
        folder = tmp_path_factory.mktemp("bad")
        made = make_home(folder, bootstrap=bootstrap, dsn=dsn, people=False)
        made.work()
        yield made


embedded = pytest.mark.parametrize("home", ["sqlite"], indirect=True)
on_kafka = pytest.mark.parametrize(
    "home", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)


def emit(home: Home, fields: dict[str, object], name: str = SOURCE) -> Any:
    return home.ask("emit", name, "--data", json.dumps(fields))


def arrived(home: Home, event: str) -> bool:
    """The event is in the tables, and what the log holds of it verifies."""
    answer = home.ask("event", "get", event)
    assert answer.exit in {0, 4}
    return answer.exit == 0


def the_rest_goes_on(home: Home) -> None:
    """A right event passes, and the whole log holds."""
    made = emit(home, RIGHT)
    assert made.exit == 0
    home.work()
    assert arrived(home, made.data["event_id"])
    assert home.exit_code() == 0


# At the door


@embedded
def test_an_unknown_type_is_refused_and_the_right_one_suggested(home: Home):
    answer = emit(home, RIGHT, "data.source.registred")

    (error,) = answer.envelope["errors"]
    assert (answer.exit, error["id"]) == (2, "LDG-E002")
    assert SOURCE in error["message"] + error["hint"]
    the_rest_goes_on(home)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({**RIGHT, "sorce": "x"}, "sorce"),
        ({"title": "Bureau", "kind": "vendor"}, "source"),
        ({**RIGHT, "notice_days": "soon"}, "notice_days"),
        ({**RIGHT, "title": "x" * 257}, "title"),
    ],
    ids=["unknown", "absent", "kind", "long"],
)
@embedded
def test_a_wrong_field_is_refused_by_its_name(
    home: Home, fields: dict[str, object], named: str
):
    answer = emit(home, fields)

    (error,) = answer.envelope["errors"]
    assert (answer.exit, error["id"]) == (2, "LDG-E001")
    assert named in error["message"]


@embedded
def test_of_a_batch_the_right_lines_are_recorded_once(home: Home, tmp_path: Path):
    lines = [
        {"type": SOURCE, "data": RIGHT},
        {"type": SOURCE, "data": {"source": 7}},
        {"type": "no.such.type", "data": {}},
        {"type": SOURCE, "data": {**RIGHT, "source": "other"}},
    ]
    path = tmp_path / "batch.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{not json\n")
    answer = home.ask("emit", "--batch", path, "--on-error", "skip")
    home.work()

    assert (answer.exit, answer.envelope["meta"]["complete"]) == (10, False)
    assert [row["line"] for row in answer.data] == [1, 4]
    assert [error["line"] for error in answer.envelope["errors"]] == [2, 3, 5]
    assert all(arrived(home, row["event_id"]) for row in answer.data)


@embedded
def test_an_event_that_is_too_large_is_refused(home: Home):
    parameters = {f"p{n}": "x" * 250 for n in range(2_500)}
    fields = {"run": str(UUID(int=1)), "parameters": parameters}
    answer = emit(home, fields, "pipeline.run.updated")

    (error,) = answer.envelope["errors"]
    assert (answer.exit, error["id"]) == (2, "LDG-E003")
    assert "524288" in error["message"].replace(",", "")
    the_rest_goes_on(home)


# Signed, but not to be accepted


def refusals(home: Home) -> list[dict[str, Any]]:
    return home.ask("query", "quarantine", "-p", "limit=1000").data


def test_a_key_that_nobody_authorised_waits_in_quarantine_until_one_does(home: Home):
    signer, name = Ed25519Signer.generate(), f"stranger-{clock.random_bytes(4).hex()}"
    write_key(home.config.keys / f"{name}.key", signer)
    config = add_identity(home.config, f"service:{name}", f"file:keys/{name}.key")
    fp = sha256(signer.public_key).hexdigest()
    event = decision()
    with closing(open_emitter(config, identity=f"service:{name}")) as emitter:
        emitter.emit(event)
        assert emitter.flush(60)
        home.work()
        mine = [row for row in refusals(home) if row["key_fp"] == fp]
        assert {row["verdict"] for row in mine} == {Verdict.UNKNOWN_KEY}
        assert not arrived(home, str(UUID(bytes=event.id)))
        the_rest_goes_on(home)

        with closing(open_log(config)) as log:
            authorise(
                config,
                log,
                identity=f"service:{name}",
                kind="service",
                public_key=signer.public_key,
            )
        until(lambda: bool(home.work()) and emitter.wait_sealed(0.5))
    home.work()
    assert arrived(home, str(UUID(bytes=event.id)))
    assert home.exit_code() == 0


@embedded
def test_a_schema_that_is_not_registered_yet_delays_its_events_alone(home: Home):
    newer = json.loads(schema_bytes(type(decision())))
    newer["name"] = f"recorded_v{2 + clock.random_bytes(1)[0]}"
    text = json.dumps(newer, separators=(",", ":")).encode()
    event = decision()
    with closing(open_emitter(home.config)) as emitter:
        emitter.emit_many([(sha256(text).digest(), encode(event)[1])])
        assert emitter.flush(60)
        home.work()
        assert Verdict.UNKNOWN_SCHEMA in {row["verdict"] for row in refusals(home)}
        the_rest_goes_on(home)
        with closing(open_log(home.config)) as log:
            fact = SchemaRegistered.record(schema=text)
            append_as_operator(home.config, log, [fact])
        until(lambda: bool(home.work()) and emitter.wait_sealed(0.5))
    assert home.exit_code() == 0


def test_bytes_that_are_no_entry_stand_in_quarantine_and_harm_nobody(home: Home):
    values: list[bytes | None] = [b"no entry", b"MLLE" + bytes(300)]
    before = len(refusals(home))
    with closing(open_log(home.config)) as log:
        for value in values:
            log.append(0, value)
    the_rest_goes_on(home)

    new = refusals(home)
    assert len(new) == before + len(values)
    hashes = {row["record_hash"]: row["verdict"] for row in new}
    for value in values:
        assert hashes[sha256(value or b"").hexdigest()] == Verdict.MALFORMED


@on_kafka
def test_a_tombstone_is_a_refused_record_as_well(home: Home):
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=home.config.log.bootstrap)
    topic = f"{home.config.name}.events"
    producer.send(topic, key=b"k", value=None, partition=1).get(60)
    producer.close()
    the_rest_goes_on(home)
    empty = sha256(b"").hexdigest()
    found = [row for row in refusals(home) if row["record_hash"] == empty]
    assert [row["verdict"] for row in found] == [Verdict.MALFORMED]
    assert found[0]["word"]


@embedded
def test_a_body_that_does_not_decode_is_a_finding_and_its_neighbours_count(home: Home):
    kind, good = type(decision()), decision()
    before = len(home.ask("query", "unreadable").data)
    with closing(open_emitter(home.config)) as emitter:
        emitter.emit_many([(schema_id(kind), b"\xff" * 9), encode(good)])
        assert emitter.flush(60)
    home.work()

    found = home.ask("query", "unreadable").data
    assert len(found) == before + 1
    assert found[0]["reason"]
    assert arrived(home, str(UUID(bytes=good.id)))
    assert home.exit_code() == 0


# The world fails


@on_kafka
def test_while_the_broker_is_away_events_wait_and_commands_say_so(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    fields = json.dumps(RIGHT)
    with monkeypatch.context() as patch:
        patch.setenv("MLLEDGER_LOG__BOOTSTRAP", "127.0.0.1:9")
        done = home.run("emit", SOURCE, "--data", fields, "--no-wait", "--json")
        assert done.returncode == 0, done.stderr
        worked = Home(load_config(home.path)).ask("worker", "--once")
        assert (worked.exit, worked.envelope["errors"][0]["id"]) == (8, "LDG-U001")
        waiting = home.ask("journal", "status").data
        assert sum(row["events"] + row["new"] for row in waiting) > 0
    flushed = home.ask("journal", "flush")
    assert flushed.exit == 0
    home.work()
    assert arrived(home, json.loads(done.stdout)["data"]["event_id"])
    assert home.exit_code() == 0


@embedded
def test_a_worker_on_a_full_disk_says_so_and_the_next_one_goes_on(home: Home):
    made = emit(home, RIGHT)
    script = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))\n"
        "sys.argv = ['mlledger', 'worker', '--once', '--json']\n"
        "runpy.run_module('ledger', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script],
        cwd=ROOT,
        env={**home.environment, "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 8, done.stderr
    assert json.loads(done.stdout)["errors"][0]["id"].startswith("LDG-U")
    assert not arrived(home, made.data["event_id"])
    home.work()
    assert arrived(home, made.data["event_id"])
    assert home.exit_code() == 0


@embedded
def test_a_ruined_journal_is_kept_aside_and_said(home: Home):
    log = home.config.log_path
    aside = log.rename(log.with_name("away"))
    with closing(open_emitter(home.config)) as emitter:
        emitter.emit(decision())
        assert not emitter.flush(0.5)
    aside.rename(log)
    for path in home.config.journal.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            path.write_bytes(b"\x00ruined" * max(1, path.stat().st_size // 7))
    flushed = home.ask("journal", "flush", "--timeout", 5)
    kept = home.ask("journal", "quarantine", "ls")

    assert kept.data, flushed
    assert all(row["reason"] for row in kept.data)
    the_rest_goes_on(home)


def test_a_database_that_dies_while_projecting_loses_and_repeats_nothing(
    tmp_path: Path,
):
    home = make_home(tmp_path, people=False)
    count = emitted(home, thousands=4)
    with Database.open(home.config):
        worker = home.start("worker")
        try:
            until(lambda: position(home) > 0)
            pid = int((home.path / "postgres/postmaster.pid").read_text().split()[0])
            server = psutil.Process(pid)
            server.send_signal(signal.SIGQUIT)  # at once, as after a power cut
            server.wait(60)
            # A worker that was through already has no need of its server until then.
            count += emitted(home, thousands=1)
            until(lambda: decisions(home) == count)
            assert worker.poll() is None
        finally:
            worker.terminate()
            worker.wait(60)
        home.work()  # projects the manifest with which the worker ended
        assert home.work()["rows new"] == 0
        assert decisions(home) == count
        rebuilt = home.ask("db", "rebuild")
        assert [row["table"] for row in rebuilt.data if row["changed"]] == []
    assert home.exit_code() == 0
    assert not (home.path / "postgres/postmaster.pid").exists()  # it was stopped


def emitted(home: Home, *, thousands: int) -> int:
    """Emit so many thousands of decisions into the log; returns how many they are."""
    with closing(open_emitter(home.config)) as emitter:
        for _ in range(thousands):
            emitter.emit_many([encode(decision()) for _ in range(1_000)])
        assert emitter.flush(60)
    return thousands * 1_000


def position(home: Home) -> int:
    """Leaves projected so far; -1 while the server is away."""
    return asked(
        home, "SELECT max(next_leaf) FROM decisions.position WHERE origin LIKE '%/p0'"
    )


def decisions(home: Home) -> int:
    return asked(home, "SELECT count(*) FROM decisions.decision")


def asked(home: Home, question: str) -> int:
    import psycopg

    folder = home.path / home.config.database.folder
    try:
        dsn = f"host={folder} user=postgres dbname=mlledger"
        with psycopg.connect(dsn) as connection:
            row = connection.execute(question.encode()).fetchone()
    except psycopg.Error:
        return -1
    return int(row[0] or 0) if row else 0
