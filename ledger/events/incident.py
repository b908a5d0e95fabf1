"""Incidents: what went wrong, who was told, what was done (EU AI Act, Article 73)."""

from pydantic import Field

from ledger.events.base import FullEvent, event
from ledger.events.common import Severity
from ledger.events.types import Digest, Id, Line, Name, Symbol, Text, Time


@event("incident.case.opened")
class CaseOpened(FullEvent):
    """An incident became known."""

    incident: Name = Field(description="number of the incident, never reused")
    title: Text = Field(description="what happened, in short")
    severity: Severity = Field(description="how grave it is")
    occurred_at: Time | None = Field(None, description="when it happened")
    aware_at: Time = Field(description="when it became known; clocks run from here")
    category: Text | None = Field(None, description="kind of harm, by its provision")
    releases: list[Id] = Field(
        default_factory=list[bytes], description="releases involved"
    )
    member_states: list[Text] = Field(
        default_factory=list[str], description="countries touched, ISO 3166"
    )


@event("incident.case.updated")
class CaseUpdated(FullEvent):
    """More became known about an incident."""

    incident: Name = Field(description="number of the incident")
    severity: Severity | None = Field(None, description="how grave it is now")
    causal_link_at: Time | None = Field(
        None, description="when a causal link was established or reasonably likely"
    )
    category: Text | None = Field(None, description="kind of harm, by its provision")
    releases: list[Id] = Field(
        default_factory=list[bytes], description="further releases involved"
    )
    note: Line | None = Field(None, description="what became known")


@event("incident.case.closed")
class CaseClosed(FullEvent):
    """An incident was closed."""

    incident: Name = Field(description="number of the incident")
    outcome: Line = Field(description="what it came to")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="events that show it"
    )


class ReportKind(Symbol):
    """Which report it is."""

    UNKNOWN = "unknown"
    INITIAL = "initial"
    COMPLETE = "complete"


@event("incident.report.sent")
class ReportSent(FullEvent):
    """An authority was told of an incident."""

    incident: Name = Field(description="number of the incident")
    authority: Name = Field(description="who was told")
    kind: ReportKind = Field(description="which report it is")
    sent_at: Time = Field(description="when")
    due: Time | None = Field(None, description="when it was due")
    document: Digest | None = Field(None, description="digest of the report")


@event("incident.action.taken")
class ActionTaken(FullEvent):
    """Something was done about an incident."""

    incident: Name = Field(description="number of the incident")
    action: Name = Field(description="what kind, such as stop, restrict or notify")
    description: Line = Field(description="what was done")
    taken_at: Time = Field(description="when")
    by: Text | None = Field(None, description="pseudonym of who did it")
