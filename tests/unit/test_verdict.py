"""Verdicts: each code, the order among them, and what they do to a stream."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.control import Control
from ledger.entry import parse_entry
from ledger.judgement import Verdict
from ledger.verdict import RULES, MemoryStreams, judge
from tests.support.golden_entries import FOLDER
from tests.support.ledgers import NAME, Judge, Stream, decision, signer
from tests.support.verdict_cases import BEFORE, CASES, Step, control_values

VECTORS = [
    p for p in sorted((FOLDER / "verdict").glob("*.json")) if p.stem != "control"
]


def named(path: Path) -> str:
    return path.stem


def control() -> Control:
    folded = Control()
    for leaf, value in enumerate(control_values()):
        folded.apply(leaf, parse_entry(value))
    return folded


CONTROL = control()


@pytest.mark.parametrize("path", VECTORS, ids=named)
def test_verdict_vector(path: Path) -> None:
    vector = json.loads(path.read_text(encoding="utf-8"))
    judging = Judge(CONTROL, origin=vector["origin"])
    for record in vector["records"]:
        value = record["value"]
        if isinstance(value, dict):
            value = bytes.fromhex(value["repeat"]) * value["times"]
        elif value is not None:
            value = bytes.fromhex(value)
        found = judging(value, at=record["registry_size"])
        assert (found.verdict, found.aux) == (record["verdict"], record["aux"])


def test_the_control_vector_is_accepted_whole() -> None:
    text = (FOLDER / "verdict" / "control.json").read_text(encoding="utf-8")
    judging = Judge(Control(), origin=f"{NAME}/control")
    for value in json.loads(text)["control"]:
        assert judging(bytes.fromhex(value)).verdict == Verdict.ACCEPTED
    assert judging.control.keys() == CONTROL.keys()


def test_the_cases_reach_every_verdict_but_the_gap() -> None:
    reached = {step.verdict for case in CASES for step in case.steps()}
    assert reached == set(Verdict) - {Verdict.GAP}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_facts_of_later_control_leaves_do_not_count(case: Any) -> None:
    """Judged with the control log cut off at the pinned size, nothing changes."""
    streams = MemoryStreams()
    for leaf, step in enumerate(case.steps()):
        cut = Control()
        for index, value in enumerate(control_values()[: step.registry_size]):
            cut.apply(index, parse_entry(value))
        whole, short = (
            judge(
                step.value,
                origin=case.origin,
                log_id=sha256(case.origin.encode()).digest(),
                streams=streams,
                control=registry,
                registry_size=step.registry_size,
            )
            for registry in (CONTROL, cut)
        )
        assert (whole.verdict, whole.aux) == (short.verdict, short.aux)
        streams.apply(whole, leaf)


def test_each_rule_has_a_case_that_only_it_decides() -> None:
    """Leaving a rule out changes the verdict of some record of the cases."""
    import ledger.verdict as module

    whole = module.RULES
    for left_out in range(len(whole)):
        rules = whole[:left_out] + whole[left_out + 1 :]
        assert any(_differs(case, rules) for case in CASES), RULES[left_out].__name__


def _differs(case: Any, rules: Any) -> bool:
    import ledger.verdict as module

    judging = Judge(CONTROL, origin=case.origin)
    whole, module.RULES = module.RULES, rules
    try:
        return any(
            judging(step.value, at=step.registry_size).verdict != step.verdict
            for step in case.steps()
        )
    finally:
        module.RULES = whole


STREAM = Stream(signer("a"))
OPENING = STREAM.open()
VALUE = STREAM.data(*(decision(number) for number in range(3)))


@given(st.integers(0, len(VALUE) - 1), st.integers(1, 255))
def test_no_altered_record_is_accepted(at: int, mask: int) -> None:
    judging = Judge(CONTROL)
    judging(OPENING, at=BEFORE)
    altered = VALUE[:at] + bytes([VALUE[at] ^ mask]) + VALUE[at + 1 :]
    assert judging(altered, at=BEFORE).verdict.is_quarantine
    assert judging(VALUE, at=BEFORE).verdict == Verdict.ACCEPTED


@given(st.lists(st.integers(0, 5), max_size=12))
def test_in_any_order_a_stream_is_accepted_once_each_and_in_sequence(
    order: list[int],
) -> None:
    stream = Stream(signer("a"))
    values = [stream.open(), *(stream.data() for _ in range(5))]
    judging, accepted = Judge(CONTROL), list[int]()
    for number in order:
        found = judging(values[number], at=BEFORE)
        if found.verdict == Verdict.ACCEPTED:
            accepted.append(number)
        elif number in accepted:
            assert found.verdict == Verdict.DUPLICATE
        else:
            assert (found.verdict, found.aux) == (Verdict.SEQ_GAP, len(accepted))
    assert accepted == list(range(len(accepted)))


def test_judging_changes_nothing() -> None:
    judging = Judge(CONTROL)
    judging(OPENING, at=BEFORE)
    step = Step(VALUE, Verdict.ACCEPTED)
    results = [
        judge(
            step.value,
            origin=judging.origin,
            log_id=sha256(judging.origin.encode()).digest(),
            streams=judging.streams,
            control=CONTROL,
            registry_size=BEFORE,
        ).verdict
        for _ in range(2)
    ]
    assert results == [Verdict.ACCEPTED] * 2


def test_only_accepted_entries_move_a_head() -> None:
    judging = Judge(CONTROL)
    judging(OPENING, at=BEFORE)
    header = parse_entry(OPENING).header
    before = judging.streams.head(header.key_fp, header.stream_id)
    judging(OPENING, at=BEFORE)
    judging(None, at=BEFORE)
    judging(STREAM.data(), at=BEFORE)
    assert judging.streams.head(header.key_fp, header.stream_id) == before
    judging(VALUE, at=BEFORE)
    after = judging.streams.head(header.key_fp, header.stream_id)
    assert after is not None
    assert (after.next_seq, after.head_leaf, after.state) == (2, 4, "open")
    assert after.head_hash == parse_entry(VALUE).header_hash


def test_quarantine_begins_at_16() -> None:
    good = {verdict for verdict in Verdict if not verdict.is_quarantine}
    assert good == {Verdict.ACCEPTED, Verdict.DUPLICATE}
