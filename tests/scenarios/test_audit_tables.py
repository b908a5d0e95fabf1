"""Rows that were changed, deleted or made up: digests find all, samples some."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import clock
from ledger.audit import looks_like
from ledger.verification import Step, exit_code
from projections.audit import audit_tables
from projections.projection import PROJECTIONS, Source
from projections.sampling import Sampling
from tests.support.database import Projected, projected, tell, write
from tests.support.ledger import copy_ledger, make_ledger


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with a whole story in it, one decision resent, one refused."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    write(ledger, tell(decisions=12))
    ledger.log.append(0, b"nonsense")
    resent = next(ledger.log.read(0, 4, max_records=1)).value or b""
    ledger.log.append(0, resent)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def it(template: Path, tmp_path: Path, tables_dsn: str) -> Iterator[Projected]:
    ledger = copy_ledger(template, tmp_path / "home")
    with projected(ledger, tables_dsn) as made:
        made.project()
        yield made
    ledger.close()


def audited(it: Projected) -> list[Step]:
    with it.connection("owner") as connection:
        source = Source(it.ledger.log, it.ledger.public, it.control)
        return audit_tables(connection, source, now=clock.now_us())


def sampled(it: Projected, count: int = 10_000, seed: int = 1) -> list[Step]:
    with it.connection() as connection:
        return Sampling(connection, it.ledger.public, it.verifier(), seed).run(count)


def shadows(it: Projected) -> int:
    with it.connection("owner") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%\\_audit'"
        ).fetchone()
    return int(row[0]) if row else -1


def test_untouched_tables_are_what_the_log_makes_of_them(it):
    steps = audited(it)
    assert exit_code(steps) == 0
    assert "none were published" in steps[0].detail
    assert "tables hold what" in steps[1].detail
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
    assert told in steps[0].detail


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

    def run(*arguments: str) -> dict[str, object]:
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
    answer = run("audit")
    assert answer["exit"] == 5
    assert {error["looks_like"] for error in answer["errors"]} == {
        "a row was changed in the database"
    }
    assert run("audit", "--no-projections")["exit"] == 0


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
