"""Records and enumerations of the events of governance."""

from pydantic import Field

from ledger.events.base import Part
from ledger.events.types import Count, Flag, Id, Name, Symbol, Text, Time


class Bound(Symbol):
    """Which way a retention rule binds.

    floor: it is kept at least so long. ceiling: it is deleted at the latest then.
    """

    UNKNOWN = "unknown"
    FLOOR = "floor"
    CEILING = "ceiling"


class DeletionCause(Symbol):
    """What made a deletion due.

    schedule: a retention rule's end. request: somebody asked for it.
    """

    UNKNOWN = "unknown"
    SCHEDULE = "schedule"
    REQUEST = "request"


class Retained(Part):
    """A decision whose payload was left in place, and until when."""

    decision: Id = Field(description="the decision")
    rule: Name = Field(description="retention rule or hold that forbids the deletion")
    provision: Text | None = Field(None, description="article or section behind it")
    until: Time | None = Field(None, description="end of the duty; none for a hold")


class Residual(Part):
    """What remains after a deletion, and for how long."""

    what: Text = Field(description="what remains")
    place: Text = Field(description="where")
    count: Count = Field(description="how many")
    until: Time | None = Field(None, description="when it is gone; none means it stays")
    may_be_personal: Flag = Field(description="whether it may remain personal data")


class Stage(Symbol):
    """A stage in the life of a model, each of which somebody must be able to explain.

    whole: the model as a whole. data: where its data come from. features: how features
    are made. training, evaluation, deployment, monitoring: how each is done.
    """

    UNKNOWN = "unknown"
    WHOLE = "whole"
    DATA = "data"
    FEATURES = "features"
    TRAINING = "training"
    EVALUATION = "evaluation"
    DEPLOYMENT = "deployment"
    MONITORING = "monitoring"


class AccessKind(Symbol):
    """What was read.

    payload: personal payload, opened from the vault. report: a report that was handed
    out. question: the answer of a question about recorded events.
    """

    UNKNOWN = "unknown"
    PAYLOAD = "payload"
    REPORT = "report"
    QUESTION = "question"
