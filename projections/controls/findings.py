"""A finding from its opening to its end: what may follow what. No database here.

::

    opened ──► open ──► acknowledged ──► closed ──► reopened: open again
                 └────────────────────────┘

Whatever its origin (a control, a validation, an audit, an examiner, an incident), a
finding lives the same life. What was recorded although it may not follow is kept and
shown as out of order; what somebody is about to record is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

FINAL = {"false_positive"}
"""Reasons after which a finding stays closed though its rule still finds it."""


class State(StrEnum):
    """Where a finding is."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Move(StrEnum):
    """What is recorded of a finding; the verbs of its events."""

    OPENED = "opened"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    REOPENED = "reopened"


_UNDER_WAY = {State.OPEN, State.ACKNOWLEDGED}
_MAY: dict[Move, set[State]] = {  # what may follow in which state
    Move.OPENED: set(),
    Move.UPDATED: _UNDER_WAY,
    Move.ACKNOWLEDGED: _UNDER_WAY,
    Move.CLOSED: _UNDER_WAY,
    Move.REOPENED: {State.CLOSED},
}
_LEADS_TO = {
    Move.OPENED: State.OPEN,
    Move.ACKNOWLEDGED: State.ACKNOWLEDGED,
    Move.CLOSED: State.CLOSED,
    Move.REOPENED: State.OPEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFact:
    """One recorded event of a finding; a row of ``finding_facts.sql``.

    Attributes:
        finding: key of the finding.
        move: what was recorded.
        event_id, time, sealed_at, identity, system_id: of the event.
        finding_origin: who found it.
        rule, rule_digest: the rule that found it, if one did.
        severity: how much it matters, where the event says so.
        object_id, object_name, model: what is not as it should be.
        cause: what is wrong, or why it was reopened.
        evidence: events that show it.
        owner, due: who takes care of it, and until when.
        reason, closer, until: why it was closed, by whom, how long a risk is borne.
        note: anything else.
    """

    finding: str
    move: str
    event_id: UUID
    time: datetime
    sealed_at: datetime
    identity: str
    system_id: str | None
    finding_origin: str | None
    rule: str | None
    rule_digest: str | None
    severity: str | None
    object_id: UUID | None
    object_name: str | None
    model: str | None
    cause: str | None
    evidence: list[UUID] | None
    owner: str | None
    due: datetime | None
    reason: str | None
    closer: str | None
    until: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding as the facts up to some moment make it.

    Attributes:
        finding, state: its key, and where it is.
        origin, rule, rule_digest: who found it, and the rule, if one did.
        severity: how much it matters now.
        system_id, object_id, object_name, model: what is not as it should be.
        cause: what is wrong, in one sentence.
        opened_at: when it was first opened.
        opened: how often it was opened, reopenings included.
        owner, due: who takes care of it, and until when; None as long as nobody does.
        closed_at, reason, closer, until: of its newest closing, else None.
        closer_is_owner: whether who closed it also took care of it; None as long as it
            is not closed, or where it had no owner.
        evidence: events that show it.
        events: its own events, in order.
        out_of_order: those of them that may not follow what was before them.
    """

    finding: str
    state: State
    origin: str
    rule: str | None
    rule_digest: str | None
    severity: str
    system_id: str | None
    object_id: UUID | None
    object_name: str | None
    model: str | None
    cause: str
    opened_at: datetime
    opened: int = 1
    owner: str | None = None
    due: datetime | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    closer: str | None = None
    until: datetime | None = None
    closer_is_owner: bool | None = None
    evidence: tuple[UUID, ...] = ()
    events: tuple[UUID, ...] = ()
    out_of_order: tuple[UUID, ...] = ()

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been closed by then."""
        is_open = self.state is not State.CLOSED
        return is_open and self.due is not None and self.due < now

    def may_come_back(self, now: datetime) -> bool:
        """Tell whether it is reopened when its rule finds it again.

        A false positive stays closed, and an accepted risk for as long as it was
        accepted.
        """
        if self.state is not State.CLOSED or self.reason in FINAL:
            return False
        borne = self.reason == "accepted_risk"
        return not borne or (self.until is not None and self.until <= now)


def key_of(rule: str, thing: str, detail: str) -> str:
    """Return the key of a finding: the same breach has the same key.

    Args:
        rule: id of the rule.
        thing: id of the object in UUID text form, or its name where it has none.
        detail: what distinguishes two breaches of one object.
    """
    text = "\n".join((rule, thing, detail))
    return sha256(text.encode()).hexdigest()[:32]


def folded(facts: Iterable[FindingFact]) -> dict[str, Finding]:
    """Return findings by key from their facts, which come in order of their time."""
    found: dict[str, Finding] = {}
    for fact in facts:
        before = found.get(fact.finding)
        if after := _after(before, fact):
            found[fact.finding] = after
    return found


def require(finding: Finding | None, key: str, move: Move) -> None:
    """Refuse what may not follow.

    Args:
        finding: as it is now, or None where there is none of that key.
        key: its key.
        move: what is about to be recorded.

    Raises:
        NotFoundError: no finding has that key.
        ConflictError: it is not in a state in which that may be.
    """
    if finding is None:
        if move is not Move.OPENED:
            raise NotFoundError(f"{key}: no such finding", hint="mlledger finding ls")
        return
    if finding.state not in _MAY[move]:
        raise ConflictError(
            f"finding {key} is {finding.state}: it cannot be {move}",
            hint=_HINTS[move],
        )


_HINTS = {
    Move.OPENED: "it is there already; one that came back is reopened",
    Move.UPDATED: "reopen it first: mlledger finding reopen",
    Move.ACKNOWLEDGED: "reopen it first: mlledger finding reopen",
    Move.CLOSED: "it was closed before; see mlledger finding show",
    Move.REOPENED: "only a closed finding can be reopened",
}


def _after(finding: Finding | None, fact: FindingFact) -> Finding | None:
    """Return a finding after one more fact; facts without an opening make none."""
    move = Move(fact.move)
    if finding is None:
        return _opened(fact) if move is Move.OPENED else None
    events = (*finding.events, fact.event_id)
    if finding.state not in _MAY[move]:
        at_once = move is Move.OPENED and finding.state is not State.CLOSED
        disorder = finding.out_of_order + (() if at_once else (fact.event_id,))
        return replace(finding, events=events, out_of_order=disorder)
    changed = replace(
        finding,
        state=_LEADS_TO.get(move, finding.state),
        events=events,
        evidence=tuple(dict.fromkeys((*finding.evidence, *(fact.evidence or ())))),
    )
    return _CHANGES[move](changed, fact)


def _opened(fact: FindingFact) -> Finding:
    return Finding(
        finding=fact.finding,
        state=State.OPEN,
        origin=fact.finding_origin or "unknown",
        rule=fact.rule,
        rule_digest=fact.rule_digest,
        severity=fact.severity or "unknown",
        system_id=fact.system_id,
        object_id=fact.object_id,
        object_name=fact.object_name,
        model=fact.model,
        cause=fact.cause or "",
        opened_at=fact.time,
        due=fact.due,
        evidence=tuple(fact.evidence or ()),
        events=(fact.event_id,),
    )


def _updated(finding: Finding, fact: FindingFact) -> Finding:
    return replace(finding, severity=fact.severity or finding.severity)


def _acknowledged(finding: Finding, fact: FindingFact) -> Finding:
    return replace(finding, owner=fact.owner, due=fact.due)


def _closed(finding: Finding, fact: FindingFact) -> Finding:
    same = None if finding.owner is None else fact.closer == finding.owner
    return replace(
        finding,
        closed_at=fact.time,
        reason=fact.reason,
        closer=fact.closer,
        until=fact.until,
        closer_is_owner=same,
    )


def _reopened(finding: Finding, _fact: FindingFact) -> Finding:
    return replace(
        finding,
        opened=finding.opened + 1,
        closed_at=None,
        reason=None,
        closer=None,
        until=None,
        closer_is_owner=None,
    )


_CHANGES = {
    Move.UPDATED: _updated,
    Move.ACKNOWLEDGED: _acknowledged,
    Move.CLOSED: _closed,
    Move.REOPENED: _reopened,
}
