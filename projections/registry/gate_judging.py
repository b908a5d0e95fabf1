"""Judge one gate of one deployment from its approvals; pure, no database here.

What counts is the newest decision of each person at the gate, if it is bound to the
release's own digest, approves in the meaning of approval or responsibility, held when
the release was deployed, came from nobody among the recorded authors, and was within
the person's mandate where mandates are recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from projections.registry.answers import Approval

_PASSES = frozenset({"approve", "conditional"})
_MEANS = frozenset({"approval", "responsibility"})
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a gate; its fields are those of ``GateCheck``."""

    status: str
    approved_by: Sequence[str] = ()
    second_person: str | None = None
    mandate_valid: bool | None = None
    lapsed_at: datetime | None = None
    due: datetime | None = None
    exception: str | None = None
    compensating_control: str | None = None
    missing_evidence: Sequence[str] = ()
    notes: Sequence[str] = ()
    approval_ids: Sequence[UUID] = ()


def judge(
    gate: Mapping[str, Any],
    *,
    approvals: Sequence[Approval],
    evidence: Sequence[str],
    exceptions: Sequence[Mapping[str, Any]],
    deployed_at: datetime,
    due: datetime | None,
    moment: datetime,
) -> Verdict:
    """Return what became of a gate.

    Args:
        gate: ``gate``, ``approvals`` (how many are needed) and ``evidence``.
        approvals: decisions about the release at this gate, newest first.
        evidence: event types that are recorded for the release or its version.
        exceptions: those in force for the deployment.
        deployed_at: when the release was deployed.
        due: in an emergency, until when it must be approved; otherwise None.
        moment: the time that is asked for.
    """
    needed = int(gate["approvals"])
    absent = [name for name in gate["evidence"] if name not in evidence]
    before = [one for one in approvals if one.time <= deployed_at]
    counted, notes = _counted(before, at=deployed_at)
    status = _status(counted, needed, absent)
    if status not in {"met", "unknown"} and due is not None:
        timely = [one for one in approvals if one.time <= due]
        later, notes = _counted(timely, at=max(deployed_at, min(due, moment)))
        status = _afterwards(later, needed, absent, due=due, moment=moment)
        counted = later
    verdict = replace(
        _described(status, counted, needed, moment),
        due=due,
        missing_evidence=absent,
        notes=notes,
        approval_ids=[one.event_id for one in approvals],
    )
    return _with_exception(verdict, gate["gate"], exceptions)


def _counted(
    approvals: Sequence[Approval], *, at: datetime
) -> tuple[list[Approval], list[str]]:
    """Return the newest decision of each person that counts, and why others do not."""
    counted: list[Approval] = []
    notes: list[str] = []
    seen: set[str] = set()
    for one in approvals:
        if one.identity in seen:
            continue
        seen.add(one.identity)
        reason = _objection(one, at)
        if reason:
            notes.append(f"{one.identity}: {reason}")
        else:
            counted.append(one)
    return counted, notes


def _objection(one: Approval, at: datetime) -> str | None:
    """Return why an approval does not count, or None."""
    checks = (
        (one.decision not in _PASSES, f"decided {one.decision}"),
        (one.meaning not in _MEANS, f"signed for {one.meaning}, not for approval"),
        (not one.matches, "approved another digest than the release's"),
        (one.expires is not None and one.expires <= at, "had expired"),
        (one.revoked_at is not None and one.revoked_at <= at, "had been revoked"),
        (one.mandate_valid is False, "no mandate for this gate at that time"),
        (
            one.approver_among_recorded_authors == "yes",
            "is among the recorded authors: no second person recorded",
        ),
    )
    return next((text for fails, text in checks if fails), None)


def _status(counted: Sequence[Approval], needed: int, absent: Sequence[str]) -> str:
    if absent or len(counted) < needed:
        return "unmet"
    sure = [one for one in counted if one.approver_among_recorded_authors == "no"]
    return "met" if len(sure) >= needed else "unknown"


def _afterwards(
    counted: Sequence[Approval],
    needed: int,
    absent: Sequence[str],
    *,
    due: datetime,
    moment: datetime,
) -> str:
    status = _status(counted, needed, absent)
    if status == "met":
        return "met afterwards"
    if status == "unknown":
        return status
    return "due" if moment <= due else "overdue"


def _described(
    status: str, counted: Sequence[Approval], needed: int, moment: datetime
) -> Verdict:
    words = {one.approver_among_recorded_authors for one in counted}
    mandates = {one.mandate_valid for one in counted}
    return Verdict(
        status,
        approved_by=[one.identity for one in counted],
        second_person=_second_person(words),
        mandate_valid=mandates == {True} if mandates and None not in mandates else None,
        lapsed_at=_lapsed(counted, needed, moment),
    )


def _second_person(words: set[str]) -> str | None:
    if not words:
        return None
    return "yes" if words == {"no"} else "unknown"


def _lapsed(
    counted: Sequence[Approval], needed: int, moment: datetime
) -> datetime | None:
    """Return from when fewer approvals hold than are needed; None while enough do."""
    ends = sorted(
        min(one.expires or _NEVER, one.revoked_at or _NEVER) for one in counted
    )
    spare = len(ends) - needed
    if needed == 0 or spare < 0:
        return None
    return ends[spare] if ends[spare] <= moment else None


def _with_exception(
    verdict: Verdict, gate: str, exceptions: Sequence[Mapping[str, Any]]
) -> Verdict:
    found = next((one for one in exceptions if one["policy"] == gate), None)
    if found is None or verdict.status in {"met", "met afterwards"}:
        return verdict
    return replace(
        verdict,
        status="excepted",
        exception=found["exception"],
        compensating_control=found["control"],
    )
