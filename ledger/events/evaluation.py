"""Evaluation: criteria set before a test, and results of tests."""

from typing import ClassVar

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.types import Count, Flag, Id, Name, Real, Symbol, Text


class Direction(Symbol):
    """On which side of the limit a metric passes.

    at_least: at or above. at_most: at or below.
    """

    UNKNOWN = "unknown"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@event("evaluation.criteria.set")
class CriteriaSet(FullEvent):
    """A limit was set that a model must meet, before it is tested."""

    model: Name = Field(description="registered name of the model")
    metric: Name = Field(description="name of the metric")
    slice: Text | None = Field(None, description="part of the population; none is all")
    limit: Real = Field(description="the value the metric is held against")
    direction: Direction = Field(description="on which side of the limit it passes")
    baseline: Text | None = Field(None, description="what it is compared with")
    baseline_value: Real | None = Field(None, description="value of the baseline")
    dataset_version: Ref | None = Field(None, description="data the test shall use")
    previous: Id | None = Field(None, description="criteria event this one replaces")


class EvaluationKind(Symbol):
    """What a test examines.

    performance: on the whole population. slice: on parts of it. bias: differences
    between groups. calibration: whether scores mean what they say. robustness: changed
    inputs. security: attacks. alternatives: less harmful models of like quality.
    """

    UNKNOWN = "unknown"
    PERFORMANCE = "performance"
    SLICE = "slice"
    BIAS = "bias"
    CALIBRATION = "calibration"
    ROBUSTNESS = "robustness"
    SECURITY = "security"
    ALTERNATIVES = "alternatives"


class Measurement(Part):
    """A measured value with its interval."""

    name: Name = Field(description="name of the metric")
    value: Real = Field(description="its value")
    low: Real | None = Field(None, description="lower end of the interval")
    high: Real | None = Field(None, description="upper end of the interval")
    slice: Text | None = Field(None, description="part of the population; none is all")


@event("evaluation.test.completed")
class TestCompleted(FullEvent):
    """A test of a model version was completed."""

    __test__: ClassVar[bool] = False  # not a test class, whatever pytest thinks

    kind: EvaluationKind = Field(description="what the test examines")
    model_version: Ref | None = Field(None, description="the tested model version")
    run: Id | None = Field(None, description="start event of the run that tested")
    dataset_version: Ref | None = Field(None, description="the data it was tested on")
    metrics: list[Measurement] = Field(
        default_factory=list[Measurement], description="what was measured"
    )
    criteria: list[Id] = Field(
        default_factory=list[bytes], description="criteria events it was held against"
    )
    passed: Flag | None = Field(None, description="whether all criteria were met")
    overlap_rows: Count | None = Field(
        None, description="test rows found in the training data; none is not checked"
    )
    tool: Text | None = Field(None, description="testing tool and its version")
