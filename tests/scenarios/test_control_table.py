"""Every rule finds its seeded fault, and no rule finds anything in its clean twin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from projections.controls.engine import Examined
from projections.controls.rulebook import rules
from projections.golden.control_table import belongs
from tests.support.postgres import fresh_database
from tests.support.story import application


@pytest.fixture(scope="module")
def answer(postgres_server: str) -> Iterator[dict[str, Any]]:
    """What ``mlledger control table`` answers: all stories, all rules."""
    with fresh_database(postgres_server) as dsn:
        words = ["control", "table", "--dsn", dsn, "--json"]
        done = CliRunner().invoke(application(), words)
        yield json.loads(done.stdout)


@pytest.mark.parametrize("name", rules())
def test_a_rule_finds_its_fault_and_nothing_in_its_twin(
    name: str, answer: dict[str, Any]
) -> None:
    (row,) = [row for row in answer["data"] if row["rule"] == name]
    assert row["error"] is None
    assert row["fired"], "it did not find its seeded fault"
    assert row["silent"], "it found something in its clean twin"
    assert not row["others"], f"found in its clean twin by {row['others']}"
    assert row["population"] >= 2, "fault and twin are not both tested"
    assert row["cause"].endswith("."), row["cause"]
    assert row["passed"]


def test_the_table_counts_what_passed(answer: dict[str, Any]) -> None:
    assert answer["meta"]["result"] == f"{len(rules())} passed, 0 failed"
    assert answer["exit"] == 0


def test_what_a_rule_tested_belongs_to_one_story() -> None:
    """Names of one story are beginnings of no other story's names."""

    def tested(name: str) -> Examined:
        nothing = dict.fromkeys(("model", "system_id", "object_id", "detail", "cause"))
        said: dict[str, Any] = {**nothing, "evidence": [], "breached": True}
        return Examined(**{**said, "object_name": name})

    assert belongs(tested("a.fault"), "a.fault")
    assert belongs(tested("a.fault.service in prod"), "a.fault")
    assert belongs(tested("a.fault system.registered"), "a.fault")
    assert not belongs(tested("a.faulty"), "a.fault")
    assert not belongs(tested("b.a.fault"), "a.fault")
