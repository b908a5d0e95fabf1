"""The commands answer in one envelope, with exit codes that never mix 5 and 6."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from projections.worker import Worker
from tests.support.commands import application
from tests.support.database import Projected, Story, projected, tell, write
from tests.support.ledger import make_ledger
from tests.support.postgres import fresh_database
from tests.support.story import Home

pytestmark = pytest.mark.postgres


@pytest.fixture
def story() -> Story:
    return tell()


@pytest.fixture
def world(
    tmp_path: Path,
    tables_dsn: str,
    story: Story,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Projected]:
    ledger = make_ledger(tmp_path)
    write(ledger, story)
    monkeypatch.setenv("MLLEDGER_HOME", str(ledger.home))
    monkeypatch.setenv("MLLEDGER_PG__DSN", tables_dsn)
    with projected(ledger, tables_dsn) as made:
        yield made
    ledger.close()


@pytest.fixture(scope="module")
def read(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[Projected, Story]]:
    """A story that a worker has sealed and projected; nobody adds to it."""
    ledger, story = make_ledger(tmp_path_factory.mktemp("read")), tell()
    write(ledger, story)
    with fresh_database(postgres_server) as dsn, projected(ledger, dsn) as made:
        Home(made.ledger.config).work()
        yield made, story
    ledger.close()


@pytest.fixture
def worked(read: tuple[Projected, Story], monkeypatch: pytest.MonkeyPatch) -> Story:
    """The story of the home that commands of this test ask."""
    made, story = read
    monkeypatch.setenv("MLLEDGER_HOME", str(made.ledger.home))
    monkeypatch.setenv("MLLEDGER_PG__DSN", made.database.dsn)
    return story


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(application(), list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def answer(*arguments: str) -> dict[str, Any]:
    code, text = run(*arguments, "--json")
    found = json.loads(text)
    assert (found["schema"], found["exit"]) == ("mlledger.cli/1", code)
    return found


def test_worker_once_seals_and_projects_and_then_has_nothing_to_do(world: Projected):
    first = answer("worker", "--once")["data"]
    assert first["leaves sealed"] > 0
    assert first["events projected"] > 20
    again = answer("worker", "--once")["data"]
    assert set(again.values()) == {0}


def test_tables_of_an_older_version_are_named_and_made_anew(world: Projected):
    run("worker", "--once")
    world.tamper("ALTER TABLE lineage.run DROP COLUMN step")
    world.tamper("COMMENT ON SCHEMA lineage IS 'mlledger 0123456789abcdef'")
    refused = answer("run", "ls")
    assert (refused["exit"], len(refused["errors"])) == (3, 1)
    assert answer("release", "ls")["data"], "what was not changed answers"
    (looked,) = answer("db", "migrate")["warnings"]
    assert "db rebuild" in looked
    worked = answer("worker", "--once")
    assert worked["data"]["leaves read anew"] > 0
    assert answer("run", "ls")["data"]
    assert {one["state"] for one in answer("db", "status")["data"]} == {"current"}


def test_decision_show_verifies_and_names_what_was_changed(
    world: Projected, story: Story
):
    run("worker", "--once")
    rows = answer("decision", "ls", "--limit", "2")["data"]
    assert [set(row) >= {"decision_id", "model", "position"} for row in rows] == [
        True
    ] * 2

    shown = answer("decision", "show", str(story.decision_id), "--verify")
    assert shown["ok"]
    assert shown["data"]["decision"]["output"] == "accept"
    assert {link["integrity"] for link in shown["data"]["links"]} == {"verified"}
    assert shown["data"]["links"][0]["position"]["origin"] == "acme/p0"

    world.tamper("UPDATE registry.release SET change_class = 'substantial'")
    failed = answer("decision", "show", str(story.decision_id), "--verify")
    assert failed["exit"] == 5
    (error,) = failed["errors"]
    assert (
        error["place"] == f"registry.release {story.id('release')} column change_class"
    )
    assert (error["expected"], error["actual"]) == ("none", "substantial")
    assert answer("decision", "show", str(story.decision_id))["exit"] == 0

    world.ledger.folder().joinpath("checkpoint").unlink()
    assert answer("decision", "show", str(story.decision_id), "--verify")["exit"] == 6


def test_people_read_marks_words_and_the_honest_sentence(
    world: Projected, story: Story
):
    run("worker", "--once")
    _, good = run("decision", "show", str(story.decision_id), "--verify")
    assert "✔ verified  release: 2026.1, loans, v1" in good
    assert good.rstrip().endswith("0 failed, 0 not checked; 0 not recorded")
    world.tamper("UPDATE registry.release SET change_class = 'substantial'")
    code, bad = run("decision", "show", str(story.decision_id), "--verify")
    assert code == 5
    assert "✖ failed" in bad
    assert "the evidence contradicts itself (alteration, corruption or defect" in bad
    assert "tamper" not in bad


def test_rows_are_links_and_events_in_every_form(
    world: Projected, story: Story, monkeypatch: pytest.MonkeyPatch
):
    run("worker", "--once")
    links = answer("decision", "show", str(story.decision_id))["data"]["links"]
    _, text = run("decision", "show", str(story.decision_id), "-o", "csv")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["kind"] for row in rows] == [link["kind"] for link in links]
    _, text = run("decision", "show", str(story.decision_id), "-o", "ndjson")
    *lines, last = [json.loads(line) for line in text.splitlines()]
    assert [line["kind"] for line in lines] == [link["kind"] for link in links]
    assert last["summary"]["rows"] == len(links)

    newest = [row["event_id"] for row in answer("event", "ls", "--limit", "3")["data"]]
    told = answer("event", "tail", "--limit", "3")
    assert [row["event_id"] for row in told["data"]] == newest[::-1]
    _, text = run("event", "tail", "--limit", "3", "-o", "ndjson")
    assert [json.loads(line).get("event_id") for line in text.splitlines()] == [
        *newest[::-1],
        None,
    ]
    result = CliRunner().invoke(application(), ["event", "ls", "--explain"])
    assert "FROM integrity.event" in result.stderr
    assert "--   limit = 21" in result.stderr
    assert "SELECT" not in result.stdout

    def come_then_stop(_seconds: float) -> None:
        if waits:
            raise KeyboardInterrupt
        waits.append("once")
        world.ledger.emit_decisions(3)
        with Worker(world.ledger.config, watch=False, once=True) as worker:
            worker.step()

    for form in ("csv", "table", "ndjson"):
        waits: list[str] = []
        monkeypatch.setattr(
            "projections.commands.tailing.time", SimpleNamespace(sleep=come_then_stop)
        )
        before = answer("event", "ls", "--limit", "1")["data"][0]["event_id"]
        code, text = run("event", "tail", "-f", "--limit", "1", "-o", form)
        lines = text.splitlines()[form != "ndjson" :]
        assert code == 130
        assert before in lines[0]
        assert any("ledger.stream.opened" in line for line in lines[1:])
        assert len(set(lines)) == len(lines)
    assert answer("event", "tail", "-f")["exit"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "ls"],
        ["run", "show", "{run}"],
        ["model", "ls"],
        ["model", "show", "loans"],
        ["model", "show", "loans@v1"],
        ["deployment", "ls", "--env", "production"],
        ["deployment", "at", "2100-01-01"],
        ["deployment", "show", "{deployment}"],
        ["event", "ls", "--type", "registry."],
        ["event", "get", "{release}"],
        ["event", "schema", "registry.release.created"],
        ["event", "schema"],
        ["query", "--list"],
        ["query", "live_at", "-p", "environment=production"],
        ["query", "streams"],
        ["query", "releases", "-p", "release={release}", "-p", "limit=5"],
        ["query", "integrity_of_range"],
        ["db", "status"],
        ["db", "digest"],
        ["db", "migrate"],
        ["db", "rebuild"],
    ],
    ids=" ".join,
)
def test_each_command_answers_in_the_envelope(worked: Story, arguments: list[str]):
    ids = {name: str(worked.id(name)) for name in worked.events}
    found = answer(*(argument.format(**ids) for argument in arguments))
    assert found["exit"] == 0
    assert found["data"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["decision", "show", "not-an-id"], 2),
        (["decision", "show", "00000000-0000-7000-8000-000000000000"], 4),
        (["run", "show", "00000000-0000-7000-8000-000000000000"], 4),
        (["model", "show", "nobody"], 4),
        (["event", "get", "00000000-0000-7000-8000-000000000000"], 4),
        (["query", "no_such_question"], 4),
        (["query", "runs", "-p", "colour=red"], 2),
        (["query", "inputs"], 2),
        (["deployment", "at", "yesterday"], 2),
        (["whatis", os.devnull], 2),
        (["whatis", "nowhere"], 4),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_cannot_be_answered_has_its_exit_code(
    worked: Story, arguments: list[str], code: int
):
    found = answer(*arguments)
    assert found["exit"] == code
    assert found["errors"][0]["message"]


def test_questions_before_the_first_worker_say_what_to_do(
    world: Projected, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLLEDGER_PG__DSN", postgres_dsn)
    found = answer("decision", "ls")
    assert found["exit"] == 3
    assert "mlledger worker --once" in found["errors"][0]["hint"]


def test_an_away_database_is_exit_8(world: Projected, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLLEDGER_PG__DSN", "host=127.0.0.1 port=1 connect_timeout=2")
    assert answer("decision", "ls")["exit"] == 8


def test_the_worker_ends_cleanly_on_sigterm(world: Projected):
    code = "from ledger.cli import build_app\nbuild_app()()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "worker", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stderr
    assert "working on acme" in process.stderr.readline()
    world.ledger.emit_decisions(3)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["ok"]
