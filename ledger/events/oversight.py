"""Oversight: what persons and authorities ask for, and what they are answered."""

from pydantic import Field

from ledger.events.base import FullEvent, event
from ledger.events.types import Digest, Id, Name, Symbol, Text, Time


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
