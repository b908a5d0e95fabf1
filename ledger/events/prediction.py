"""Predictions: decisions a model made that mattered to somebody."""

from pydantic import Field

from ledger.events.base import LeanEvent, event
from ledger.events.types import Bytes, Count, Flag, Id, Name, Symbol, Text


class Path(Symbol):
    """What made the decision.

    model: the model. fallback: a rule, as the model did not answer. manual: a person.
    """

    UNKNOWN = "unknown"
    MODEL = "model"
    FALLBACK = "fallback"
    MANUAL = "manual"


class Mode(Symbol):
    """What part people have in the decision.

    shadow: it has no effect. advisory: a person decides. human_in_loop: a person can
    stop it. solely_automated: it takes effect without a person.
    """

    UNKNOWN = "unknown"
    SHADOW = "shadow"
    ADVISORY = "advisory"
    HUMAN_IN_LOOP = "human_in_loop"
    SOLELY_AUTOMATED = "solely_automated"


@event("prediction.decision.recorded")
class DecisionRecorded(LeanEvent):
    """A prediction that mattered to somebody was given out.

    It holds no personal data: the person is behind a random ``case_id``, and features
    and the exact output behind ``payload_commitment``.
    """

    correlation_id: Id | None = Field(None, description="shared by events of one flow")
    release: Id = Field(description="release event that was in use")
    deployment: Id = Field(description="activation event of the deployment")
    attestation: Id | None = Field(
        None, description="newest attestation of the process that answered"
    )
    case_id: Id | None = Field(None, description="random id of the case, no meaning")
    use: Text | None = Field(None, description="use the answer served")
    path: Path = Field(description="what made the decision")
    mode: Mode = Field(description="what part people have in it")
    output: Text | None = Field(None, description="class or bucket, not an exact score")
    adverse: Flag | None = Field(None, description="whether it was to the disadvantage")
    reason_codes: list[Text] = Field(
        default_factory=list[str],
        description="codes of the main reasons, strongest first",
    )
    payload_commitment: Bytes | None = Field(
        None, description="HMAC-SHA-256 over the personal payload under a fresh salt"
    )
    caller: Name | None = Field(None, description="pseudonym of who asked")
    latency_us: Count | None = Field(None, description="time to answer, microseconds")
    replaces_decision_id: Id | None = Field(
        None, description="earlier decision this one takes the place of"
    )
