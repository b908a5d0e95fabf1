"""``mlledger report``: written, recorded, and found again; a change is noticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.blobs import Blobs
from tests.dashboard.conftest import World, world_in
from tests.support.commands import application
from tests.support.story import changed_record

pytestmark = pytest.mark.postgres


@pytest.fixture
def world(tmp_path: Path, postgres_server: str, monkeypatch: pytest.MonkeyPatch):
    with world_in(tmp_path, postgres_server, decisions=2) as made:
        config = made.made.ledger.config
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
    assert run("verify", data["json"])[0] == 4
    Path(data["json"]).write_bytes(content + b"\n")
    assert run("verify", data["json"])[0] == 5


def test_a_record_that_only_the_database_has_is_a_contradiction(
    world: World, tmp_path: Path
):
    _, data = build(world, tmp_path / "out")
    world.made.seal_and_project()
    path = Path(data["json"])
    path.write_bytes(path.read_bytes().replace(b"accept", b"refuse"))
    from dashboard.reports.issue import digest_of

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
    assert Path(data["json"]).is_file()


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
