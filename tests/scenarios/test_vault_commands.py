"""The vault's commands, its role, and what is told of a payload that is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import conninfo
from typer.testing import CliRunner

from dashboard.reports.decision_record import decision_record
from ledger.config import Config
from projections.chain import decision_chain
from projections.database import Database
from projections.payload_state import NO_CAPTURE
from tests.support import chains
from tests.support.commands import application
from tests.support.vault import ALICE, BOB, decide, name_dsn, vault_home

pytestmark = pytest.mark.postgres


@pytest.fixture
def config(tmp_path: Path, tables_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    made = vault_home(tmp_path, tables_dsn)
    monkeypatch.setenv("MLLEDGER_HOME", str(made.home))
    monkeypatch.setenv("MLLEDGER_PG__DSN", tables_dsn)
    return made


def answer(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(application(), [*arguments, "--json"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    found = json.loads(result.stdout)
    assert found["exit"] == result.exit_code
    return found


def text(*arguments: str) -> str:
    return CliRunner().invoke(application(), list(arguments)).stdout


def test_a_decision_whose_payload_is_gone_still_verifies_and_says_so(config: Config):
    made, other = (str(UUID(bytes=i)) for i in decide(config, ALICE, BOB))
    (bare,) = decide(config, ALICE, capture=False)
    answer("worker", "--once")
    assert answer("vault", "worker", "--once")["data"]["kept"] == 2
    shown = answer("vault", "show", made, "--purpose", "audit")["data"]
    assert (shown["subject"], shown["output"]) == (ALICE, 0.8712)
    assert answer("decision", "show", made)["data"]["payload"]["status"] == "committed"

    assert answer("erase", "--subject", ALICE, "--dry-run")["data"]["deleted"] is False
    told = text("erase", "--subject", ALICE, "--reason", "asked by letter")
    assert "Payload deleted and keys destroyed at 20" in told
    assert "residual entries listed; may remain personal data" in told
    assert "GDPR" not in told
    assert ALICE not in told
    answer("worker", "--once")

    gone = answer("decision", "show", made)["data"]
    assert gone["payload"]["status"] == "erased"
    assert "Payload deleted and keys destroyed at 20" in gone["payload"]["text"]
    links = answer("decision", "show", made, "--verify")
    (deletion,) = [
        link for link in links["data"]["links"] if link["kind"] == "payload deletion"
    ]
    assert deletion["integrity"] == "verified"
    assert not [e for e in links["errors"] if "contradict" in e["message"]]
    assert links["exit"] == 0
    assert answer("decision", "show", other)["data"]["payload"]["status"] == "committed"
    off = answer("decision", "show", str(UUID(bytes=bare)))["data"]["payload"]
    assert (off["status"], off["text"]) == ("not_recorded", NO_CAPTURE)
    assert answer("vault", "show", made, "--purpose", "audit")["exit"] == 4
    assert answer("erase", "--subject", ALICE)["exit"] == 4


def test_the_report_says_erased_with_its_evidence(config: Config, tables_dsn: str):
    (made,) = decide(config, ALICE)
    answer("worker", "--once")
    answer("vault", "worker", "--once")
    erased = answer("erase", "--subject", ALICE)["data"]
    answer("worker", "--once")
    with (
        Database(tables_dsn) as database,
        database.connect("auditor") as connection,
    ):
        chain = decision_chain(connection, UUID(bytes=made))
    report = decision_record(
        chain, ledger=chains.LEDGER, read=chains.READ, created_at=chains.CREATED
    )
    fields = {f.path: f for part in report.sections for f in part.fields}
    state = fields["payload.state"]
    assert state.status == "erased"
    assert state.evidence[0].event_id == erased["event_id"]
    assert fields["payload.commitment"].status == "recorded"


def test_holds_and_rules_by_command(config: Config):
    decide(config, ALICE)
    answer("worker", "--once")
    answer("vault", "worker", "--once")
    reason = ("--reason", "dispute 7")
    assert answer("vault", "hold", "case-7", *reason)["exit"] == 2
    answer("vault", "hold", "case-7", *reason, "--subject", ALICE)
    answer("vault", "rule", "short", "--bound", "ceiling", "--days", "0")
    kinds = {row["name"]: row["kind"] for row in answer("vault", "rules")["data"]}
    assert kinds == {"case-7": "hold", "short": "ceiling"}
    assert answer("erase", "--subject", ALICE, "--dry-run")["exit"] == 11
    assert answer("erase", "--subject", ALICE)["exit"] == 11
    assert answer("vault", "expire")["data"] == []
    assert answer("vault", "release", "other", *reason)["exit"] == 4
    answer("vault", "release", "case-7", *reason)
    (due,) = answer("vault", "expire")["data"]
    assert due["deleted"] is True
    assert answer("vault", "status")["data"].get("kept", 0) == 0


def test_an_emergency_is_reviewed_by_another_person(config: Config):
    (made,) = (str(UUID(bytes=i)) for i in decide(config, ALICE))
    for who in ("person:ana", "person:bela"):
        answer("key", "new", who)
    answer("worker", "--once")
    answer("vault", "worker", "--once")
    asked = ("vault", "show", made, "--purpose", "incident", "--by", "person:ana")
    answer(*asked)
    assert answer(*asked, "--break-glass", "to be stopped today")["exit"] == 0
    answer("worker", "--once")
    (reading,) = answer("vault", "readings", "--unreviewed")["data"]
    assert (reading["principal"], reading["decision_id"]) == ("person:ana", made)
    assert reading["reviewed_by"] is None
    event, note = reading["event_id"], ("--note", "it was one")
    for by in ("person:ana", "service:test", "bela"):
        assert answer("vault", "review", event, "--by", by, *note)["exit"] == 2
    assert answer("vault", "review", made, "--by", "person:bela", *note)["exit"] == 4
    done = answer("vault", "review", event, "--by", "person:bela", *note)["data"]
    answer("worker", "--once")
    assert answer("vault", "readings", "--unreviewed")["data"] == []
    (reading,) = answer("vault", "readings")["data"]
    assert reading["review_id"] == done["event_id"]
    assert (reading["reviewed_by"], reading["finding"]) == ("person:bela", "it was one")


def test_the_vault_has_a_database_and_a_role_of_its_own(tables_dsn: str):
    with Database(tables_dsn) as database:
        database._prepare()
        dsn = database.vault_dsn()
        assert conninfo.conninfo_to_dict(dsn)["dbname"] == "mlledger_vault"
        with psycopg.connect(dsn) as vault:
            assert vault.execute("SELECT current_user").fetchone() == (
                "mlledger_vault",
            )
            allowed = "SELECT has_database_privilege(%s, current_database(), 'CONNECT')"
            for role in ("mlledger_auditor", "mlledger_writer", "mlledger_owner"):
                assert vault.execute(allowed, (role,)).fetchone() == (False,)
        with database.connect("owner") as owner:
            statement = (
                "SELECT count(*) FROM pg_roles WHERE rolname = 'mlledger_vault'"
                " AND (rolsuper OR rolcreaterole OR rolcreatedb)"
            )
            assert owner.execute(statement).fetchone() == (0,)


def test_a_vault_is_made_once_and_names_its_keys(tmp_path: Path):
    from ledger.setup import initialise

    config = initialise(tmp_path / "home", name="acme").config
    home = ("--home", str(config.home))
    made = answer("vault", "init", *home)
    assert (len(made["data"]["vault_key"]), made["data"]["capture"]) == (64, "off")
    for name in ("vault.key", "vault-wrapping.key"):
        assert (config.keys / name).stat().st_mode & 0o777 == 0o600
    assert answer("vault", "init", *home)["exit"] == 11
    (config.keys / "vault.key").chmod(0o640)
    assert answer("vault", "status", *home)["exit"] == 3
    assert name_dsn(config, "").vault.backup_days == 30
