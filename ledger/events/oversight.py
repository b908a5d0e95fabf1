"""Oversight: what persons and authorities ask for, and what they are answered."""

from pydantic import Field

from ledger.events.base import FullEvent, Ref, event
from ledger.events.types import (
    Bytes,
    Digest,
    Flag,
    Id,
    Name,
    Real,
    Symbol,
    Text,
    Time,
)


class RequestKind(Symbol):
    """What is asked for.

    access: a copy of what is held. contest: another look at a decision. explanation:
    why it was made. opt_out: no automated decision. erasure: deletion. authority: what
    a supervisor or court asks for.
    """

    UNKNOWN = "unknown"
    ACCESS = "access"
    CONTEST = "contest"
    EXPLANATION = "explanation"
    OPT_OUT = "opt_out"
    ERASURE = "erasure"
    AUTHORITY = "authority"


class RequestOutcome(Symbol):
    """What came of a request.

    granted: in full. partly: in part, with the reason. refused: with the reason.
    withdrawn: by who asked.
    """

    UNKNOWN = "unknown"
    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@event("oversight.request.received")
class RequestReceived(FullEvent):
    """Somebody asked for something; who it was stands in another system."""

    kind: RequestKind = Field(description="what is asked for")
    request: Name = Field(description="number of the request in the system that has it")
    received_at: Time = Field(description="when it arrived")
    due: Time | None = Field(None, description="when the answer is due")
    decision: Id | None = Field(None, description="decision it is about")
    case_id: Id | None = Field(None, description="random id of the case it is about")
    channel: Text | None = Field(None, description="how it arrived")


@event("oversight.request.answered")
class RequestAnswered(FullEvent):
    """A request was answered."""

    request: Id = Field(description="event of the request")
    outcome: RequestOutcome = Field(description="what came of it")
    answered_at: Time = Field(description="when the answer was given")
    provision: Text | None = Field(None, description="article or section for a refusal")
    evidence: list[Id] = Field(
        default_factory=list[bytes], description="events that show what was done"
    )
    document: Digest | None = Field(None, description="digest of the answer")


class ReviewAction(Symbol):
    """What a person did with a decision.

    confirm: let it stand. override: decided otherwise. modify: changed part of it.
    defer: left it open. disregard: did not use it.
    """

    UNKNOWN = "unknown"
    CONFIRM = "confirm"
    OVERRIDE = "override"
    MODIFY = "modify"
    DEFER = "defer"
    DISREGARD = "disregard"


@event("oversight.review.decided")
class ReviewDecided(FullEvent):
    """A person looked at a decision and acted on it."""

    decision: Id = Field(description="the decision")
    reviewer: Name = Field(description="pseudonym of the person")
    role: Text | None = Field(None, description="role in which they acted")
    group: Text | None = Field(None, description="team they belong to")
    action: ReviewAction = Field(description="what they did")
    final_output: Text | None = Field(None, description="class or bucket that counts")
    reason_code: Text | None = Field(None, description="why, as a code")
    opened_at: Time | None = Field(
        None, description="when they opened the case; none means they did not"
    )
    decided_at: Time = Field(description="when they decided")
    rationale_commitment: Bytes | None = Field(
        None, description="HMAC-SHA-256 over the reasons in words, under a fresh salt"
    )


@event("oversight.system.stopped")
class SystemStopped(FullEvent):
    """A person stopped a system or a deployment of it."""

    system: Name = Field(description="registered name of the system")
    deployment: Id | None = Field(None, description="this deployment alone")
    by: Text | None = Field(None, description="pseudonym of who stopped it")
    reason: Text = Field(description="why")


@event("oversight.system.resumed")
class SystemResumed(FullEvent):
    """A stopped system went on."""

    stop: Ref = Field(description="event of the stop")
    by: Text | None = Field(None, description="pseudonym of who let it go on")
    reason: Text = Field(description="why")


@event("oversight.stop.tested")
class StopTested(FullEvent):
    """It was tried whether the system can be stopped."""

    system: Name = Field(description="registered name of the system")
    passed: Flag = Field(description="whether it stopped as it should")
    seconds: Real | None = Field(None, ge=0, description="how long it took")
    document: Digest | None = Field(None, description="digest of the record")


@event("oversight.notice.sent")
class NoticeSent(FullEvent):
    """Somebody was told: of a decision, of the use of AI, of a withdrawal."""

    kind: Name = Field(description="pre_use, adverse, ai_interaction, withdrawal, …")
    recipient: Name = Field(description="kind of recipient, such as person or consumer")
    regime: Text | None = Field(None, description="law or policy that asks for it")
    decision: Id | None = Field(None, description="decision it is about")
    about: Id | None = Field(None, description="other event it is about")
    reasons: list[Text] = Field(
        default_factory=list[str], description="codes of the reasons given"
    )
    due: Time | None = Field(None, description="when it was due")
    sent_at: Time = Field(description="when it was sent")
    document: Digest | None = Field(None, description="digest of the text sent")
