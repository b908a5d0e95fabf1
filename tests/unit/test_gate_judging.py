"""A gate is judged by what is recorded, and says what did not count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.registry.answers import Approval
from projections.registry.gate_judging import Verdict, judge

DEPLOYED = datetime(2026, 3, 2, tzinfo=UTC)
BEFORE, AFTER = DEPLOYED - timedelta(days=1), DEPLOYED + timedelta(days=1)
LATER = DEPLOYED + timedelta(days=30)
GATE: dict[str, Any] = {"gate": "production", "approvals": 1, "evidence": []}
ANA, BELA = "person:ana", "person:bela"


def approval(identity: str = BELA, **changes: Any) -> Approval:
    """A decision that counts, unless it is changed."""
    nothing = dict.fromkeys(
        (
            *("object_id", "gate", "content_digest", "expires", "mandate", "issuer"),
            *("auth_time", "request_id", "requested_of", "requested_at", "revoked_at"),
            *("org_unit_differs", "line_of_defence"),
        )
    )
    usual: dict[str, Any] = {
        "event_id": UUID(int=1),
        "time": BEFORE,
        "sealed_at": BEFORE,
        "origin": "x/p0",
        "leaf": 0,
        "idx": 0,
        "identity": identity,
        "decision": "approve",
        "meaning": "approval",
        "conditions": [],
        "signature_kind": "person_key",
        "identity_kind": "person",
        "matches": True,
        "mandate_valid": True,
        "approver_among_recorded_authors": "no",
    }
    return Approval(**(nothing | usual | changes))


def judged(*approvals: Approval, **changes: Any) -> Verdict:
    gate = GATE | changes.pop("gate", {})
    usual: dict[str, Any] = {
        "evidence": [],
        "exceptions": [],
        "deployed_at": DEPLOYED,
        "due": None,
        "moment": LATER,
    }
    return judge(gate, approvals=approvals, **(usual | changes))


def test_a_second_person_within_the_mandate_meets_it():
    found = judged(approval())
    assert (found.status, found.approved_by) == ("met", [BELA])
    assert (found.second_person, found.mandate_valid) == ("yes", True)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"decision": "reject"}, "decided reject"),
        ({"meaning": "review"}, "signed for review"),
        ({"matches": False}, "another digest"),
        ({"expires": BEFORE}, "had expired"),
        ({"revoked_at": BEFORE}, "had been revoked"),
        ({"mandate_valid": False}, "no mandate"),
        ({"approver_among_recorded_authors": "yes"}, "no second person recorded"),
    ],
)
def test_what_does_not_count_is_said(changes, why):
    found = judged(approval(**changes))
    assert (found.status, found.approved_by) == ("unmet", [])
    assert why in found.notes[0]


def test_an_approval_after_the_deployment_is_too_late():
    assert judged(approval(time=AFTER)).status == "unmet"
    assert judged(approval(time=AFTER), due=LATER).status == "met afterwards"


def test_the_newest_decision_of_a_person_counts():
    rejected = approval(decision="reject")
    assert judged(rejected, approval()).status == "unmet"
    assert judged(approval(), rejected).status == "met"


def test_two_persons_are_two_and_one_person_twice_is_one():
    two = {"gate": {"approvals": 2}}
    assert judged(approval(), approval(), **two).status == "unmet"
    assert judged(approval(), approval(ANA), **two).status == "met"


def test_whether_they_are_an_author_may_be_unknown():
    found = judged(approval(approver_among_recorded_authors="unknown"))
    assert (found.status, found.second_person) == ("unknown", "unknown")


def test_mandates_that_are_not_recorded_do_not_fail_it():
    found = judged(approval(mandate_valid=None))
    assert (found.status, found.mandate_valid) == ("met", None)


def test_evidence_that_must_exist():
    needs = {"gate": {"evidence": ["evaluation.test.completed"]}}
    found = judged(approval(), **needs)
    assert found.status == "unmet"
    assert found.missing_evidence == ["evaluation.test.completed"]
    evidence = ["evaluation.test.completed"]
    assert judged(approval(), evidence=evidence, **needs).status == "met"


def test_an_emergency_is_due_then_overdue():
    assert judged(due=AFTER, moment=DEPLOYED).status == "due"
    assert judged(due=AFTER, moment=LATER).status == "overdue"
    assert judged(approval(time=LATER), due=AFTER, moment=LATER).status == "overdue"


def test_an_exception_stands_for_an_unmet_gate_alone():
    one = {"policy": "production", "exception": "EX-1", "control": "by hand"}
    found = judged(exceptions=[one])
    assert (found.status, found.compensating_control) == ("excepted", "by hand")
    assert judged(approval(), exceptions=[one]).exception is None
    other = one | {"policy": "another"}
    assert judged(exceptions=[other]).status == "unmet"


def test_it_lapses_when_too_few_approvals_hold():
    ending = approval(expires=AFTER)
    assert judged(ending).lapsed_at == AFTER
    assert judged(ending, moment=DEPLOYED).lapsed_at is None
    assert judged(ending, approval(ANA)).lapsed_at is None
    assert judged(approval(revoked_at=AFTER)).lapsed_at == AFTER


def test_no_approvals_needed_is_met_by_evidence_alone():
    assert judged(gate={"approvals": 0}).status == "met"
