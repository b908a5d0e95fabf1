"""Rules of controls where time, scope and lineage are not simple."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger import clock
from ledger.output import parse_time
from projections.columns import to_time
from projections.controls.engine import Examined, evaluate
from projections.controls.rulebook import rule_named
from projections.database import Connection
from projections.evidence import Bounds
from projections.golden.control_page import control_page
from projections.golden.faults import BEGINS, IDENTITIES, Case, Stage, told
from projections.golden.world import auditor, scripted_world
from projections.integrity.queries_completeness import completeness
from projections.registry.gates import gates, is_open
from tests.support.postgres import fresh_database
from tests.support.story import ROOT

DAY_US = 86_400_000_000
ZERO = f"sha256:{'0' * 64}"
_stories: list[Case] = []


def story(system: str) -> Callable[[Callable[[Stage], None]], None]:
    """Enter a story; its system is ``<name>.story``."""
    return lambda tell: _stories.append(Case(system, "story", tell))


def _clean(w: Stage, **changes: Mapping[str, Any] | None) -> None:
    """Put a clean story without any decisions on the agenda."""
    w.clean(traffic=(0, 0), every=1, count=None, benchmark=None, image=None, **changes)


@dataclass
class Rules:
    """Asks rules of the one ledger in which all stories were told."""

    connection: Connection

    def breaches(
        self, rule: str, system: str, *, day: float = 20, known: float | None = None
    ) -> dict[str, str]:
        """Causes by detail, on a day of the stories, as far as known on another."""
        found = self.tested(rule, system, day=day, known=known)
        return {one.detail or "": one.cause or "" for one in found}

    def tested(
        self, rule: str, system: str, *, day: float = 20, known: float | None = None
    ) -> list[Examined]:
        """What breaks a rule, on a day of the stories, as far as known on another."""
        result = evaluate(
            self.connection,
            [rule_named(rule)],
            as_of=moment(day),
            known_as_of=moment(day if known is None else known),
        )[0]
        assert result.error is None
        found = result.breaches.values()
        return [one for one in found if one.system_id == f"{system}.story"]


def moment(day: float) -> datetime:
    return to_time(parse_time(BEGINS)) + timedelta(days=day)


@pytest.fixture(scope="module")
def rules(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[Rules]:
    home = tmp_path_factory.mktemp("rules") / "home"
    with (
        fresh_database(postgres_server) as dsn,
        scripted_world(home, begins=BEGINS, identities=IDENTITIES, dsn=dsn) as world,
    ):
        told(world, _stories)
        with auditor(world.config) as connection:
            yield Rules(connection)


# Late events, and what was known when -------------------------------------------------


@story("late")
def _(w: Stage) -> None:
    """A check that passed, a breach and a criterion are delivered days late."""
    failed: dict[str, Any] = {"passed": False, "assertions": []}
    _clean(w, train_quality=failed, criterion=None, evaluation=None)
    w.on(1.2, lambda: w.refs.update(criterion=_reserved(w, "criterion")))
    w.on(1.3, "evaluation")
    w.on(6, lambda: w.tell("criterion", id=w.refs["criterion"].id, time=w.when(0.5)))
    w.on(15, lambda: w.tell("train_quality", time=w.when(0.3)))
    w.on(15, lambda: w.tell("drift", time=w.when(3), value=0.4, breach=True))


@dataclass(frozen=True)
class _Reference:
    id: bytes
    digest: str = ZERO


def _reserved(_w: Stage, _what: str) -> Any:
    return _Reference(clock.new_id())


def test_a_late_event_changes_what_was_true_and_not_what_was_known(
    rules: Rules,
) -> None:
    assert rules.breaches("quality-failed", "late", day=10, known=14)
    assert not rules.breaches("quality-failed", "late", day=10, known=20)


def test_the_days_to_a_review_count_from_when_a_late_breach_was_known(
    rules: Rules,
) -> None:
    assert not rules.breaches("drift-without-review", "late", day=20)
    found = rules.breaches("drift-without-review", "late", day=24)
    assert found.keys() == {"age age"}
    assert "0.4000" in found["age age"]


def test_a_criterion_that_claims_to_be_older_than_the_test_came_after_it(
    rules: Rules,
) -> None:
    (never,) = rules.breaches("criteria-set-after-test", "late", day=4).values()
    assert "does not hold" in never
    (late,) = rules.breaches("criteria-set-after-test", "late", day=20).values()
    assert "came to the ledger" in late


# Exceptions --------------------------------------------------------------------------


@story("excepted")
def _(w: Stage) -> None:
    """Training is overdue from day 5 on, and an exception holds until day 15."""
    _clean(w, plan={"retrain_every_days": 1.0})
    w.on(3, lambda: _exception(w, "until", 15, policy="retraining-overdue"))
    w.on(3, lambda: _exception(w, "other", 30, policy="review-overdue"))


@story("ended")
def _(w: Stage) -> None:
    """The same, and the exception is ended on day 10."""
    _clean(w, plan={"retrain_every_days": 1.0})
    w.on(3, lambda: _exception(w, "until", 30, policy="retraining-overdue"))
    w.on(
        10,
        lambda: w.emit("governance.exception.ended", exception=w.refs["until"]),
    )


def _exception(w: Stage, name: str, until: float, *, policy: str) -> None:
    w.refs[name] = w.emit(
        "governance.exception.granted",
        exception=w.name(name),
        policy=policy,
        system=w.system,
        reason="the trainer is being rebuilt",
        compensating_control="weekly review",
        approver="person:approver",
        expires=w.when(until),
    )


@pytest.mark.parametrize(
    ("system", "covered", "bare"), [("excepted", 14, 16), ("ended", 9, 12)]
)
def test_an_exception_covers_a_breach_until_it_expires_or_ends(
    rules: Rules, system: str, covered: float, bare: float
) -> None:
    assert not rules.breaches("retraining-overdue", system, day=covered)
    assert rules.breaches("retraining-overdue", system, day=bare)
    unknown = rules.breaches("retraining-overdue", system, day=covered, known=2.9)
    assert unknown, "the exception was not yet known"


# Hand-over ---------------------------------------------------------------------------


@story("handed")
def _(w: Stage) -> None:
    """The owner leaves on day 5; the heir comes on day 8 and stays until day 15."""
    view = {"owner": "person:leaver", "features": [{"name": "age", "type": "float64"}]}
    _clean(w, feature_view=view)
    w.on(0.1, lambda: _role(w, "person:leaver"))
    w.on(5, lambda: _revoke(w, "person:leaver"))
    w.on(8, lambda: _role(w, "person:heir", 15, handed_over_from="person:leaver"))


def _role(w: Stage, who: str, until: float | None = None, **fields: Any) -> None:
    w.refs[who] = w.emit(
        "governance.role.granted",
        principal=who,
        role="owner",
        valid_from=w.now,
        until=None if until is None else w.when(until),
        **fields,
    )


def _revoke(w: Stage, who: str) -> None:
    w.emit("governance.role.revoked", grant=w.refs[who], effective_at=w.now)


@pytest.mark.parametrize(
    ("day", "owned"), [(4, True), (7, False), (10, True), (16, False)]
)
def test_a_feature_is_owned_as_long_as_somebody_took_it_over(
    rules: Rules, day: float, *, owned: bool
) -> None:
    found = rules.breaches("feature-unowned", "handed", day=day)
    assert (not found) is owned
    assert all("person:leaver" in cause for cause in found.values())


# Lineage -----------------------------------------------------------------------------


@story("deep")
def _(w: Stage) -> None:
    """The data's data come from a vendor; the model was made from another's."""
    w.on(0, lambda: _vendor_data(w))
    unseen = dict.fromkeys(("model_review", "data_review", "validation"))
    _clean(w, whole=None, version=None, **unseen)
    w.on(0.9, lambda: _base(w))
    w.on(0.95, lambda: w.tell("version", parents=[_parent(w)]))
    w.on(3, lambda: _withdraw_base(w))
    w.on(3, lambda: _changes_vendor(w))


def _vendor_data(w: Stage) -> None:
    """Record data of a vendor that are derived from each other, in a circle."""
    first, second = clock.new_id(), clock.new_id()
    for own, other in ((first, second), (second, first)):
        w.refs["whole"] = w.emit(
            "data.dataset_version.created",
            id=own,
            dataset=w.name("vendor data"),
            digest=w.digest(own.hex()),
            scheme="table1",
            sources=[w.name("vendor")],
            derived_from=[{"id": other, "digest": ZERO}],
            identity_strength="content",
        )


def _base(w: Stage) -> None:
    w.refs["base"] = w.emit(
        "registry.model_version.created",
        model=w.name("base"),
        version="1",
        artifact_digest=w.digest("base"),
        artifact_scheme="file",
    )


def _parent(w: Stage) -> dict[str, Any]:
    base = w.refs["base"]
    return {
        "kind": "fine_tuned_from",
        "version": {"id": base.id, "digest": base.digest},
    }


def _withdraw_base(w: Stage) -> None:
    w.emit(
        "registry.model_version.withdrawn",
        model_version=w.refs["base"],
        effective_at=w.now,
        reason="license",
    )


def _changes_vendor(w: Stage) -> None:
    w.emit(
        "data.source.changed",
        source=w.name("vendor"),
        change="schema",
        effective_at=w.now,
    )


def test_what_changed_is_found_through_data_of_data_and_parents_round_a_circle(
    rules: Rules,
) -> None:
    found = rules.breaches("entanglement", "deep")
    whats = sorted(detail.rpartition(" ")[0] for detail in found)
    assert whats == ["model deep.story.base 1", "source deep.story.vendor"]
    assert not rules.breaches("entanglement", "deep", day=10), "within the grace"
    assert rules.breaches("source-changed-without-notice", "deep")


# Decisions ---------------------------------------------------------------------------


@story("busy")
def _(w: Stage) -> None:
    """Every answer is slow and a fallback; for this system five are enough."""
    slow = {"path": "fallback", "latency_us": 30_000}
    w.clean(decision=slow, outcome=None, latency=None, image=None)
    w.on(18, lambda: _judged_from(w, "latency-worse-than-benchmark", 5))
    w.on(18, lambda: _judged_from(w, "error-rate-worse", 5))


def _judged_from(w: Stage, rule: str, rows: int) -> None:
    known = rule_named(rule)
    w.emit(
        "control.rule.set",
        rule=rule,
        title=known.title,
        severity=known.severity,
        digest=known.digest,
        parameters={"rows": str(rows), "days": "30"},
        system=w.system,
        enabled=True,
    )


def test_decisions_tell_of_latency_and_errors_where_nothing_was_measured(
    rules: Rules,
) -> None:
    (slow,) = rules.breaches("latency-worse-than-benchmark", "busy").values()
    assert "latency_us.p50 of 30000" in slow
    assert "15.00 times" in slow
    (failing,) = rules.breaches("error-rate-worse", "busy").values()
    assert failing.startswith("100.0 percent of 9 decisions")


def test_too_few_decisions_tell_nothing(rules: Rules) -> None:
    assert not rules.breaches("latency-worse-than-benchmark", "busy", day=17)
    assert not rules.breaches("error-rate-worse", "busy", day=17)


# Scope -------------------------------------------------------------------------------


@story("unused")
def _(w: Stage) -> None:
    """A run from a changed tree makes a version that nobody asks for."""
    _clean(w)
    w.on(3, lambda: setattr(w, "generation", 2))
    dirty = {"commit": "0" * 40, "dirty": True}
    for step, fields in (("run", {"code": dirty}), ("read", {}), ("version", {})):
        w.on(3, step, **fields)
    w.on(12, lambda: w.tell("request", object=w.refs["version"]))
    w.on(
        16,
        lambda: w.tell("approval", object=w.refs["version"], decision="reject"),
    )


@pytest.mark.parametrize(("day", "candidate"), [(11, False), (14, True), (17, False)])
def test_a_run_is_tested_only_while_it_feeds_a_candidate(
    rules: Rules, day: float, *, candidate: bool
) -> None:
    found = rules.breaches("run-from-unbuilt-tree", "unused", day=day)
    assert bool(found) is candidate


@story("testing")
def _(w: Stage) -> None:
    """Other libraries run, in the test environment."""
    _clean(w, deployment={"environment": "test"}, attested={"packages_digest": ZERO})


def test_an_environment_for_testing_is_not_tested(rules: Rules) -> None:
    assert not rules.breaches("environment-skew", "testing")


# Probes ------------------------------------------------------------------------------


@story("unanswered")
def _(w: Stage) -> None:
    """Other answers on day 5, none on day 8, the known ones on day 12."""
    _clean(w)
    w.on(5, lambda: _probe(w, mismatches=1))
    w.on(8, lambda: _probe(w, errors=4))
    w.on(12, lambda: _probe(w))


def _probe(w: Stage, *, mismatches: int = 0, errors: int = 0) -> None:
    w.emit(
        "evaluation.probe.completed",
        deployment=w.refs["deployment"],
        suite="known",
        requests=4,
        mismatches=mismatches,
        errors=errors,
        passed=not mismatches + errors,
        suite_digest=ZERO,
        basis="observed",
    )


def test_a_probe_that_could_not_ask_accuses_no_answer(rules: Rules) -> None:
    told = {day: rules.breaches("probe-failed", "unanswered", day=day) for day in _DAYS}
    assert [list(found) for found in told.values()] == [
        ["known"],
        ["known", "known not answered"],
        [],
    ]
    assert "could not be asked: none of the 4" in told[9]["known not answered"]
    both = rules.tested("probe-failed", "unanswered", day=9)
    assert {one.detail: one.severity for one in both} == {
        "known": None,
        "known not answered": "medium",
    }


_DAYS = (6, 9, 13)


# Second persons ----------------------------------------------------------------------

_PIPELINE = {"signed_by": "service:ci"}
_SELF, _UNKNOWN = "approval-self", "approval-second-person-unknown"


@story("piped")
def _(w: Stage) -> None:
    """A pipeline signs; on day 6 its author asks, and on day 7 another approves."""
    _clean(w, release=_PIPELINE, request=None)
    w.on(6, "request")
    w.on(7, "approval")


def test_who_asks_for_an_approval_is_an_author_where_a_pipeline_signed(
    rules: Rules,
) -> None:
    (cause,) = rules.breaches(_UNKNOWN, "piped", day=5).values()
    assert "No person is recorded among its authors" in cause
    assert "service:ci" in cause
    assert not rules.breaches(_SELF, "piped", day=5), "nobody is accused"
    assert not rules.breaches(_UNKNOWN, "piped", day=8)
    assert rules.breaches(_UNKNOWN, "piped", day=8, known=6.5)


@story("named")
def _(w: Stage) -> None:
    """A pipeline says who started it, and that very person approves."""
    _clean(w, release={**_PIPELINE, "actor": "person:approver"}, request=None)


def test_whom_a_pipeline_names_approves_as_an_author(rules: Rules) -> None:
    (cause,) = rules.breaches(_SELF, "named").values()
    assert "approved at gate production by person:approver, recorded among" in cause
    assert not rules.breaches(_UNKNOWN, "named")


def test_a_control_and_a_gate_judge_second_persons_alike(rules: Rules) -> None:
    """Q06, the gates and the controls have one definition."""
    judged = gates(rules.connection, environment="prod", now=moment(5), limit=1_000)
    of = {one.system_id: one for one in judged if one.gate}
    assert of["piped.story"].status == "unknown"
    assert of["named.story"].status == "unmet"
    assert of["late.story"].status == "met"


# Gates in force ----------------------------------------------------------------------


@story("gated")
def _(w: Stage) -> None:
    """Deployed on day 2 without approval; on day 5 its environment gets a gate."""
    _clean(w, deployment={"environment": "live"}, request=None, approval=None)
    w.on(5, lambda: _gated(w))


def _gated(w: Stage) -> None:
    w.emit(
        "serving.environment.registered",
        environment="live",
        kind="production",
        gates=[{"gate": "production", "approvals": 1}],
    )


def test_a_gate_accuses_no_deployment_that_is_older(rules: Rules) -> None:
    assert not rules.breaches("approval-missing", "gated")
    asked: dict[str, Any] = {"environment": "live", "now": moment(20)}
    (found,) = gates(rules.connection, **asked)
    assert (found.gate, found.status) == ("production", "newer than the deployment")
    assert not is_open(found)
    (before,) = gates(rules.connection, **asked, bounds=Bounds(moment(4)))
    assert before.status == "environment not registered"
    orphans = completeness(rules.connection).orphans
    assert found.release_id not in {one.object_id for one in orphans}


def test_the_page_of_controls_says_what_the_rules_say() -> None:
    page = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")
    assert page == control_page(), (
        "make it anew: python -m projections.golden.control_page docs/controls.md"
    )
