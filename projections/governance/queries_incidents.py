"""What happened in an incident, and whether authorities were told in time (Q13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ledger.errors import NotFoundError
from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.governance"
_OPENED = "incident.case.opened"
_UPDATED = "incident.case.updated"
_SENT = "incident.report.sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCase(Evidence):
    """An incident as it is known.

    Attributes:
        aware_at: when it became known; the clocks run from here.
        causal_link_at: when a causal link was established or reasonably likely.
        category: kind of harm, by its provision.
    """

    FILLED: ClassVar[Filled] = filled(
        _OPENED,
        severity=by(_OPENED, "severity_id"),
        category=by(_OPENED, "category_id"),
        causal_link_at=by(_UPDATED, "causal_id"),
        closed_at=by("incident.case.closed", "end_id"),
        outcome=by("incident.case.closed", "end_id"),
    )
    incident: str
    title: str
    occurred_at: datetime | None
    aware_at: datetime
    member_states: list[str]
    severity: str
    severity_id: UUID
    category: str | None
    category_id: UUID
    causal_link_at: datetime | None
    causal_id: UUID | None
    releases: list[UUID] | None
    end_id: UUID | None
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStep(Evidence):
    """One thing that happened; changes: it changed what runs."""

    FILLED: ClassVar[Filled] = filled(
        _OPENED, step=derived(_OPENED), changes=derived(_OPENED)
    )
    happened_at: datetime
    step: str
    detail: str | None
    changes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport(Evidence):
    """A report to an authority."""

    FILLED: ClassVar[Filled] = filled(_SENT)
    authority: str
    kind: str
    sent_at: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time limit for telling the authorities, from when the incident became known.

    Attributes:
        provision: where it stands.
        days: its length.
        applies: yes, no or unknown, by the category that is recorded.
        state: met, missed, running, overdue or does_not_apply.
    """

    FILLED: ClassVar[Filled] = computed(
        _OPENED, first_report=by(_SENT, "report_id"), state=derived(_SENT)
    )
    provision: str
    days: int
    applies: str
    due: datetime
    report_id: UUID | None
    first_report: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTimeline:
    """An incident, its clocks, and what happened in order.

    Attributes:
        changed_before_report: steps that changed what runs before the first report;
            whether that altered the system is for a person to judge.
    """

    FILLED: ClassVar[Filled] = computed(_OPENED, changed_before_report=derived(_SENT))
    incident: IncidentCase
    clocks: tuple[Clock, ...]
    changed_before_report: int
    steps: tuple[IncidentStep, ...]


def incident_timeline(
    connection: Connection, incident: str, *, now: datetime, bounds: Bounds = ALWAYS
) -> IncidentTimeline:
    """Return what happened in an incident, and whether its clocks were met (Q13).

    Raises:
        NotFoundError: no such incident is recorded.
    """
    case = ask_one(
        connection, _PACKAGE, "incident_case", IncidentCase, bounds, incident=incident
    )
    if case is None:
        raise NotFoundError(f"incident {incident}: not recorded, or not projected yet")
    steps = ask(
        connection,
        _PACKAGE,
        "incident_timeline",
        IncidentStep,
        bounds,
        incident=incident,
        releases=case.releases or [],
        begin=min(case.time, case.aware_at),
        closed_at=case.closed_at,
    )
    reports = ask(
        connection,
        _PACKAGE,
        "incident_reports",
        IncidentReport,
        bounds,
        incident=incident,
    )
    first = reports[0].sent_at if reports else None
    changes = [one for one in steps if one.changes]
    early = [one for one in changes if first is None or one.happened_at < first]
    return IncidentTimeline(
        incident=case,
        clocks=tuple(_clocks(case, reports, bounds.as_of or now)),
        changed_before_report=len(early),
        steps=tuple(steps),
    )


def _clocks(
    case: IncidentCase, reports: Sequence[IncidentReport], now: datetime
) -> list[Clock]:
    """Return the three time limits of EU AI Act, Article 73(2) to (4)."""
    limits = (
        ("73(2)", 15, "yes"),
        ("73(3)", 2, _is_wide(case)),
        ("73(4)", 10, _died(case)),
    )
    first = reports[0] if reports else None
    return [_clock(case, first, now, *limit) for limit in limits]


def _is_wide(case: IncidentCase) -> str:
    """Tell whether it is a widespread infringement or one of Article 3(49)(b)."""
    text = (case.category or "").lower()
    if "49)(b)" in text or "widespread" in text:
        return "yes"
    return "no" if text else "unknown"


def _died(case: IncidentCase) -> str:
    """Tell whether somebody died: Article 3(49)(a) alone leaves it open."""
    text = (case.category or "").lower()
    if "death" in text:
        return "yes"
    return "no" if text and "49)(a)" not in text else "unknown"


def _clock(
    case: IncidentCase,
    first: IncidentReport | None,
    now: datetime,
    article: str,
    days: int,
    applies: str,
) -> Clock:
    due = case.aware_at + timedelta(days=days)
    late = (first.sent_at if first else now) > due
    states = ("overdue", "running") if first is None else ("missed", "met")
    return Clock(
        provision=f"EU AI Act, Article {article}",
        days=days,
        applies=applies,
        due=due,
        report_id=first and first.event_id,
        first_report=first and first.sent_at,
        state="does_not_apply" if applies == "no" else states[0 if late else 1],
    )
