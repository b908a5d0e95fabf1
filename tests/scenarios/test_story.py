"""From the first data source to an auditor's question, on both logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

import pytest

from ledger.output import format_time
from tests.support.postgres import fresh_database
from tests.support.story import (
    APPROVER,
    AUTHOR,
    MODEL,
    SYSTEM,
    Home,
    Told,
    make_home,
    tell,
)

pytestmark = pytest.mark.postgres
COUNT = 12
KINDS = {
    "decision": 1,
    "deployment": 1,
    "process attestation": 1,
    "release": 1,
    "approval": 1,
    "model version": 1,
    "model": 1,
    "evaluation": 1,
    "criterion": 1,
    "run": 1,
    "run update": 1,
    "run end": 1,
    "input": 1,
    "dataset version": 2,
    "dataset": 1,
    "source": 1,
    "system": 1,
}


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
        folder = tmp_path_factory.mktemp("story")
        yield make_home(folder, bootstrap=bootstrap, dsn=dsn)


@pytest.fixture(scope="module")
def told(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Told:
    told = tell(home, tmp_path_factory.mktemp("work"), count=COUNT)
    home.work()
    return told


def test_every_link_from_a_decision_to_its_source_is_verified(home: Home, told: Told):
    for label, decisions in told.decisions.items():
        answer = home.ask("decision", "show", decisions[0], "--verify")

        links = answer.data["links"]
        assert answer.exit == 0
        assert {link["integrity"] for link in links} == {"verified"}
        kinds = [link["kind"] for link in links]
        assert {kind: kinds.count(kind) for kind in kinds} == KINDS
        assert answer.data["missing"] == []
        release = next(link for link in links if link["kind"] == "release")
        assert release["fields"]["version"] == label


def test_the_chain_names_who_signed_what(home: Home, told: Told):
    links = home.ask("decision", "show", told.decision, "--verify").data["links"]

    signers = {link["kind"]: link["identity"] for link in links}
    assert signers.pop("approval") == APPROVER
    assert set(signers.values()) == {"service:local"}
    basis = {link["kind"]: link["basis"] for link in links}
    assert (basis["process attestation"], basis["approval"]) == ("attested", "stated")


def test_the_request_for_approval_is_signed_by_who_asked(home: Home, told: Told):
    asked = home.ask("event", "ls", "--type", "registry.approval.requested")

    assert [row["identity"] for row in asked.data] == [AUTHOR, AUTHOR]
    got = home.ask("event", "get", asked.data[0]["event_id"])
    assert (got.exit, got.data["identity"]) == (0, AUTHOR)


def test_the_whole_log_is_valid_and_verified_without_the_database(
    home: Home, told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLLEDGER_PG__DSN", "postgresql://nobody@127.0.0.1:9/none")
    answer = home.ask("verify", "log")

    assert answer.exit == 0
    assert {step["status"] for step in answer.data} == {"verified"}
    assert answer.envelope["errors"] == []


def test_what_was_live_is_told_for_each_moment(home: Home, told: Told):
    def live(moment: str, **where: str) -> list[tuple[str, str, str]]:
        options = [f"--{key}={value}" for key, value in where.items()]
        time = format_time(told.moments[moment])
        answer = home.ask("deployment", "at", time, *options)
        assert answer.exit == 0
        return sorted((r["environment"], r["version"], r["role"]) for r in answer.data)

    v1, v2 = ("prod", "v1", "champion"), ("prod", "v2", "champion")
    assert live("before") == []
    assert live("one", env="prod") == [v1]
    assert live("two", env="prod") == [v1, v2]  # two champions are two rows
    assert live("last", env="prod") == [v2]
    assert live("last", system=SYSTEM) == [v2, ("test", "v1", "champion")]
    assert live("last", system="another") == []


def test_the_same_question_by_its_name_gives_the_same_answer(home: Home, told: Told):
    time = format_time(told.moments["two"])
    named = home.ask("query", "live_at", "-p", "environment=prod", "--as-of", time)
    at = home.ask("deployment", "at", time, "--env", "prod")

    assert len(named.data) == len(at.data) == 2
    assert [row["event_id"] for row in named.data] == [
        row["deployment_id"] for row in at.data
    ]
    assert named.envelope["command"] == "query live_at"


def test_a_file_is_recognised_and_said_to_be_live(home: Home, told: Told):
    digest = f"sha256:{sha256(told.artifacts['v2'].read_bytes()).hexdigest()}"
    answer = home.ask("query", "whatis", "--param", f"digest={digest}")

    labels = {(one["kind"], one["label"]) for one in answer.data["things"]}
    assert ("model version", f"{MODEL} v2") in labels
    assert [live["environment"] for live in answer.data["live"]] == ["prod"]


def test_a_file_that_was_never_seen_is_nothing(home: Home, told: Told):
    digest = f"sha256:{sha256(b'never recorded').hexdigest()}"
    answer = home.ask("query", "whatis", "--param", f"digest={digest}")

    assert (answer.exit, answer.data["things"], answer.data["live"]) == (0, [], [])


def test_decisions_are_listed_and_the_cut_is_said(home: Home, told: Told):
    cut = home.ask("decision", "ls", "--limit", COUNT)
    whole = home.ask("decision", "ls", "--limit", 10 * COUNT)

    newest = {str(one) for one in told.decisions["v2"]}
    assert {row["decision_id"] for row in cut.data} == newest
    assert not cut.envelope["meta"]["complete"]
    assert len(cut.envelope["warnings"]) == 1
    assert {UUID(row["decision_id"]) for row in whole.data} == {
        one for made in told.decisions.values() for one in made
    }
    assert whole.envelope["meta"]["complete"]
    assert whole.envelope["warnings"] == []


def test_each_command_answers_as_a_process_with_one_object_and_an_exit_code(
    home: Home, told: Told
):
    unknown = UUID(int=7)
    for words, code in (
        (("decision", "show", told.decision, "--verify"), 0),
        (("decision", "show", unknown, "--verify"), 4),
        (("decision", "show", "no id"), 2),
        (("query", "live_et"), 4),
        (("query", "live_at", "--param", "where=prod"), 2),
    ):
        done = home.run(*words, "--json")
        envelope = json.loads(done.stdout)
        assert done.returncode == code, done.stderr
        assert envelope["schema"] == "mlledger.cli/1"
        assert (envelope["exit"], envelope["ok"]) == (code, code == 0)
        assert bool(envelope["errors"]) == bool(code)
        assert "Traceback" not in done.stderr


def test_the_tables_made_anew_are_the_same(home: Home, told: Told):
    before = {row["table"]: row["digest"] for row in home.ask("db", "digest").data}
    rebuilt = home.ask("db", "rebuild")

    assert rebuilt.exit == 0
    assert [row["table"] for row in rebuilt.data if row["changed"]] == []
    assert {row["table"]: row["digest"] for row in rebuilt.data} == before


def test_when_nothing_is_new_nothing_is_done(home: Home, told: Told):
    reached = home.ask("db", "status").data

    assert [row["behind"] for row in reached] == [0] * len(reached)
    assert set(home.work().values()) == {0}
    assert home.ask("db", "status").data == reached
