"""Data: sources, datasets and their versions."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import Scheme
from ledger.events.types import Count, Digest, Line, Long, Name, Real, Symbol, Text


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
