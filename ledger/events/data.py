"""Data: sources, datasets and their versions."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import Change, Scheme, Severity
from ledger.events.types import (
    Count,
    Digest,
    Flag,
    Line,
    Long,
    Name,
    Real,
    Symbol,
    Text,
    Time,
)


@event("data.source.registered")
class SourceRegistered(FullEvent):
    """A system or stream from which data is taken was entered in the ledger."""

    source: Name = Field(description="name of the source, never reused")
    title: Text = Field(description="name for people")
    kind: Name = Field(description="kind of source, such as postgres, kafka or vendor")
    owner: Text | None = Field(None, description="who answers for the source")
    notice_days: Count | None = Field(
        None, description="days of notice the owner gives before a change"
    )
    url: Line | None = Field(None, description="where it is reached; no credentials")


@event("data.dataset.registered")
class DatasetRegistered(FullEvent):
    """A dataset was entered in the ledger; its contents are its versions."""

    dataset: Name = Field(description="name of the dataset, never reused")
    title: Text = Field(description="name for people")
    owner: Text | None = Field(None, description="who answers for the dataset")
    license: Text | None = Field(None, description="license, SPDX identifier if any")
    purposes: list[Text] = Field(
        default_factory=list[str], description="purposes the data may serve"
    )
    sources: list[Name] = Field(
        default_factory=list[str], description="names of the sources it is drawn from"
    )
    description: Line | None = Field(None, description="what it holds, in short")


class SplitInfo(Part):
    """How a part was split off a whole."""

    name: Name = Field(description="name of the part, such as train or test")
    method: Name = Field(description="method, such as random, by_time or by_group")
    seed: Long | None = Field(None, description="seed of the random choice")
    fraction: Real | None = Field(
        None, ge=0, le=1, description="share of the whole, 0 to 1"
    )


class IdentityStrength(Symbol):
    """What the digest of a dataset version stands on.

    content: every byte was read. sample: a sample was read. declared: taken on trust.
    """

    UNKNOWN = "unknown"
    CONTENT = "content"
    SAMPLE = "sample"
    DECLARED = "declared"


@event("data.dataset_version.created")
class DatasetVersionCreated(FullEvent):
    """A version of a dataset came to be: content that no longer changes."""

    dataset: Name = Field(description="name of the dataset")
    digest: Digest = Field(description="digest of the content")
    scheme: Scheme = Field(description="how the digest was made")
    size_bytes: Count | None = Field(None, description="size of the content")
    rows: Count | None = Field(None, description="number of rows")
    derived_from: list[Ref] = Field(
        default_factory=list[Ref], description="dataset versions it was made from"
    )
    sources: list[Name] = Field(
        default_factory=list[str], description="names of the sources it was drawn from"
    )
    split: SplitInfo | None = Field(None, description="how it was split off, if it was")
    preparation: Text | None = Field(None, description="how it was prepared, in short")
    identity_strength: IdentityStrength = Field(description="what the digest stands on")


class SourceChange(Symbol):
    """What changed at a source.

    schema: names or types. meaning: what a value stands for. schedule: when it
    delivers. location: where it is read. owner: who answers for it.
    """

    UNKNOWN = "unknown"
    SCHEMA = "schema"
    MEANING = "meaning"
    SCHEDULE = "schedule"
    LOCATION = "location"
    OWNER = "owner"


@event("data.source.changed")
class SourceChanged(FullEvent):
    """A source changed: announced beforehand, or merely noticed."""

    source: Name = Field(description="registered name of the source")
    change: SourceChange = Field(description="what changed")
    effective_at: Time = Field(description="from when")
    announced_at: Time | None = Field(
        None, description="when it was announced; none means it was not"
    )
    changes: list[Change] = Field(
        default_factory=list[Change], description="the single changes"
    )
    reason: Text | None = Field(None, description="why")


class WithdrawalReason(Symbol):
    """Why data may no longer be used.

    consent: withdrawn by persons. poisoned: altered on purpose. license: no right to
    use. error: wrong.
    """

    UNKNOWN = "unknown"
    CONSENT = "consent"
    POISONED = "poisoned"
    LICENSE = "license"
    ERROR = "error"


@event("data.source.withdrawn")
class SourceWithdrawn(FullEvent):
    """Data of a source may no longer be used."""

    source: Name = Field(description="registered name of the source")
    batch: Text | None = Field(None, description="part of it; none is the whole")
    cause: WithdrawalReason = Field(description="why, by kind")
    effective_at: Time = Field(description="from when it may not be used")
    since: Time | None = Field(
        None, description="only what was drawn from then on; none is everything"
    )
    dataset_versions: list[Ref] = Field(
        default_factory=list[Ref], description="versions known to hold it"
    )
    action_required: Line | None = Field(None, description="what users must do")


@event("data.dataset.changed")
class DatasetChanged(FullEvent):
    """What is said of a dataset changed; its versions stay as they are."""

    dataset: Name = Field(description="registered name of the dataset")
    changes: list[Change] = Field(description="what changed")
    reason: Text | None = Field(None, description="why")


class Feature(Part):
    """One feature as a model sees it."""

    name: Name = Field(description="name of the feature")
    type: Name = Field(description="its type, such as float64 or string")
    unit: Text | None = Field(None, description="unit of its values")
    owner: Text | None = Field(None, description="who answers for it")
    max_age_s: Count | None = Field(
        None, description="seconds after which a value is stale"
    )


@event("data.feature_view.created")
class FeatureViewCreated(FullEvent):
    """A version of a feature view came to be: features, and how they are made."""

    view: Name = Field(description="name of the feature view")
    version: Name = Field(description="label within the view, never reused")
    features: list[Feature] = Field(description="its features, in order")
    sources: list[Name] = Field(
        default_factory=list[str], description="names of the sources it draws on"
    )
    dataset_version: Ref | None = Field(
        None, description="dataset version it was made from"
    )
    transform_digest: Digest | None = Field(
        None, description="digest of the code that makes it"
    )
    owner: Text | None = Field(None, description="who answers for the view")


class Assertion(Part):
    """One expectation of the data, and what was found (OpenLineage assertions)."""

    name: Name = Field(description="what is expected, such as not_null or in_range")
    column: Text | None = Field(None, description="column it is about; none is the row")
    success: Flag = Field(description="whether it holds")
    severity: Severity = Field(description="how much it matters")
    expected: Line | None = Field(None, description="what was expected")
    actual: Line | None = Field(None, description="what was found")


@event("data.quality.checked")
class QualityChecked(FullEvent):
    """The quality of a dataset version was checked."""

    dataset_version: Ref = Field(description="dataset version that was checked")
    assertions: list[Assertion] = Field(description="what was expected and found")
    passed: Flag = Field(description="whether all that must hold did")
    tool: Text | None = Field(None, description="checking tool and its version")
