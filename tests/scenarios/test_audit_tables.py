"""Rows that were changed, deleted or made up: digests find all, samples some."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger import clock
from ledger.audit import looks_like
from ledger.errors import IntegrityError
from ledger.verification import Step, exit_code
from projections import health
from projections.asking import asking
from projections.audit import audit_tables
from projections.digests import digest_projections
from projections.projection import PROJECTIONS, Source
from projections.sampling import Sampling
from tests.support.database import Projected, Template, tell, template, write


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Template]:
    """A whole story, one decision resent, one refused."""

    def fill(made: Projected) -> None:
        write(made.ledger, tell(decisions=12))
        made.ledger.log.append(0, b"nonsense")
        resent = next(made.ledger.log.read(0, 4, max_records=1)).value or b""
        made.ledger.log.append(0, resent)
        made.seal_and_project()

    with template(tmp_path_factory.mktemp("told"), postgres_server, fill) as made:
        yield made


@pytest.fixture
def it(told: Template, tmp_path: Path) -> Iterator[Projected]:
    with told.copied(tmp_path) as made:
        yield made


def audited(it: Projected) -> list[Step]:
    with it.connection("owner") as connection:
        source = Source(it.ledger.log, it.ledger.public, it.control)
        return audit_tables(connection, source, now=clock.now_us())


def sampled(it: Projected, count: int = 10_000, seed: int = 1) -> list[Step]:
    with it.connection() as connection:
        return Sampling(connection, it.ledger.public, it.verifier(), seed).run(count)


def as_administrator(it: Projected, statement: str) -> None:
    with psycopg.connect(it.database.dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def name_of(it: Projected) -> str:
    return str(conninfo_to_dict(it.database.dsn)["dbname"])


def shadows(it: Projected) -> int:
    with it.connection("owner") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%\\_audit'"
        ).fetchone()
    return int(row[0]) if row else -1


def test_untouched_tables_are_what_the_log_makes_of_them(it):
    steps = audited(it)
    assert exit_code(steps) == 0
    assert "what they are made of is that of new ones" in steps[0].detail
    assert "none were published" in steps[1].detail
    assert "tables hold what" in steps[2].detail
    assert shadows(it) == 0, "nothing is left behind"
    assert exit_code(sampled(it)) == 0


def test_tables_that_are_behind_are_compared_as_far_as_they_have_come(it):
    it.ledger.emit_decisions(5, per_entry=1)
    it.ledger.seal()
    assert exit_code(audited(it)) == 0


MADE_UP = """
INSERT INTO decisions.decision
SELECT gen_random_uuid(), time, sealed_at, origin, leaf, idx, identity, digest,
       correlation_id, release_id, deployment_id, attestation_id, case_id, use, path,
       mode, output, adverse, reason_codes, payload_commitment, caller, latency_us,
       replaces_decision_id
  FROM decisions.decision LIMIT 1
"""
ATTACKS = {
    "change a decision": (
        "UPDATE decisions.decision SET output = 'accept' WHERE output = 'refer'",
        "decisions.decision",
        "column output",
        "a row was changed in the database",
    ),
    "move a row to another leaf": (
        "UPDATE registry.model SET leaf = leaf + 1",
        "registry.model",
        "",
        None,
    ),
    "delete an approval": (
        "DELETE FROM registry.approval",
        "registry.approval",
        "",
        "a row was deleted from the database",
    ),
    "make a decision up": (
        MADE_UP,
        "decisions.decision",
        "",
        "a row was put into the database by hand",
    ),
    "change a leaf's verdict": (
        "UPDATE integrity.unaccepted SET word = 'fine'",
        "integrity.unaccepted",
        "column word",
        "a row was changed in the database",
    ),
    "delete a leaf's row": (
        "DELETE FROM integrity.unaccepted WHERE verdict >= 16",
        "integrity.unaccepted",
        "",
        "a row was deleted from the database",
    ),
    "change an identity": (
        "UPDATE integrity.event SET identity = 'person:eve' WHERE type LIKE '%appr%'",
        "integrity.event",
        "column identity",
        "a row was changed in the database",
    ),
    "hide a live deployment": (
        "DELETE FROM registry.deployment_period",
        "registry.deployment_period",
        "",
        "a row was deleted from the database",
    ),
    "let a deployment end earlier": (
        "UPDATE registry.deployment_period SET ended = started",
        "registry.deployment_period",
        "",
        None,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_change_of_a_table_is_named_with_its_row(it, name):
    statement, table, column, words = ATTACKS[name]
    assert it.tamper(statement) > 0
    for steps in (audited(it), sampled(it)):
        assert exit_code(steps) == 5
        found = [step for step in steps if (step.place or "").startswith(table)]
        assert found, steps
        assert column in (found[0].place or "")
        told = {looks_like(step) for step in found}
        assert words is None or words in told
    assert shadows(it) == 0


HIDDEN = "rows are hidden from those who ask the database"
CHANGED = "what is written into the database is changed on its way"
EXCHANGED = "a table was exchanged or altered in the database"
POLICY = """
ALTER TABLE registry.deployment ENABLE ROW LEVEL SECURITY;
ALTER TABLE registry.deployment FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON registry.deployment USING (current_query() NOT LIKE '%traffic%');
"""
WRITING = """
CREATE RULE r AS ON INSERT TO registry.approval DO INSTEAD NOTHING;
CREATE FUNCTION registry.f() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.decision := 'approve'; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON registry.approval
   FOR EACH ROW EXECUTE FUNCTION registry.f();
CREATE OR REPLACE FUNCTION registry.keep_periods() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RETURN NULL; END $$;
CREATE TABLE public.more () INHERITS (registry.release);
"""
VIEW = """
ALTER TABLE registry.deployment RENAME TO deployment_;
CREATE VIEW registry.deployment AS SELECT * FROM registry.deployment_ WHERE false;
GRANT SELECT ON registry.deployment TO mlledger_auditor;
"""
BY_THE_SERVER = {
    "hide rows": (POLICY, {"registry.deployment policy p": HIDDEN}),
    "change what is written": (
        WRITING,
        {
            "registry.approval rule r": CHANGED,
            "registry.approval trigger t": CHANGED,
            "registry function f()": CHANGED,
            "registry function keep_periods()": CHANGED,
            "registry.release inheriting": EXCHANGED,
        },
    ),
    "put a view in a table's place": (VIEW, {"registry.deployment": EXCHANGED}),
}


@pytest.mark.parametrize("name", BY_THE_SERVER)
def test_rows_that_the_server_hides_or_changes_are_never_believed(it, name):
    statement, wanted = BY_THE_SERVER[name]
    as_administrator(it, statement)
    for steps in (audited(it), sampled(it)):
        assert exit_code(steps) == 5
        found = {step.place: looks_like(step) for step in reversed(steps)}
        assert wanted.items() <= found.items()
    assert shadows(it) == 0
    [told] = [one for one in health.database(it.ledger.config) if one.exit]
    assert (told.exit, told.part) == (5, "database")


def test_a_question_is_refused_rather_than_answered_behind_a_policy(it):
    as_administrator(it, POLICY)
    with it.connection() as connection:
        for role in ("auditor", "owner"):
            connection.execute(f"SET ROLE mlledger_{role}".encode())
            with pytest.raises(IntegrityError, match="row-level security"), asking():
                connection.execute("SELECT traffic FROM registry.deployment")
            with pytest.raises(IntegrityError, match="row-level security"):
                digest_projections(connection)


def test_a_name_means_the_servers_own_function_whatever_is_in_public(it):
    as_administrator(
        it,
        "CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS"
        " $$ SELECT 'other' $$;"
        "ALTER DATABASE " + name_of(it) + " SET search_path = public, pg_catalog",
    )
    with it.connection() as connection:
        row = connection.execute("SELECT lower('A'::varchar)").fetchone()
    assert row == ("a",)


def test_a_position_that_was_set_back_is_a_contradiction_with_its_place(it):
    it.tamper("UPDATE registry.position SET next_leaf = 5 WHERE origin = 'acme/p0'")
    for steps in (audited(it), sampled(it)):
        assert exit_code(steps) == 5
        assert "registry.position acme/p0" in {step.place for step in steps}
    with pytest.raises(IntegrityError) as refused:
        it.project()
    assert "db rebuild" in refused.value.hint


def test_tables_that_are_ahead_of_the_published_log_are_named(it, told):
    """The log and the public folder went back, the database did not."""
    it.ledger.emit_decisions(5, per_entry=1)
    it.seal_and_project()
    shutil.rmtree(it.ledger.config.public)
    shutil.copytree(told.home / "public", it.ledger.config.public)
    steps = sampled(it)
    assert exit_code(steps) == 5
    assert "integrity.position acme/p0" in {step.place for step in steps}


def test_a_sample_is_the_same_for_the_same_seed(it):
    it.tamper("UPDATE decisions.decision SET output = 'other'")
    first = sampled(it, 30, seed=7)
    assert sampled(it, 30, seed=7) == first
    assert sampled(it, 30, seed=8) != first


def test_a_record_that_was_altered_is_found_through_its_rows(it):
    from tests.support.owner import sql

    sql(
        it.ledger,
        "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 3",
    )
    steps = sampled(it)
    assert exit_code(steps) == 5
    assert "log acme/p0 offset 3" in {step.place for step in steps}
    steps = audited(it)
    assert exit_code(steps) == 5
    assert steps[-1].place == "log acme/p0 offset 3"


def publish(it: Projected) -> None:
    """Write the digests of the tables, as they are, into the manifest log."""
    from ledger.administration import operator_signer
    from ledger.log import MANIFEST
    from projections.digests import digest_projections, digested_events
    from tests.support.ledger import Stream

    with it.connection() as connection:
        facts = digested_events(digest_projections(connection))
    signer = operator_signer(it.ledger.config)
    origin = it.ledger.config.origin(MANIFEST)
    stream = Stream(it.ledger.log, signer, origin, MANIFEST)
    stream.open()
    for fact in facts:
        stream.append([fact])
    stream.close()
    it.ledger.seal()
    it.project()


def test_published_digests_are_compared_at_the_leaves_that_they_name(it):
    publish(it)
    it.ledger.emit_decisions(5, per_entry=1)
    it.seal_and_project()
    steps = audited(it)
    assert exit_code(steps) == 0
    told = f"{len(PROJECTIONS)} published digests are true, at acme/control"
    assert told in steps[1].detail


def test_a_false_digest_that_was_published_is_named(it):
    it.tamper("UPDATE decisions.decision SET output = 'accept' WHERE output = 'refer'")
    publish(it)
    it.tamper("UPDATE decisions.decision SET output = 'refer' WHERE output = 'accept'")
    steps = [step for step in audited(it) if step.name == "projection digests"]
    assert exit_code(steps) == 5
    assert steps[0].place == "acme/manifest leaf 3 decisions.decision"
    told = looks_like(steps[0])
    assert told == "a digest of the tables that was published is false"


def test_the_commands_compare_tables_too(it, capsys):
    from ledger.config import format_config
    from tests.support.commands import application

    (it.ledger.home / "mlledger.toml").write_text(format_config(it.ledger.config))

    def run(*arguments: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            application()([*arguments, "--json", "--home", str(it.ledger.home)])
        answer = json.loads(capsys.readouterr().out)
        assert answer["exit"] == int(ended.value.code or 0)
        return answer

    sample = ("verify", "projection", "--sample", "500", "--seed", "3")
    assert run("audit")["exit"] == run(*sample)["exit"] == 0
    it.tamper("UPDATE decisions.decision SET output = 'accept' WHERE output = 'refer'")
    answer = run(*sample)
    assert (answer["exit"], answer["meta"]["seed"]) == (5, 3)
    found = [error["place"] for error in answer["errors"]]
    most = str(len(found) - 1)
    first = run(*sample, "--limit", most)
    assert (len(first["data"]), first["meta"]["complete"]) == (len(found), False)
    assert first["data"][-1]["detail"] == "and 1 more"
    pages = [first]
    while token := pages[-1]["meta"]["next_page_token"]:
        pages.append(run(*sample[:-2], "--limit", most, "--page-token", token))
        assert (pages[-1]["exit"], pages[-1]["meta"]["seed"]) == (5, 3)
    shown = [error["place"] for page in pages for error in page["errors"]]
    assert [place for place in shown if place] == found
    assert len(found) > 1
    token = first["meta"]["next_page_token"]
    assert run(*sample[:-1], "4", "--page-token", token)["exit"] == 2
    assert (
        run("verify", "projection", "--sample", "9", "--page-token", token)["exit"] == 2
    )
    answer = run("audit")
    assert answer["exit"] == 5
    assert {error["looks_like"] for error in answer["errors"]} == {
        "a row was changed in the database"
    }
    assert run("audit", "--no-projections")["exit"] == 0
    as_administrator(it, POLICY)
    rebuilt = run("db", "rebuild")
    assert rebuilt["exit"] == 0
    assert "registry.deployment policy p" in " ".join(rebuilt["warnings"])
    assert "could not be read" in rebuilt["warnings"][-1]
    it.tamper("UPDATE decisions.decision SET output = 'accept' WHERE output = 'refer'")
    (warning,) = run("db", "rebuild")["warnings"]
    assert "rows had been altered in decisions.decision: " in warning
    assert run("db", "rebuild")["warnings"] == []


def test_a_database_that_is_away_is_not_a_contradiction(it, monkeypatch):
    from dataclasses import replace

    from projections.commands.auditing import audit_part

    away = replace(
        it.ledger.config.database, dsn="host=127.0.0.1 port=1 connect_timeout=1"
    )
    config = replace(it.ledger.config, database=away)
    steps = audit_part(config, config.ledger_id, lambda _: None)
    assert exit_code(steps) == 6
    assert "the tables were not compared" in steps[0].detail
