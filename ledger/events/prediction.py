"""Predictions: decisions a model made that mattered to somebody."""

from pydantic import Field

from ledger.events.base import FullEvent, LeanEvent, Ref, event
from ledger.events.types import (
    Bytes,
    Count,
    Flag,
    Id,
    Line,
    Name,
    Symbol,
    Text,
    Time,
)


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


@event("prediction.batch.recorded")
class BatchRecorded(FullEvent):
    """A model scored a whole dataset: one event for all its rows."""

    release: Id = Field(description="release event that was in use")
    deployment: Id | None = Field(None, description="activation of the deployment")
    input: Ref | None = Field(None, description="dataset version that was scored")
    output: Ref | None = Field(None, description="dataset version with the scores")
    rows: Count = Field(description="rows scored")
    key_column: Text | None = Field(None, description="column that names a row")
    started_at: Time = Field(description="when scoring began")
    ended_at: Time = Field(description="when it ended")
    errors: Count = Field(description="rows without a score")


@event("prediction.session.ended")
class SessionEnded(FullEvent):
    """A period of use ended (EU AI Act, Article 12(3))."""

    deployment: Id = Field(description="activation of the deployment")
    started_at: Time = Field(description="when the use began")
    ended_at: Time = Field(description="when it ended")
    operator: Text | None = Field(None, description="pseudonym of who used it")
    reference_database: Text | None = Field(
        None, description="database that input was checked against, with its version"
    )
    verified_by: list[Text] = Field(
        default_factory=list[str], description="persons who verified the results"
    )


@event("prediction.outcome.observed")
class OutcomeObserved(FullEvent):
    """What came true of what had been predicted, often much later."""

    decision: Id = Field(description="the decision")
    outcome: Text | None = Field(None, description="class or bucket that came true")
    observed_at: Time = Field(description="when it was known")
    source: Text | None = Field(None, description="system or process that knows it")
    censored: Flag = Field(description="whether it can no longer be known")


@event("prediction.count.reported")
class CountReported(FullEvent):
    """Another system counted the decisions of a population for itself."""

    reporter: Name = Field(description="system that counted, not the one that decided")
    population: Line = Field(description="what was counted, in words")
    release: Id | None = Field(None, description="of this release alone")
    deployment: Id | None = Field(None, description="of this deployment alone")
    output: Text | None = Field(None, description="with this output alone")
    period_from: Time = Field(description="begin, inclusive")
    period_to: Time = Field(description="end, exclusive")
    count: Count = Field(description="how many")
