"""The rules themselves: each says what it means, and is written as rules are."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ledger.errors import InvalidEventError, NotFoundError
from projections.controls import rulebook
from projections.controls.rulebook import (
    chosen_rules,
    rule_named,
    rules,
    set_parameters,
)
from projections.controls.settings import RuleSetting, in_force
from projections.golden.faults import cases


@pytest.mark.parametrize("name", rules())
def test_a_rule_says_what_it_means_and_what_to_do(name: str) -> None:
    rule = rules()[name]
    assert len(rule.title) <= 80
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert rule.means.endswith(".")
    assert rule.do.endswith(".")
    assert rule.provision
    forbidden = r"compliant|tampering proved|four.eyes|GDPR.erased"
    words = f"{rule.title} {rule.means} {rule.do}"
    assert not re.search(forbidden, words, re.IGNORECASE)


def test_no_story_is_told_for_a_rule_that_is_not_there() -> None:
    assert {case.rule for case in cases()} <= set(rules())


def test_a_rule_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(NotFoundError) as raised:
        rule_named("silent-streem")
    assert "silent-stream" in raised.value.hint
    assert chosen_rules(["silent-stream"]) == [rules()["silent-stream"]]
    assert len(chosen_rules(None)) == len(rules())


def test_parameters_keep_the_type_of_their_default() -> None:
    rule = rules()["silent-stream"]
    assert set_parameters(rule, {"hours": "12"})["hours"] == 12
    assert set_parameters(rule, {"hours": "1.5"})["hours"] == 1.5
    with pytest.raises(InvalidEventError, match="not a number"):
        set_parameters(rule, {"hours": "soon"})
    with pytest.raises(InvalidEventError, match="no parameter"):
        set_parameters(rule, {"hour": "12"})


def _setting(**said: Any) -> RuleSetting:
    blank: dict[str, Any] = dict.fromkeys(RuleSetting.__dataclass_fields__)
    return RuleSetting(**{**blank, "enabled": True, "parameters": {}, **said})


def test_the_newest_setting_counts_and_one_system_may_differ() -> None:
    rule = rules()["silent-stream"]
    setting = in_force(
        rule,
        {
            None: _setting(parameters={"hours": "24", "gone": "1"}),
            "lending": _setting(parameters={"hours": "6"}),
            "fraud": _setting(enabled=False),
        },
    )
    assert setting.parameters == {**rule.parameters, "hours": 24}
    assert setting.systems["lending"]["hours"] == 6
    assert setting.off == {"fraud"}
    texts = setting.as_texts()
    assert (texts["hours"], texts["lending/hours"]) == ("24", "6")
    assert texts["fraud/enabled"] == "false"


def test_a_setting_that_no_longer_fits_counts_as_its_default() -> None:
    rule = rules()["silent-stream"]
    setting = in_force(rule, {None: _setting(parameters={"hours": "soon"})})
    assert setting.parameters == rule.parameters


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ({"severity": "grave"}, "severity"),
        ({"do": ""}, "do is missing"),
        ({"hint": "x"}, "hint is unknown"),
        ({"title": "x" * 81}, "title is too long"),
    ],
)
def test_a_description_that_says_something_else_is_refused(
    head: dict[str, str], complaint: str
) -> None:
    whole = {
        "title": "t",
        "severity": "low",
        "means": "m",
        "do": "d",
        "object": "model",
    }
    with pytest.raises(Exception, match=complaint):
        rulebook._check("x", {**whole, **head})
