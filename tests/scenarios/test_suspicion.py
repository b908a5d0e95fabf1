"""A key that was in other hands: what it signed stays valid, and is called suspect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ledger import clock
from ledger.administration import revoke
from ledger.keys import key_fingerprint
from ledger.output import format_time
from ledger.rotation import Act, rotate_key
from ledger.verification import load_control
from projections.cli import register
from projections.suspicion import Suspect, leaves_of, suspects
from tests.support.database import Projected, Story, projected, tell, write
from tests.support.ledger import make_ledger

pytestmark = pytest.mark.postgres
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer(pretty_exceptions_enable=False)
    register(made)
    return made


@pytest.fixture
def story() -> Story:
    return tell()


@pytest.fixture
def world(
    tmp_path: Path, tables_dsn: str, story: Story, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Projected]:
    ledger = make_ledger(tmp_path)
    write(ledger, story)
    ledger.seal()
    monkeypatch.setenv("MLLEDGER_HOME", str(ledger.home))
    monkeypatch.setenv("MLLEDGER_PG__DSN", tables_dsn)
    with projected(ledger, tables_dsn) as made:
        yield made
    ledger.close()


def compromised(world: Projected, since: int) -> None:
    ledger = world.ledger
    revoke(
        ledger.config,
        ledger.log,
        load_control(ledger.log, ledger.public, ledger.config.ledger_id),
        key_fp=key_fingerprint(ledger.producer.public_key),
        compromised_since=since,
        reason="laptop stolen",
    )
    ledger.seal()
    world.project()


def answers(story: Story) -> list[list[str]]:
    return [
        ["decision", "ls"],
        ["decision", "show", str(story.decision_id)],
        ["decision", "show", str(story.decision_id), "--verify"],
        ["model", "ls"],
        ["model", "show", "loans"],
        ["run", "ls"],
        ["run", "show", str(story.id("run"))],
        ["deployment", "ls"],
        ["deployment", "show", str(story.id("deployment"))],
        ["event", "ls"],
        ["event", "get", str(story.decision_id)],
        ["query", "releases"],
        ["query", "decision_chain", "-p", f"decision_id={story.decision_id}"],
    ]


def asked(app: typer.Typer, arguments: list[str]) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.stdout, (arguments, result.output, result.exception)
    return json.loads(result.stdout)


def test_every_answer_says_what_is_suspect_and_nothing_else(
    world: Projected, story: Story, app: typer.Typer
) -> None:
    compromised(world, clock.now_us() + 60 * MINUTE)
    for arguments in answers(story):
        found = asked(app, arguments)
        assert found["exit"] == 0, arguments
        assert "suspect" not in found["meta"], arguments
    compromised(world, clock.now_us() - 60 * MINUTE)
    for arguments in answers(story):
        found = asked(app, arguments)
        assert found["exit"] == 13, arguments
        assert any("suspect" in one for one in found["warnings"]), arguments
        assert found["meta"]["suspect"], arguments


def test_leaves_are_found_at_any_depth_and_asked_once(world: Projected) -> None:
    at = {"origin": "acme/p0", "leaf": 1}
    data = [{"position": at}, {"list": [at, (at,)]}, "text", 7]
    assert list(leaves_of(data)) == [("acme/p0", 1)] * 3
    since = clock.now_us() - 60 * MINUTE
    world.project()
    with world.connection() as connection:
        assert suspects(connection, leaves_of(data)) == []
        compromised(world, since)
        key_fp = key_fingerprint(world.ledger.producer.public_key).hex()
        found = suspects(connection, leaves_of(data))
        assert found == [Suspect("acme/p0", 1, key_fp)]
        assert suspects(connection, []) == []


def test_a_rotated_key_is_listed_with_what_it_inherits(
    world: Projected, app: typer.Typer
) -> None:
    ledger = world.ledger
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    old = ledger.producer
    made = rotate_key(Act(ledger.config, ledger.log, control), old=old)
    ledger.seal()
    since = clock.now_us() - 60 * MINUTE
    compromised(world, since)
    rows = asked(app, ["query", "keys"])["data"]
    by_key = {row["key_fp"]: row for row in rows}
    new, former = (
        by_key[made.key_fp.hex()],
        by_key[key_fingerprint(old.public_key).hex()],
    )
    for name in ("key_identity", "kind", "event_types", "attests"):
        assert new[name] == former[name]
    assert new["revoked_at"] is None
    assert former["revoked_at"] is not None
    assert former["compromised_since"] == format_time(since)
