"""Records and enumerations that several families share."""

from pydantic import Field

from ledger.events.base import Part
from ledger.events.types import Count, Digest, Line, Name, Symbol


class Scheme(Symbol):
    """How a digest was made.

    file: the bytes of one file. tree1: a folder. array1: a numeric array. table1: a
    table, by column. manifest1: named parts, each with its own digest.
    """

    UNKNOWN = "unknown"
    FILE = "file"
    TREE1 = "tree1"
    ARRAY1 = "array1"
    TABLE1 = "table1"
    MANIFEST1 = "manifest1"


class Origin(Symbol):
    """Where a model or system comes from.

    internal: built in this organisation. vendor: bought. open: published by others.
    """

    UNKNOWN = "unknown"
    INTERNAL = "internal"
    VENDOR = "vendor"
    OPEN = "open"


class IdentityKind(Symbol):
    """Who stands behind a key.

    service: a program. person: a human being.
    """

    UNKNOWN = "unknown"
    SERVICE = "service"
    PERSON = "person"


class Artifact(Part):
    """One file, folder or value that a step produced."""

    name: Name = Field(description="what the step calls it")
    digest: Digest = Field(description="digest of the content")
    scheme: Scheme = Field(description="how the digest was made")
    size_bytes: Count | None = Field(None, description="size of the content")


class Change(Part):
    """One attribute that changed, with what it was and what it is."""

    field: Name = Field(description="which attribute")
    before: Line | None = Field(None, description="what it was; none if it was absent")
    after: Line | None = Field(None, description="what it is; none if it went away")


class Severity(Symbol):
    """How much a finding or incident matters.

    info: worth knowing. low, medium, high: by its possible effect on people or on the
    organisation. critical: act at once.
    """

    UNKNOWN = "unknown"
    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class SealedSize(Part):
    """How far an origin of the ledger was sealed."""

    origin: Name = Field(description="origin, such as example/p0")
    size: Count = Field(description="number of leaves of its tree")
