"""Holds and retention rules: what beats what, and until when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from ledger.vault.plan import planned
from ledger.vault.rules import DAY_US, duty, in_force, is_due
from ledger.vault.store import Held, RuleEvent

NOW = 1_000 * DAY_US
A, B = bytes(15) + b"a", bytes(15) + b"b"


def held(decision: bytes = A, **fields: Any) -> Held:
    values: dict[str, Any] = {
        "commitment": b"c" * 32,
        "key_id": b"k" * 16,
        "state": "kept",
        "received_us": NOW,
        "time_us": NOW - 10 * DAY_US,
        "use": "credit",
        "case_id": None,
    }
    return Held(decision, **{**values, **fields})


def event(kind: str, at: int = 0, **fields: Any) -> RuleEvent:
    return RuleEvent(at.to_bytes(16, "big"), f"governance.{kind}", at, fields)


def rule(name: str = "r", **fields: Any) -> RuleEvent:
    values: dict[str, Any] = {
        "rule": name,
        "data_class": "payload",
        "bound": "floor",
        "period_days": 30,
        "provision": "12 CFR 1002.12(b)",
        "uses": [],
        "enabled": True,
    }
    return event("retention_rule.set", **{**values, **fields})


def hold(name: str = "h", **fields: Any) -> RuleEvent:
    values: dict[str, Any] = {
        "hold": name,
        "provision": None,
        "decisions": [],
        "cases": [],
        "uses": [],
        "everything": False,
    }
    return event("hold.placed", **{**values, **fields})


def test_without_rules_nothing_is_kept():
    assert duty(in_force([]), held(), now_us=NOW) is None


def test_a_floor_keeps_until_its_end_and_names_its_provision():
    rules = in_force([rule()])
    found = duty(rules, held(), now_us=NOW)
    assert found is not None
    assert found.until_us == NOW + 20 * DAY_US
    assert found.provision == "12 CFR 1002.12(b)"
    assert duty(rules, held(), now_us=NOW + 20 * DAY_US) is None


def test_of_two_floors_the_later_end_counts():
    rules = in_force([rule("a", period_days=30), rule("b", period_days=60)])
    found = duty(rules, held(), now_us=NOW)
    assert found is not None
    assert found.rule == "b"


def test_a_floor_covers_the_uses_it_names():
    rules = in_force([rule(uses=["insurance"])])
    assert duty(rules, held(), now_us=NOW) is None
    assert duty(rules, held(use="insurance"), now_us=NOW) is not None


def test_a_rule_about_other_data_says_nothing_here():
    assert in_force([rule(data_class="documents")]).floors == ()


def test_the_newest_of_a_name_counts_and_can_switch_it_off():
    assert in_force([rule(), rule(period_days=1)]).floors[0].period_us == DAY_US
    assert in_force([rule(), rule(enabled=False)]).floors == ()


@pytest.mark.parametrize(
    "covering",
    [
        {"everything": True},
        {"decisions": [str(UUID(bytes=A))]},
        {"uses": ["credit"]},
        {"cases": [str(UUID(bytes=B))]},
    ],
)
def test_a_hold_beats_every_date_until_it_is_released(covering):
    placed = hold(**covering)
    about = held(case_id=B)
    found = duty(in_force([placed]), about, now_us=NOW * 100)
    assert found is not None
    assert found.until_us is None
    released = event("hold.released", at=1, hold="h")
    assert duty(in_force([placed, released]), about, now_us=NOW) is None


def test_a_hold_covers_nothing_else():
    placed = hold(decisions=[str(UUID(bytes=A))])
    assert duty(in_force([placed]), held(B), now_us=NOW) is None


def test_a_ceiling_makes_due_and_forbids_nothing():
    rules = in_force([rule(bound="ceiling", period_days=10)])
    assert duty(rules, held(), now_us=NOW) is None
    assert is_due(rules.ceilings[0], held(), now_us=NOW)
    assert not is_due(rules.ceilings[0], held(), now_us=NOW - 1)


def test_a_plan_keeps_what_a_duty_covers_and_lets_the_rest_go():
    rules = in_force([hold(decisions=[str(UUID(bytes=A))])])
    plan = planned([b"k" * 16], [held(A), held(B)], (), rules, NOW)
    assert [item.decision_id for item in plan.deleted] == [B]
    assert [item.held.decision_id for item in plan.duties] == [A]
    assert plan.key_ids == (b"k" * 16,)


def test_a_plan_that_deletes_nothing_destroys_no_key():
    rules = in_force([hold(everything=True)])
    plan = planned([b"k" * 16], [held(A)], (), rules, NOW)
    assert (plan.deleted, plan.key_ids) == ((), ())
