"""What a list of steps comes to."""

from __future__ import annotations

import pytest

from ledger.errors import (
    IntegrityError,
    MalformedError,
    MissingEvidenceError,
    SignatureError,
)
from ledger.log import CONTROL, MANIFEST
from ledger.verification import Step, exit_code
from ledger.verification.findings import LISTED, Findings
from ledger.verification.places import at, partition_of
from ledger.verification.steps import SUSPECT, held, step_of

GOOD = held("a", "fine")
SUSPICIOUS = Step("b", "verified", "fine, but", code=SUSPECT)
FAILED = step_of("c", IntegrityError("no", place="here", expected="1", actual="2"))
MISSING = step_of("d", MissingEvidenceError("gone", place="there"))


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        ([], 0),
        ([GOOD], 0),
        ([GOOD, SUSPICIOUS], 13),
        ([SUSPICIOUS, MISSING], 6),
        ([MISSING, FAILED, SUSPICIOUS, GOOD], 5),
        ([FAILED], 5),
    ],
)
def test_a_contradiction_outweighs_absence_and_absence_suspicion(steps, code):
    assert exit_code(steps) == code


def test_a_step_carries_the_facts_of_its_error():
    wanted = Step("c", "failed", "no", "here", "1", "2", "LDG-V002")
    assert wanted == FAILED
    assert (MISSING.status, MISSING.code) == ("not_checked", "LDG-V005")
    assert step_of("e", MalformedError("x")).status == "failed"
    assert step_of("e", SignatureError("x")).code == "LDG-V004"
    assert step_of("e", MalformedError("x")).place is None


def test_findings_are_listed_up_to_a_limit_and_counted_beyond():
    findings = Findings("n")
    for _ in range(LISTED + 5):
        findings.add(IntegrityError("x"))
    findings.add(MissingEvidenceError("y"))
    steps = findings.steps("unused")
    assert len(steps) == LISTED + 2
    assert steps[-1].detail == "and 5 more"
    assert exit_code(steps) == 5


def test_without_findings_one_step_holds():
    findings = Findings("n")
    with findings.collected():
        pass
    assert not findings
    assert findings.steps("all of it") == [held("n", "all of it")]


def test_an_error_keeps_the_place_it_names_and_gets_one_otherwise():
    for own, expected in (("own", "own"), ("", "given")):
        with pytest.raises(IntegrityError) as caught, at("given"):
            raise IntegrityError("x", place=own)
        assert caught.value.place == expected


@pytest.mark.parametrize(
    ("origin", "partition"),
    [("a/control", CONTROL), ("a/manifest", MANIFEST), ("a/p0", 0), ("a.b/p12", 12)],
)
def test_the_partition_of_an_origin(origin, partition):
    assert partition_of(origin) == partition


@pytest.mark.parametrize(
    "origin", ["a", "a/p", "a/p01", "a/p-1", "a/x0", "a/p0/e0", "a/control/e1"]
)
def test_what_is_no_origin_has_no_partition(origin):
    with pytest.raises(MalformedError):
        partition_of(origin)


def test_what_is_not_established_is_no_finding():
    """A manifest that has not come yet neither fails nor is missing."""
    step = Step("manifest", "not_established", "not in a manifest yet")
    assert not step.is_finding
    assert exit_code([step]) == 0
    assert exit_code([step, MISSING]) == 6
