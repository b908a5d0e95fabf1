"""``mlledger report``: written, recorded, and found again; a change is noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard.reports.issue import digest_of
from ledger.blobs import Blobs
from ledger.config import FILE_NAME, format_config
from projections.reading import parameters_digest
from tests.dashboard.conftest import Opened, World, world_in
from tests.support.commands import application
from tests.support.story import changed_record

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(tmp_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch):
    with world_in(tmp_path, postgres_server, decisions=2) as made:
        config = made.made.ledger.config
        (config.home / FILE_NAME).write_text(format_config(config))
        monkeypatch.setenv("MLLEDGER_HOME", str(config.home))
        monkeypatch.setenv("MLLEDGER_PG__DSN", config.database.dsn)
        yield made


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    texts = ["report", *map(str, arguments), "--json"]
    result = CliRunner().invoke(application(), texts)
    assert result.stdout, result.exc_info
    return result.exit_code, json.loads(result.stdout)


def build(world: World, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    options = ["--decision", world.decision, "--out", folder, *more]
    code, answer = run("build", "R5", *options)
    return code, answer["data"]


def test_report_is_written_recorded_and_found_again(world: World, tmp_path: Path):
    code, data = build(world, tmp_path / "out")
    content = Path(data["json"]).read_bytes()
    report = json.loads(content)
    assert code == 0
    assert data["in_log"] is True
    assert report["subject"] == world.decision
    assert report["verification"].startswith("Matches the log to 2")
    assert Path(data["html"]).read_text().startswith("<!doctype html>")
    config = world.made.ledger.config
    assert Blobs(config.blobs).get(data["digest"]) == content
    assert run("verify", data["json"])[0] == 4  # not sealed and projected yet
    world.made.seal_and_project()
    code, answer = run("verify", data["json"])
    assert code == 0
    (record,) = answer["data"]["records"]
    assert record["event_id"] == data["event_id"]
    assert record["identity"] == "service:local"
    Path(data["json"]).write_bytes(content.replace(b"accept", b"refuse"))
    code, answer = run("verify", data["json"])
    assert code == 5
    (error,) = answer["errors"]
    assert error["expected"] == data["digest"]
    assert error["actual"] == digest_of(Path(data["json"]).read_bytes())
    code, answer = run("verify", data["html"])
    assert (code, "give the .json" in answer["errors"][0]["hint"]) == (2, True)
    Path(data["json"]).write_bytes(content + b"\n")
    assert run("verify", data["json"])[0] == 5


def ask(*arguments: object) -> dict[str, Any]:
    result = CliRunner().invoke(application(), [*map(str, arguments), "--json"])
    return json.loads(result.stdout)


def readings(world: World) -> list[dict[str, Any]]:
    """What Q26 says, oldest first."""
    world.made.seal_and_project()
    return ask("query", "Q26")["data"][::-1]


def test_reports_are_on_record_and_questions_once_asked_for(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    build(world, tmp_path / "out")
    ask("decision", "ls")
    (report,) = readings(world)  # a question by default is not
    assert (report["kind"], report["query"]) == ("report", "R5")
    assert (report["decision_id"], report["payload_opened"]) == (world.decision, False)
    assert report["purpose"] is None
    path = world.made.ledger.config.home / FILE_NAME
    text = path.read_text()
    path.write_text(text.replace("[access]\nlog = false", "[access]\nlog = true"))
    monkeypatch.setenv("MLLEDGER_ACCESS__PURPOSE", "audit")
    assert ask("decision", "ls", "--limit", "1")["meta"] is not None
    ask("decision", "show", world.decision)
    ask("query", "Q11", "-p", f"decision={world.decision}")
    ask("model", "show", "nobody")
    path.write_text(text)
    ls, show, numbered, nobody = readings(world)[1:]
    assert (ls["query"], ls["rows"], ls["channel"]) == ("decision ls", 1, "cli")
    assert (show["query"], show["decision_id"]) == ("decision show", world.decision)
    assert (numbered["query"], numbered["purpose"]) == ("Q11 decision_record", "audit")
    assert numbered["decision_id"] == world.decision
    assert (nobody["query"], nobody["rows"]) == ("model show", 0)
    asked = {"decision": world.decision}
    assert numbered["parameters_digest"] == parameters_digest(asked)
    assert "nobody" not in json.dumps(nobody)


def test_a_page_is_on_record_once_a_session(world: World, opened: Opened):
    path = world.made.ledger.config.home / FILE_NAME
    text = path.read_text()
    path.write_text(text.replace("[access]\nlog = false", "[access]\nlog = true"))
    page = opened(world, id=world.decision)
    assert not page.exception
    assert not page.run().exception
    path.write_text(text)
    (read,) = readings(world)
    assert (read["query"], read["channel"]) == ("page decision", "dashboard")
    assert read["decision_id"] == world.decision


def test_a_question_that_cannot_be_recorded_is_answered_with_a_warning(world: World):
    path = world.made.ledger.config.home / FILE_NAME
    path.write_text(
        path.read_text().replace(
            '[access]\nlog = false\nidentity = ""',
            '[access]\nlog = true\nidentity = "person:nobody"',
        )
    )
    found = ask("decision", "ls")
    assert found["data"]
    (warning,) = found["warnings"]
    assert warning.startswith("this reading was not recorded: person:nobody: no key")


def test_a_record_that_only_the_database_has_is_a_contradiction(
    world: World, tmp_path: Path
):
    _, data = build(world, tmp_path / "out")
    world.made.seal_and_project()
    path = Path(data["json"])
    path.write_bytes(path.read_bytes().replace(b"accept", b"refuse"))
    forged = digest_of(path.read_bytes())
    world.made.tamper("UPDATE lineage.report SET digest = %s", forged)
    code, answer = run("verify", path)
    assert code == 5
    assert answer["errors"][0]["expected"] == data["digest"]
    assert answer["errors"][0]["actual"] == forged


def test_without_recording_nothing_reaches_the_log(world: World, tmp_path: Path):
    before = world.made.ledger.log.bounds(0)
    code, data = build(world, tmp_path / "out", "--no-record")
    assert code == 0
    assert data["event_id"] is None
    assert world.made.ledger.log.bounds(0) == before
    world.made.seal_and_project()
    assert run("verify", data["json"])[0] == 4  # accused of nothing


def test_a_failed_verification_is_in_the_report_and_in_the_exit_code(
    world: World, tmp_path: Path
):
    with world.made.connection() as connection:
        (leaf,) = connection.execute(
            "SELECT leaf FROM decisions.decision WHERE event_id = %s", [world.decision]
        ).fetchone()
    with changed_record(world.made.ledger.config, 0, leaf):
        code, data = build(world, tmp_path / "out", "--no-record")
    report = json.loads(Path(data["json"]).read_bytes())
    assert code == 5
    assert report["verification"].startswith("Verification failed: the evidence contra")
    assert report["findings"][0]["what"] == "decision"
    assert report["findings"][0]["place"]
    assert "✖ failed" in Path(data["html"]).read_text()


def test_a_decision_that_is_not_there_writes_nothing(world: World, tmp_path: Path):
    folder = tmp_path / "out"
    code, answer = run(
        "build",
        "R5",
        "--decision",
        "018f0000-0000-7000-8000-000000000000",
        "--out",
        folder,
    )
    assert code == 4
    assert answer["errors"]
    assert not folder.exists()
