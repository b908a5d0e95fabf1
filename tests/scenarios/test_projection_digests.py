"""What the tables held, written down where their administrator cannot reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger import clock
from ledger.log import MANIFEST
from ledger.verification import exit_code
from projections.digests import digest_projections, table_digests
from projections.projection import PROJECTIONS
from projections.rebuild import positions
from projections.worker import Worker
from tests.support.commands import application
from tests.support.database import Projected, projected, tell, write
from tests.support.dating import dated_steps
from tests.support.ledger import make_ledger

pytestmark = pytest.mark.postgres

DAY_US = 86_400_000_000


@pytest.fixture
def world(
    tmp_path: Path, tables_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Projected]:
    ledger = make_ledger(tmp_path)
    write(ledger, tell())
    monkeypatch.setenv("MLLEDGER_HOME", str(ledger.home))
    monkeypatch.setenv("MLLEDGER_PG__DSN", tables_dsn)
    with projected(ledger, tables_dsn) as world:
        world.seal_and_project()
        yield world
    ledger.close()


def digested(world: Projected) -> list[dict[str, Any]]:
    """The digests in the manifest log, as they were signed."""
    from ledger.entry import parse_entry
    from ledger.ledger_types import decode_bodies

    end = world.ledger.log.bounds(MANIFEST)[1]
    found: list[dict[str, Any]] = []
    if end:
        for record in world.ledger.log.read(MANIFEST, 0):
            bodies = decode_bodies(parse_entry(record.value or b""))
            found += [f for name, f in bodies if name == "ledger.projection.digested"]
    return found


def run(*words: str) -> dict[str, Any]:
    result = CliRunner().invoke(application(), [*words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_digest_names_rows_and_the_trees_it_was_made_from(world):
    with world.connection() as connection:
        found = {one.projection: one for one in digest_projections(connection)}
        reached = positions(connection, schema="registry")
        flat = table_digests(connection)
    registry = found["registry"]
    assert {head.origin: head.size for head in registry.heads} == reached
    release = next(item for item in registry.tables if item.table == "release")
    assert release.rows == 1
    assert flat["registry.release"] == f"sha256:{release.digest.hex()}"
    assert registry.version.startswith("mlledger ")


def test_publishing_writes_what_is_printed(world):
    answer = run("db", "digest", "--publish")
    assert answer["meta"]["published"]
    facts = digested(world)
    assert {fact["projection"] for fact in facts} == {one.name for one in PROJECTIONS}
    written = {
        f"{fact['projection']}.{item['table']}": (
            f"sha256:{item['digest'].hex()}",
            item["rows"],
        )
        for fact in facts
        for item in fact["tables"]
    }
    printed = {row["table"]: (row["digest"], row["rows"]) for row in answer["data"]}
    assert written == printed
    world.ledger.seal()
    assert exit_code(dated_steps(world.ledger)) == 0


def test_without_publishing_nothing_is_written(world):
    assert not run("db", "digest")["meta"]["published"]
    assert digested(world) == []


def test_an_altered_row_has_another_digest_than_the_published_one(world):
    run("db", "digest", "--publish")
    before = digested(world)
    world.tamper("UPDATE registry.release SET release = 'forged'")
    run("db", "digest", "--publish")
    after = digested(world)[len(before) :]
    differing = {
        f"{old['projection']}.{one['table']}"
        for old, new in zip(before, after, strict=True)
        for one, other in zip(old["tables"], new["tables"], strict=True)
        if one["digest"] != other["digest"]
    }
    assert differing == {"registry.release"}


def test_a_worker_digests_once_a_day(world, monkeypatch):
    """Not on the ledger's first day; then once, and again a day later."""
    real, later = clock.now_us, [0]
    monkeypatch.setattr(clock, "now_us", lambda: real() + later[0])
    monkeypatch.setattr("projections.digest_writer._LOOK_S", 0.0)
    counts: list[int] = []
    with Worker(world.ledger.config, watch=False, once=True) as worker:
        for days in (0.5, 1.5, 2.4, 2.6):
            later[0] = int(days * DAY_US)
            worker.step()
            worker.step()
            counts.append(len(digested(world)))
    once = len(PROJECTIONS)
    assert counts == [0, once, once, 2 * once]
    assert exit_code(dated_steps(world.ledger)) == 0
