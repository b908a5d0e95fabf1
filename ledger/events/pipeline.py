"""Pipelines: runs, what they read and what they produced."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import Artifact, Scheme
from ledger.events.types import (
    Count,
    Digest,
    Flag,
    Id,
    Line,
    Long,
    Name,
    Real,
    Symbol,
    Text,
    Time,
)


class Step(Symbol):
    """Which step of the pipeline a run performs."""

    UNKNOWN = "unknown"
    INGEST = "ingest"
    PREPROCESS = "preprocess"
    FEATURE = "feature"
    TRAIN = "train"
    EVALUATE = "evaluate"
    SCORE = "score"
    OTHER = "other"


class Code(Part):
    """The code that ran."""

    repository: Line | None = Field(None, description="URL without credentials")
    commit: Text | None = Field(None, description="commit hash")
    branch: Text | None = Field(None, description="branch that was checked out")
    dirty: Flag | None = Field(
        None, description="whether files differed from the commit"
    )
    diff_digest: Digest | None = Field(None, description="digest of that difference")
    entry_command: list[Line] = Field(
        default_factory=list[str], description="command line, secrets cut out"
    )
    entry_digest: Digest | None = Field(
        None, description="digest of the script or notebook that was started"
    )


class Environment(Part):
    """The machine and software on which the code ran."""

    python: Text = Field(description="Python version")
    implementation: Text = Field(description="Python implementation, such as CPython")
    os: Text = Field(description="operating system and its release")
    machine: Text = Field(description="processor architecture")
    cpu: Text | None = Field(None, description="processor model")
    cpu_count: Count | None = Field(None, description="number of logical processors")
    lock_digest: Digest | None = Field(
        None, description="digest over names and versions of installed distributions"
    )
    distributions: Count | None = Field(
        None, description="number of installed distributions"
    )


class Redaction(Part):
    """A place where a secret was cut out before anything was recorded."""

    where: Text = Field(description="field and key, never the value")
    kind: Name = Field(description="what was recognised, such as url_password")
    count: Count = Field(description="how many were cut out there")


@event("pipeline.run.started")
class RunStarted(FullEvent):
    """A run of a pipeline step began."""

    run: Name = Field(description="name of the run")
    step: Step = Field(description="which step of the pipeline it performs")
    code: Code | None = Field(None, description="the code that runs")
    environment: Environment | None = Field(None, description="where it runs")
    seeds: dict[Text, Long] = Field(
        default_factory=dict[str, int], description="seed by random generator"
    )
    parameters: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="parameters known at the start"
    )
    parent: Id | None = Field(None, description="start event of the enclosing run")
    capture: dict[Text, Text] = Field(
        default_factory=dict[str, str],
        description="what was captured: item to on, off, redacted or failed: reason",
    )
    redactions: list[Redaction] = Field(
        default_factory=list[Redaction], description="where secrets were cut out"
    )


class Metric(Part):
    """A number the run reported."""

    name: Name = Field(description="name of the metric")
    value: Real = Field(description="its value")
    step: Long | None = Field(None, description="training step or epoch")
    time: Time | None = Field(None, description="when, microseconds since 1970")


@event("pipeline.run.updated")
class RunUpdated(FullEvent):
    """A run reported parameters, metrics or tags."""

    run: Id = Field(description="start event of the run")
    parameters: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="parameters by name"
    )
    metrics: list[Metric] = Field(
        default_factory=list[Metric], description="metrics in the order reported"
    )
    tags: dict[Text, Text] = Field(
        default_factory=dict[str, str], description="tags by name"
    )


class Outcome(Symbol):
    """How a run ended.

    completed: it reached its end. failed: an error ended it. aborted: it was stopped.
    """

    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"


class Compute(Part):
    """What the run used."""

    wall_us: Count = Field(description="elapsed time, microseconds")
    cpu_us: Count | None = Field(None, description="processor time, microseconds")
    max_rss_bytes: Count | None = Field(None, description="largest resident memory")


@event("pipeline.run.ended")
class RunEnded(FullEvent):
    """A run of a pipeline step ended."""

    run: Id = Field(description="start event of the run")
    outcome: Outcome = Field(description="how it ended")
    outputs: list[Artifact] = Field(
        default_factory=list[Artifact], description="what it produced"
    )
    compute: Compute | None = Field(None, description="what it used")
    error: Line | None = Field(None, description="kind of error; no personal data")


@event("pipeline.input.read")
class InputRead(FullEvent):
    """A run read an input; the digest is of what was actually read."""

    run: Id = Field(description="start event of the run")
    name: Name = Field(description="what the run calls the input")
    role: Name = Field(description="what it serves as, such as training or validation")
    dataset_version: Ref | None = Field(
        None, description="the dataset version whose digest equals what was read"
    )
    dataset: Name | None = Field(None, description="name of the dataset")
    digest: Digest = Field(description="digest of the content that was read")
    scheme: Scheme = Field(description="how the digest was made")
    bytes_read: Count | None = Field(None, description="bytes actually read")
    rows: Count | None = Field(None, description="rows actually read")
    rank: Count = Field(description="position among the inputs of the run, from 0")


class PackageKind(Symbol):
    """What a build produced.

    training_program: code that trains. serving_image: what serves. package: a library.
    """

    UNKNOWN = "unknown"
    TRAINING_PROGRAM = "training_program"
    SERVING_IMAGE = "serving_image"
    PACKAGE = "package"


@event("pipeline.artifact.packaged")
class ArtifactPackaged(FullEvent):
    """A build made a program or image from a commit."""

    name: Name = Field(description="name of the program or image")
    kind: PackageKind = Field(description="what it is")
    digest: Digest = Field(description="digest of what was built")
    repository: Line | None = Field(None, description="URL without credentials")
    commit: Name = Field(description="commit hash it was built from")
    dirty: Flag = Field(description="whether files differed from the commit")
    builder: Text | None = Field(None, description="build service and job")
    tests_passed: Flag | None = Field(None, description="whether its tests passed")
    sbom_digest: Digest | None = Field(None, description="bill of materials")
    environment_digest: Digest | None = Field(
        None, description="digest over names and versions of what is installed in it"
    )


class Reproduction(Symbol):
    """How a repeated run compares.

    identical: every output bit for bit. equivalent: within the tolerance. different:
    not. not_possible: something needed is not there.
    """

    UNKNOWN = "unknown"
    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    NOT_POSSIBLE = "not_possible"


class Difference(Part):
    """One thing that was not the same."""

    kind: Name = Field(description="library, seed, input, code, output, metric, …")
    name: Text = Field(description="which one")
    expected: Line | None = Field(None, description="as recorded")
    actual: Line | None = Field(None, description="as found")


@event("pipeline.run.reproduced")
class RunReproduced(FullEvent):
    """A recorded run was repeated, or it was found that it cannot be."""

    run: Ref = Field(description="start event of the recorded run")
    reproduction: Id | None = Field(None, description="start event of the new run")
    verdict: Reproduction = Field(description="how they compare")
    differences: list[Difference] = Field(
        default_factory=list[Difference], description="what was not the same"
    )
    tolerance: Real | None = Field(None, description="relative tolerance of metrics")
