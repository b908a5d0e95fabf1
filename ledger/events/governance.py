"""Governance: systems, principals, statements, documents and reports."""

from pydantic import Field

from ledger.events.base import FullEvent, Part, Ref, event
from ledger.events.common import IdentityKind, Origin
from ledger.events.types import Bytes, Count, Digest, Id, Line, Name, Text, Time


@event("governance.system.registered")
class SystemRegistered(FullEvent):
    """An AI system was entered in the inventory."""

    system: Name = Field(description="name of the system, never reused")
    title: Text = Field(description="name for people")
    purpose: Line = Field(description="intended purpose")
    materiality: Text | None = Field(None, description="tier in the inventory")
    model_kind: Text | None = Field(None, description="kind of model at its core")
    origin: Origin = Field(description="where the system comes from")
    legal_entity: Text | None = Field(None, description="legal entity that answers")
    business_line: Text | None = Field(None, description="business line that uses it")
    owner: Text | None = Field(None, description="who answers for the system")


@event("governance.principal.registered")
class PrincipalRegistered(FullEvent):
    """A person or service was entered under a pseudonym."""

    principal: Name = Field(description="pseudonym, never reused")
    kind: IdentityKind = Field(description="who stands behind it")
    unit: Text | None = Field(None, description="organisational unit")
    line: Text | None = Field(None, description="line of defence")
    key_fp: Bytes | None = Field(
        None, description="SHA-256 of the raw Ed25519 public key it signs with"
    )


@event("governance.statement.recorded")
class StatementRecorded(FullEvent):
    """A person stated something that no recorded event can show."""

    author: Name = Field(description="pseudonym of the person")
    role: Text | None = Field(None, description="role in which they speak")
    field: Name = Field(description="report field it fills, such as AIA.AnnexIV.2.b")
    text: Text | None = Field(None, description="the statement, if it is short")
    document: Digest | None = Field(None, description="digest of the document, if not")
    in_reply_to: Id | None = Field(None, description="event it answers")
    valid_for: Ref | None = Field(None, description="release or object it speaks of")


@event("governance.document.stored")
class DocumentStored(FullEvent):
    """A document was stored under the digest of its content."""

    digest: Digest = Field(description="SHA-256 of the document")
    media_type: Name = Field(description="IANA media type")
    size_bytes: Count = Field(description="size of the document")
    title: Text | None = Field(None, description="name for people")
    retention_class: Text | None = Field(None, description="how long it is kept")
    access_class: Text | None = Field(None, description="who may read it")
    about: Id | None = Field(None, description="event it belongs to")


class SealedSize(Part):
    """How far an origin of the ledger was sealed."""

    origin: Name = Field(description="origin, such as example/p0")
    size: Count = Field(description="number of leaves of its tree")


@event("governance.report.issued")
class ReportIssued(FullEvent):
    """A report was drawn from the ledger at a stated position."""

    report: Name = Field(description="name of the report")
    subject: Id | None = Field(None, description="event the report is about")
    digest: Digest = Field(description="SHA-256 of the report")
    media_type: Name = Field(description="IANA media type")
    mapping_version: Text | None = Field(
        None, description="version of the mapping from law to fields"
    )
    positions: list[SealedSize] = Field(
        default_factory=list[SealedSize], description="how far each origin was read"
    )
    known_as_of: Time | None = Field(
        None, description="only what was sealed by then, microseconds since 1970"
    )
