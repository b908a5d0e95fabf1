"""Rules checked day by day: what is recorded, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import DivisionByZero
from typer.testing import CliRunner

from ledger import clock
from ledger.output import format_time
from projections.asking import Bounds
from projections.columns import to_time
from projections.commands.emitting import recording
from projections.controls import engine
from projections.controls.findings import key_of
from projections.controls.known import findings, last_checks
from projections.controls.recording import Recorded
from projections.controls.rulebook import rule_named, rules
from projections.controls.running import check, due
from projections.controls.settings import rule_settings
from projections.database import Connection, Database
from projections.golden.faults import BEGINS, IDENTITIES, Stage
from projections.golden.faults.telling import furnish
from projections.golden.world import World, scripted_world
from projections.worker import Worker
from tests.support.postgres import fresh_database
from tests.support.story import Home, application

MISSING, OWNER = "approval-missing", "model-without-owner"
USE = "use-outside-approval"
RULES = (MISSING, OWNER, USE)
DAY_US = 86_400_000_000


@dataclass
class Checked:
    """A small ledger whose rules are checked as the days go by.

    Every test has systems of its own, so that their order does not matter.
    """

    world: World
    home: Home
    first: Stage
    recorded: list[Recorded]

    def system(self, name: str, **changes: Mapping[str, Any] | None) -> Stage:
        """Tell the first days of a system, beginning now."""
        stage = Stage(self.world, name, clock.now_us())
        stage.clean(**changes)
        for day, _, act in stage.agenda:
            if day < 3:
                act()
        self.world.seal()
        return stage

    def check(self, *names: str) -> Recorded:
        """Check some rules now, and have it sealed and projected."""
        with self.connected() as connection, recording(self.world.config) as emitter:
            chosen = [rule_named(name) for name in names]
            _, done = check(connection, chosen, emitter, who="service:local")
        self.world.seal()
        return done

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        with (
            Database.open(self.world.config) as database,
            database.connect("auditor", autocommit=True) as connection,
        ):
            yield connection

    def ask(self, *words: object, code: int = 0) -> Any:
        """Run a command; returns its answer, once what it recorded is projected."""
        answered = self.home.ask(*words)
        assert answered.exit == code, answered.envelope
        if words[1] not in {"ls", "show"}:
            self.world.seal()
        return answered.data

    def found(self, stage: Stage, *words: object) -> list[dict[str, Any]]:
        """List the findings about a system."""
        return self.ask("finding", "ls", "--system", stage.system, *words)

    def key(self, stage: Stage, rule: str) -> str:
        """Key of the finding of a rule about a system, whatever its state."""
        (row,) = self.found(stage, "--state", "all", "--rule", rule)
        return row["finding"]

    def later(self, **time: float) -> str:
        """Return a moment to come."""
        days = time["days"]
        return str(format_time(clock.now_us() + round(days * DAY_US)))


@pytest.fixture(scope="module")
def checked(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Checked]:
    """A ledger with one system that was never approved; its rules are checked twice."""
    folder: Path = tmp_path_factory.mktemp("engine")
    with (
        fresh_database(postgres_server) as dsn,
        pytest.MonkeyPatch.context() as patch,
        scripted_world(
            folder / "home", begins=BEGINS, identities=IDENTITIES, dsn=dsn
        ) as world,
    ):
        patch.setenv("MLLEDGER_PG__DSN", dsn)
        furnish(world)
        stage = Stage(world, "lending", clock.now_us())
        made = Checked(world, Home(world.config), stage, [])
        made.first = made.system("lending", approval=None)
        made.recorded = [made.check(*RULES), made.check(*RULES)]
        yield made


def test_a_check_records_the_rule_what_it_tested_and_what_it_found(
    checked: Checked,
) -> None:
    first, second = checked.recorded
    assert first.rules_set == list(RULES)
    assert (len(first.opened), first.checks) == (1, 3)
    assert second == Recorded(checks=3), "nothing has changed"
    with checked.connected() as connection:
        found = last_checks(connection)[MISSING]
        setting = rule_settings(connection)[MISSING][None]
    assert found.population >= 1
    assert found.rule_digest == setting.digest == rule_named(MISSING).digest
    assert {place["origin"] for place in found.positions or ()} >= {"golden/p0"}


def test_a_finding_names_its_cause_and_what_shows_it(checked: Checked) -> None:
    shown = checked.ask("finding", "show", checked.key(checked.first, MISSING)[:8])
    assert shown["state"] == "open"
    assert shown["severity"] == "critical"
    assert "lending.r1 in prod has run since" in shown["cause"]
    assert all(shown[part] for part in ("means", "do", "provision"))
    deployment = checked.first.refs["deployment"].id.hex()
    assert deployment in "".join(shown["evidence"]).replace("-", "")
    words = ["finding", "show", shown["finding"]]
    told = CliRunner().invoke(application(), words, env=checked.home.environment)
    lines = told.stdout.splitlines()
    assert {"owner: -", "out_of_order: []", f"  - {shown['evidence'][0]}"} <= {*lines}
    assert "UUID(" not in told.stdout


def test_what_is_declared_later_closes_the_finding_and_it_may_come_back(
    checked: Checked,
) -> None:
    stage = checked.system("unowned", model={"owner": None})
    checked.check(OWNER)
    key = checked.key(stage, OWNER)
    _own(stage, "person:owner")
    assert checked.check(OWNER).closed == [key]
    shown = checked.ask("finding", "show", key)
    assert (shown["state"], shown["reason"]) == ("closed", "declared")
    assert shown["closer"] == "service:local"
    with checked.connected() as connection:
        check_id = str(last_checks(connection)[OWNER].event_id)
    assert check_id in shown["evidence"]
    _own(stage, None)
    again = checked.check(OWNER)
    assert (again.reopened, again.opened) == ([key], [])
    assert checked.ask("finding", "show", key)["times_opened"] == 2


def _own(stage: Stage, owner: str | None) -> None:
    change = {"field": "owner", "after": owner}
    stage.emit("registry.model.changed", model=stage.model, changes=[change])
    stage.world.seal()


def test_persons_take_findings_on_and_close_them(checked: Checked) -> None:
    stage = checked.system("risky", approval=None)
    checked.check(MISSING)
    key, day = checked.key(stage, MISSING), checked.later(days=2)
    ack = ("finding", "ack", key, "--owner")
    checked.ask(*ack, "owner", "--due", day, code=2)  # no identity
    checked.ask(*ack, "person:owner", "--due", "2020-01-01", code=2)  # it is over
    checked.ask(*ack, "person:owner", "--due", day)
    (row,) = checked.found(stage, "--state", "acknowledged")
    assert row["owner"] == "person:owner"
    risk = ("finding", "close", key, "--reason", "accepted_risk")
    checked.ask(*risk, code=2)  # a risk is accepted until a day
    checked.ask(*risk, "--until", day, "--by", "person:owner")
    shown = checked.ask("finding", "show", key)
    assert (shown["closer"], shown["closer_is_owner"]) == ("person:owner", True)
    checked.ask(*risk, "--until", day, code=11)
    assert key not in checked.check(MISSING).reopened, "the risk is accepted"
    checked.world.at(day)
    checked.world.later(1)
    assert key in checked.check(MISSING).reopened
    checked.ask("finding", "reopen", key, "--reason", "no", code=11)


def test_findings_of_others_live_in_the_same_register(checked: Checked) -> None:
    words = ("finding", "open", "--cause", "No test of stops.", "--severity", "high")
    words = (*words, "--origin", "examiner", "--system", "fraud")
    key = checked.ask(*words)["finding"]
    checked.ask(*words, code=11)
    rows = checked.ask("finding", "ls", "--system", "fraud")
    assert [(row["finding"], row["origin"]) for row in rows] == [(key, "examiner")]
    checked.ask("finding", "close", key, "--reason", "fixed")
    done = checked.check(*RULES)
    assert key not in done.reopened


def test_an_exception_covers_a_finding_for_as_long_as_it_holds(
    checked: Checked,
) -> None:
    stage = checked.system("excepted", version={"license": None})
    rule = "model-without-licence"
    checked.check(rule)
    key, day = checked.key(stage, rule), checked.later(days=20)
    granted = stage.emit(
        "governance.exception.granted",
        exception=stage.name("exception"),
        policy=rule,
        system=stage.system,
        reason="the author is being asked",
        compensating_control="not sold to others",
        approver="person:approver",
        expires=day,
    )
    checked.world.seal()
    assert key in checked.check(rule).closed
    shown = checked.ask("finding", "show", key)
    assert (shown["reason"], shown["until"]) == ("accepted_risk", day)
    assert granted.id.hex() in "".join(shown["evidence"]).replace("-", "")
    assert key not in checked.check(rule).reopened
    stage.emit("governance.exception.ended", exception=granted, reason="refused")
    checked.world.seal()
    assert key in checked.check(rule).reopened


def test_exit_seven_comes_with_fail_on_alone(checked: Checked) -> None:
    checked.ask("finding", "ls")
    checked.ask("finding", "ls", "--fail-on", "any", code=7)
    checked.ask("finding", "ls", "--fail-on", "critical", "--system", "x")
    run = ("control", "run", MISSING, "--dry-run")
    checked.ask(*run)
    checked.ask(*run, "--fail-on", "medium", code=7)
    checked.ask("control", "run", OWNER, "--dry-run", "--fail-on", "critical")
    checked.ask(*run, "--fail-on", "grave", code=2)


def test_a_past_moment_is_judged_by_what_had_happened(checked: Checked) -> None:
    before = checked.ask("finding", "ls", "--state", "all")
    rows = checked.ask("control", "run", MISSING, "--as-of", "2026-03-01T00:00:00Z")
    assert rows == []
    assert checked.ask("finding", "ls", "--state", "all") == before


def test_a_limit_for_one_system_and_a_rule_switched_off_are_recorded(
    checked: Checked,
) -> None:
    strict, quiet = checked.system("strict"), checked.system("quiet")
    for stage in (strict, quiet):
        stage.tell("decision", use="tenant selection")
    checked.world.seal()
    assert len(checked.check(USE).opened) == 2
    why = ("--reason", "a pilot")
    checked.ask("control", "set", USE, "--off", "--system", quiet.system, *why)
    checked.world.later(days=5)
    checked.ask("control", "set", USE, "-p", "days=1", "--system", strict.system, *why)
    assert checked.check(USE).closed == [checked.key(strict, USE)]
    (row,) = checked.found(quiet)
    assert row["state"] == "open", "what is switched off is left as it is"
    shown = checked.ask("control", "show", USE)
    assert shown["off_for"] == [quiet.system]
    assert shown["systems"] == {strict.system: {"days": 1}}
    checked.ask("control", "set", USE, "-p", "day=1", *why, code=2)
    checked.ask("control", "set", USE, "--off", *why)
    assert checked.check(USE).checks == 0
    rows = {row["rule"]: row for row in checked.ask("control", "ls")}
    assert rows[USE]["on"] is False
    checked.ask("control", "set", USE, "--on", *why)


def test_a_rule_whose_files_changed_is_set_anew(checked: Checked) -> None:
    changed = replace(rule_named(OWNER), digest=f"sha256:{'0' * 64}")
    with checked.connected() as connection, recording(checked.world.config) as emitter:
        _, done = check(connection, [changed], emitter, who="service:local")
        before = rule_settings(connection)[OWNER][None]
    checked.world.seal()
    assert done.rules_set == [OWNER]
    with checked.connected() as connection:
        sql = "SELECT digest_before, previous_id FROM controls.rule WHERE digest = %s"
        found = connection.execute(sql, (changed.digest,)).fetchone()
    assert found == (before.digest, before.event_id)


def test_a_rule_that_fails_is_a_finding_and_closes_none(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise DivisionByZero("division by zero")

    before = checked.ask("finding", "ls", "--rule", MISSING)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_tested", broken)
        done = checked.check(MISSING)
    assert (len(done.opened), done.closed) == (1, [])
    with checked.connected() as connection:
        assert last_checks(connection)[MISSING].error == "division by zero"
        found = findings(connection)[done.opened[0]]
    assert "could not be evaluated" in found.cause
    assert len(checked.ask("finding", "ls", "--rule", MISSING)) == len(before) + 1
    assert checked.check(MISSING).closed == done.opened


def test_a_worker_checks_what_is_due_once_a_day(checked: Checked) -> None:
    config = checked.world.config
    with Worker(config, seal=False, watch=False, controls=True) as worker:
        worker.step()
        assert worker._daily is not None
        assert worker.done["rules checked"] == 0, "not in the first minute"
        worker._daily._look_at = 0.0
        worker.step()
        checks = worker.done["rules checked"]
        assert checks > 0, "most rules were never checked here"
        worker._daily._look_at = 0.0
        worker.step()
        assert worker.done["rules checked"] == checks, "checked, but not projected yet"
    checked.world.seal()
    with checked.connected() as connection:
        assert not due(connection, to_time(clock.now_us()))
        tomorrow = due(connection, to_time(clock.now_us() + DAY_US))
    assert set(tomorrow) == set(rules())


def test_a_missed_run_is_itself_a_finding(checked: Checked) -> None:
    checked.check(OWNER)
    checked.world.later(days=3)
    missed = "control-missed"
    key = key_of(missed, OWNER, "")
    checked.check(missed)  # another test may have come upon it before
    with checked.connected() as connection:
        assert findings(connection)[key].state == "open"
    checked.check(OWNER)
    assert key in checked.check(missed).closed


def test_the_register_answers_in_both_times(checked: Checked) -> None:
    with checked.connected() as connection:
        long_ago = to_time(0)
        assert findings(connection, Bounds(as_of=long_ago)) == {}
        assert findings(connection, Bounds(known_as_of=long_ago)) == {}
        assert findings(connection)
