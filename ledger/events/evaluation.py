"""Evaluation: criteria set before a test, and results of tests."""

from typing import ClassVar

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import Severity
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


class ComparisonKind(Symbol):
    """What two versions are compared for.

    difference: how far old and new differ. equivalence: whether a port does the same.
    """

    UNKNOWN = "unknown"
    DIFFERENCE = "difference"
    EQUIVALENCE = "equivalence"


@event("evaluation.comparison.completed")
class ComparisonCompleted(FullEvent):
    """Two versions answered the same rows, and their answers were compared."""

    kind: ComparisonKind = Field(description="what they are compared for")
    old: Ref | None = Field(None, description="model version in use")
    new: Ref | None = Field(None, description="model version that shall follow")
    dataset_version: Ref | None = Field(None, description="data both answered")
    dataset_digest: Digest | None = Field(None, description="digest of that data")
    rows: Count = Field(description="rows both answered")
    equal_rows: Count = Field(description="rows answered exactly alike")
    flips: Count | None = Field(None, description="rows whose class changed")
    flips_to_adverse: Count | None = Field(
        None, description="flips to the disadvantage of the person"
    )
    mcnemar_p: Real | None = Field(
        None, description="exact McNemar test of right against wrong, two-sided"
    )
    max_difference: Real | None = Field(None, description="largest absolute difference")
    p99_difference: Real | None = Field(
        None, description="99th percentile of the absolute difference"
    )
    s_floor: Real | None = Field(
        None,
        description="noise floor: half the RMS residual of isotonic regression",
    )
    pi_eq: Real | None = Field(None, description="share of rows exactly equal, 0 to 1")
    tolerance: Real | None = Field(None, description="largest difference allowed")
    first_difference: Text | None = Field(
        None, description="first stage of the pipeline that differs"
    )
    metrics: list[Measurement] = Field(
        default_factory=list[Measurement], description="measured; named old.x and new.x"
    )
    criteria: list[Id] = Field(
        default_factory=list[bytes], description="criteria it was held against"
    )
    passed: Flag | None = Field(None, description="whether all criteria were met")
    document: Digest | None = Field(None, description="digest of the report")
    tool: Text | None = Field(None, description="testing tool and its version")


class BenchmarkKind(Symbol):
    """What a benchmark loads.

    latency: one request after the other. throughput: as many as it can. load: a
    steady rate. stress: a rising rate until it breaks.
    """

    UNKNOWN = "unknown"
    LATENCY = "latency"
    THROUGHPUT = "throughput"
    LOAD = "load"
    STRESS = "stress"


@event("evaluation.benchmark.completed")
class BenchmarkCompleted(FullEvent):
    """How fast a model version or deployment answers was measured."""

    kind: BenchmarkKind = Field(description="how it was loaded")
    model_version: Ref | None = Field(None, description="model version")
    deployment: Ref | None = Field(None, description="deployment, if it was live")
    baseline: Ref | None = Field(None, description="what it was measured beside")
    requests: Count = Field(description="requests sent")
    errors: Count = Field(description="requests not answered well")
    metrics: list[Measurement] = Field(
        description="latency_us.p50 and so on, memory_bytes, ratio to the baseline"
    )
    knee_per_s: Real | None = Field(
        None, description="requests per second beyond which latency climbs"
    )
    first_error_per_s: Real | None = Field(
        None, description="requests per second at which the first error came"
    )
    slower: Flag | None = Field(
        None, description="whether it is slower than the baseline beyond chance"
    )
    host: Text | None = Field(None, description="pseudonym of the machine")
    document: Digest | None = Field(None, description="digest of the report")


@event("evaluation.probe.completed")
class ProbeCompleted(FullEvent):
    """Requests with known answers were replayed on a live deployment."""

    deployment: Ref = Field(description="the deployment")
    suite: Name = Field(description="name of the suite of requests")
    suite_digest: Digest = Field(description="digest of the suite")
    requests: Count = Field(description="requests sent")
    mismatches: Count = Field(description="answers that were not the known ones")
    errors: Count = Field(description="requests without an answer")
    metrics: list[Measurement] = Field(
        default_factory=list[Measurement], description="latency_us.p50 and so on"
    )
    first_mismatch: Text | None = Field(
        None, description="which request differed first"
    )
    passed: Flag = Field(description="whether every answer was the known one")


class ValidationKind(Symbol):
    """Who examines, and for what.

    independent: somebody outside the line that made it. bias_audit: differences
    between groups. peer_review: a colleague. red_team: attackers.
    """

    UNKNOWN = "unknown"
    INDEPENDENT = "independent"
    BIAS_AUDIT = "bias_audit"
    PEER_REVIEW = "peer_review"
    RED_TEAM = "red_team"


class ValidationOutcome(Symbol):
    """What a validation came to."""

    UNKNOWN = "unknown"
    FIT = "fit"
    CONDITIONAL = "conditional"
    NOT_FIT = "not_fit"


class ValidationFinding(Part):
    """One thing a validator found."""

    id: Name = Field(description="its number in the report")
    severity: Severity = Field(description="how much it matters")
    text: Line = Field(description="what was found")
    due: Time | None = Field(None, description="until when it shall be mended")


@event("evaluation.validation.issued")
class ValidationIssued(FullEvent):
    """A validator reported on a model version, release or system."""

    object: Ref | None = Field(None, description="event of what was validated")
    model: Text | None = Field(None, description="model it belongs to")
    kind: ValidationKind = Field(description="who examined, and for what")
    validator: Name = Field(description="pseudonym of who validated")
    unit: Text | None = Field(None, description="organisational unit of the validator")
    scope: Line = Field(description="what was looked at")
    outcome: ValidationOutcome = Field(description="what it came to")
    findings: list[ValidationFinding] = Field(
        default_factory=list[ValidationFinding], description="what was found"
    )
    next_due: Time | None = Field(None, description="when the next one is due")
    document: Digest | None = Field(None, description="digest of the report")
