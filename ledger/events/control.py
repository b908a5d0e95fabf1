"""Control: rules that are checked, what they found, and what was done about it."""

from pydantic import Field

from ledger.events.base import FullEvent, Ref, event
from ledger.events.common import SealedSize, Severity
from ledger.events.types import (
    Count,
    Digest,
    Flag,
    Id,
    Int,
    Line,
    Name,
    Symbol,
    Text,
    Time,
)


@event("control.rule.set")
class RuleSet(FullEvent):
    """A rule was set, changed or switched off; the newest of a name counts."""

    rule: Name = Field(description="name of the rule")
    title: Text = Field(description="what it looks for, in short")
    severity: Severity = Field(description="how much its findings matter")
    digest: Digest = Field(description="digest of its query and description")
    parameters: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="its parameters"
    )
    system: Text | None = Field(None, description="for this AI system; none is all")
    enabled: Flag = Field(description="false switches it off")
    every_s: Count | None = Field(None, description="seconds between two checks")
    previous: Id | None = Field(None, description="setting it replaces")
    digest_before: Digest | None = Field(None, description="digest it had before")
    parameters_before: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="parameters it had before"
    )
    by: Text | None = Field(None, description="who changed it")
    reason: Text | None = Field(None, description="why")


@event("control.check.completed")
class CheckCompleted(FullEvent):
    """A rule was evaluated over the ledger as far as it was sealed."""

    rule: Name = Field(description="name of the rule")
    rule_digest: Digest = Field(description="digest of its query and description")
    parameters: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="parameters in force"
    )
    as_of: Time = Field(description="moment it was evaluated for")
    positions: list[SealedSize] = Field(description="how far each origin was read")
    positions_before: list[SealedSize] = Field(
        default_factory=list[SealedSize], description="the same at the check before"
    )
    population: Count = Field(description="how many objects were tested")
    found: Count = Field(description="how many of them broke the rule")
    opened: Count = Field(description="how many findings were new")
    findings: list[Name] = Field(
        default_factory=list[str], description="keys of the findings, at most 1,000"
    )
    duration_ms: Count = Field(description="how long it took")
    error: Line | None = Field(None, description="why it could not be evaluated")


class FindingOrigin(Symbol):
    """Who found it.

    control: a rule. validation: a validator. audit: an auditor. examiner: an
    authority. incident: an incident brought it to light.
    """

    UNKNOWN = "unknown"
    CONTROL = "control"
    VALIDATION = "validation"
    AUDIT = "audit"
    EXAMINER = "examiner"
    INCIDENT = "incident"


@event("control.finding.opened")
class FindingOpened(FullEvent):
    """Something is not as it should be: one finding, one cause."""

    finding: Name = Field(description="key: the same breach has the same key")
    origin: FindingOrigin = Field(description="who found it")
    rule: Text | None = Field(None, description="rule that found it")
    rule_digest: Digest | None = Field(None, description="digest of that rule")
    severity: Severity = Field(description="how much it matters")
    object: Id | None = Field(None, description="event of what is not as it should be")
    object_name: Text | None = Field(None, description="its name for people")
    model: Text | None = Field(None, description="model it belongs to")
    cause: Line = Field(description="what is wrong, in one sentence")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="events that show it"
    )
    due: Time | None = Field(None, description="until when it shall be mended")


@event("control.finding.updated")
class FindingUpdated(FullEvent):
    """More became known about a finding."""

    finding: Name = Field(description="key of the finding")
    severity: Severity | None = Field(None, description="how much it matters now")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="further events that show it"
    )
    note: Line | None = Field(None, description="what became known")


@event("control.finding.acknowledged")
class FindingAcknowledged(FullEvent):
    """Somebody took a finding on."""

    finding: Name = Field(description="key of the finding")
    owner: Name = Field(description="who takes care of it")
    due: Time = Field(description="until when")
    note: Line | None = Field(None, description="what will be done")


class Closing(Symbol):
    """Why a finding was closed.

    fixed: mended. declared: what was missing is recorded now. stopped: it no longer
    happens. false_positive: it was none. accepted_risk: it is borne until a day.
    """

    UNKNOWN = "unknown"
    FIXED = "fixed"
    DECLARED = "declared"
    STOPPED = "stopped"
    FALSE_POSITIVE = "false_positive"
    ACCEPTED_RISK = "accepted_risk"


@event("control.finding.closed")
class FindingClosed(FullEvent):
    """A finding was closed, with what shows that it may be."""

    finding: Name = Field(description="key of the finding")
    reason: Closing = Field(description="why")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="events that show it"
    )
    closer: Name = Field(description="who closed it")
    until: Time | None = Field(None, description="until when a risk is accepted")
    note: Line | None = Field(None, description="more of it")


@event("control.finding.reopened")
class FindingReopened(FullEvent):
    """A closed finding came back."""

    finding: Name = Field(description="key of the finding")
    reason: Line = Field(description="why")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="events that show it"
    )


class Delivery(Symbol):
    """What became of an alert.

    delivered: taken. failed: not taken, will be tried again. given_up: not taken, will
    not be tried again.
    """

    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


@event("control.alert.sent")
class AlertSent(FullEvent):
    """Somebody was told of an event over a route."""

    alert: Name = Field(description="id of the alert; the same in every attempt")
    route: Name = Field(description="name of the route in the configuration")
    channel: Name = Field(description="webhook, email or slack")
    about: Ref | None = Field(None, description="event it tells of")
    topic: Name = Field(description="what it tells of, such as finding or release")
    attempt: Int = Field(description="1 for the first")
    result: Delivery = Field(description="what became of it")
    status: Int | None = Field(None, description="HTTP or SMTP status")
    error: Line | None = Field(None, description="why it was not taken")
