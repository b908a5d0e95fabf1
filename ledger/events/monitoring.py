"""Monitoring: plans, measurements, sketches, reviews, and what explains them."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.evaluation import Direction
from ledger.events.types import (
    Count,
    Digest,
    Flag,
    Id,
    Line,
    Name,
    Real,
    Symbol,
    Text,
    Time,
)


class Monitor(Part):
    """One thing that is watched."""

    monitor: Name = Field(description="name of the monitor")
    metric: Name = Field(description="what is measured, such as psi or latency_us.p99")
    limit: Real | None = Field(None, description="value it is held against")
    direction: Direction = Field(description="on which side of the limit it passes")
    feature: Text | None = Field(None, description="column it is about; none is all")


@event("monitoring.plan.set")
class PlanSet(FullEvent):
    """What is watched of a model, how often, and who looks at it; the newest counts."""

    model: Name = Field(description="registered name of the model")
    enabled: Flag = Field(description="false switches all of it off")
    monitors: list[Monitor] = Field(description="what is watched")
    measure_every_days: Real | None = Field(None, ge=0, description="days between")
    review_within_days: Real | None = Field(
        None, ge=0, description="days from a breach to its review"
    )
    review_every_days: Real | None = Field(None, ge=0, description="days between")
    validate_every_days: Real | None = Field(None, ge=0, description="days between")
    retrain_every_days: Real | None = Field(None, ge=0, description="days between")
    label_within_days: Real | None = Field(
        None, ge=0, description="days from a decision to its outcome"
    )
    label_share: Real | None = Field(
        None, ge=0, le=1, description="share of decisions that must get an outcome"
    )
    owner: Text | None = Field(None, description="who answers for it")
    previous: Id | None = Field(None, description="plan it replaces")
    reason: Text | None = Field(None, description="why it was set or changed")


@event("monitoring.measurement.recorded")
class MeasurementRecorded(FullEvent):
    """A metric of a window of time was measured and held against its limit."""

    model: Text | None = Field(None, description="registered name of the model")
    deployment: Ref | None = Field(None, description="deployment it is about")
    dataset_version: Ref | None = Field(None, description="data it is about")
    monitor: Name = Field(description="name of the monitor in the plan")
    metric: Name = Field(description="what was measured")
    feature: Text | None = Field(None, description="column; none is all")
    slice: Text | None = Field(None, description="part of the population; none is all")
    window_from: Time = Field(description="begin, inclusive")
    window_to: Time = Field(description="end, exclusive")
    rows: Count = Field(description="rows in the window")
    value: Real = Field(description="what was found")
    reference: Real | None = Field(None, description="the same in the reference")
    effect: Real | None = Field(None, description="size of the difference")
    p_value: Real | None = Field(None, description="of the test that gates the effect")
    limit: Real | None = Field(None, description="value it is held against")
    breach: Flag = Field(description="whether it is on the wrong side")


class ColumnSketch(Part):
    """What one column looked like: enough to compare, too little to name a person."""

    name: Name = Field(description="name of the column")
    type: Name = Field(description="its type, such as float64 or string")
    count: Count = Field(description="values present")
    missing: Count = Field(description="values absent")
    distinct: Count | None = Field(None, description="distinct values, estimated")
    minimum: Real | None = Field(None, description="smallest value")
    maximum: Real | None = Field(None, description="largest value")
    mean: Real | None = Field(None, description="mean")
    deviation: Real | None = Field(None, description="standard deviation")
    quantiles: list[Real] = Field(
        default_factory=list[float],
        description="values at equal steps of probability, ends included",
    )
    categories: dict[Text, Count] = Field(
        default_factory=dict[str, int], description="count by value, rare ones pooled"
    )
    newest: Time | None = Field(None, description="newest value's own time")


@event("monitoring.sketch.recorded")
class SketchRecorded(FullEvent):
    """The columns a model was trained on, or was asked with, in a window of time."""

    model: Text | None = Field(None, description="registered name of the model")
    deployment: Ref | None = Field(None, description="deployment, if it is live data")
    run: Id | None = Field(None, description="run, if it is training data")
    dataset_version: Ref | None = Field(None, description="dataset version, if any")
    window_from: Time = Field(description="begin, inclusive")
    window_to: Time = Field(description="end, exclusive")
    rows: Count = Field(description="rows in the window")
    columns: list[ColumnSketch] = Field(description="columns, in the order of use")
    sample_digest: Digest | None = Field(
        None, description="digest of the sample it was made from"
    )


class ReviewKind(Symbol):
    """What was reviewed."""

    UNKNOWN = "unknown"
    MODEL = "model"
    DATA = "data"


class ReviewDecision(Symbol):
    """What a review came to.

    accept: go on. investigate: look closer. retrain: train anew. restrict: use it for
    less. withdraw: stop using it.
    """

    UNKNOWN = "unknown"
    ACCEPT = "accept"
    INVESTIGATE = "investigate"
    RETRAIN = "retrain"
    RESTRICT = "restrict"
    WITHDRAW = "withdraw"


@event("monitoring.review.completed")
class ReviewCompleted(FullEvent):
    """A person looked at a model or at data, and decided what follows."""

    kind: ReviewKind = Field(description="what was reviewed")
    model: Text | None = Field(None, description="registered name of the model")
    dataset: Text | None = Field(None, description="registered name of the dataset")
    object: Ref | None = Field(
        None, description="version, deployment or dataset version"
    )
    trigger: Text | None = Field(None, description="schedule, breach, finding, …")
    measurements: list[Id] = Field(
        default_factory=list[bytes], description="measurements that were looked at"
    )
    reviewer: Name = Field(description="pseudonym of the person")
    decision: ReviewDecision = Field(description="what follows")
    next_due: Time | None = Field(None, description="when the next review is due")
    note: Line | None = Field(None, description="why, in short")
    document: Digest | None = Field(None, description="digest of the record")


@event("monitoring.context.noted")
class ContextNoted(FullEvent):
    """Something outside happened that explains what the data show."""

    title: Name = Field(description="what happened, in short")
    text: Line | None = Field(None, description="more of it")
    begins: Time = Field(description="from when")
    ends: Time | None = Field(None, description="until when; none is open")
    systems: list[Text] = Field(
        default_factory=list[str], description="AI systems it touches; empty is all"
    )
