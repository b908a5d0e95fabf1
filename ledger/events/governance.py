"""Governance: systems, principals, statements, reports, retention, accesses."""

from pydantic import Field

from ledger.events.base import FullEvent, Ref, event
from ledger.events.common import Change, IdentityKind, Origin, SealedSize
from ledger.events.governance_parts import (
    AccessKind,
    Bound,
    DeletionCause,
    Residual,
    Retained,
    Stage,
)
from ledger.events.types import (
    Bytes,
    Count,
    Digest,
    Flag,
    Id,
    Line,
    Name,
    Text,
    Time,
)


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


@event("governance.retention_rule.set")
class RetentionRuleSet(FullEvent):
    """A retention rule was set or switched off; the newest of a name counts."""

    rule: Name = Field(description="name of the rule, never reused for another")
    data_class: Name = Field(description="what it is about, such as payload")
    bound: Bound = Field(description="which way it binds")
    period_days: Count = Field(description="days, counted from the decision's time")
    provision: Text | None = Field(None, description="article or section behind it")
    uses: list[Text] = Field(
        default_factory=list[str],
        description="decisions of these uses alone; empty means all",
    )
    enabled: Flag = Field(description="false switches the rule off")
    reason: Text | None = Field(None, description="why it was set or changed")


@event("governance.hold.placed")
class HoldPlaced(FullEvent):
    """What a hold covers is not deleted until it is released."""

    hold: Name = Field(description="name of the hold, never reused")
    reason: Text = Field(description="why, without naming a person")
    provision: Text | None = Field(None, description="article or section behind it")
    decisions: list[Id] = Field(
        default_factory=list[bytes], description="decisions it covers"
    )
    cases: list[Id] = Field(
        default_factory=list[bytes], description="cases whose decisions it covers"
    )
    uses: list[Text] = Field(
        default_factory=list[str], description="uses whose decisions it covers"
    )
    everything: Flag = Field(description="whether it covers every decision")


@event("governance.hold.released")
class HoldReleased(FullEvent):
    """A hold ended."""

    hold: Name = Field(description="name of the hold")
    reason: Text = Field(description="why it ended")


@event("governance.payload.deleted")
class PayloadDeleted(FullEvent):
    """Personal payload was deleted from the vault and its keys were destroyed.

    The decisions, their commitments and every proof stay. It names no person; that
    these decisions lost their payload at one moment may link them.
    """

    cause: DeletionCause = Field(description="what made it due")
    method: Line = Field(description="what was done, step by step")
    decisions: list[Id] = Field(description="decisions whose payload was deleted")
    key_ids: list[Bytes] = Field(description="random ids of the destroyed data keys")
    deleted_at: Time = Field(description="when the keys were destroyed")
    retained: list[Retained] = Field(
        default_factory=list[Retained], description="what a duty or hold left in place"
    )
    residuals: list[Residual] = Field(
        default_factory=list[Residual], description="what remains, where, until when"
    )
    backup_clear_by: Time | None = Field(
        None, description="when the last backup that may hold the payload is gone"
    )
    request: Id | None = Field(None, description="oversight.request.received event")
    rule: Name | None = Field(None, description="retention rule, if on schedule")
    reason: Text | None = Field(None, description="why, without naming a person")


@event("governance.system.changed")
class SystemChanged(FullEvent):
    """What the inventory says of an AI system changed."""

    system: Name = Field(description="registered name of the system")
    changes: list[Change] = Field(description="what changed")
    reason: Text | None = Field(None, description="why")


@event("governance.system.classified")
class SystemClassified(FullEvent):
    """A person decided which class of a regime an AI system falls into."""

    system: Name = Field(description="registered name of the system")
    regime: Name = Field(description="law or policy, such as eu-ai-act")
    category: Name = Field(description="class within it, such as high_risk")
    grounds: Line = Field(description="why, with the provision")
    decided_by: Text | None = Field(None, description="pseudonym of who decided")


@event("governance.system.retired")
class SystemRetired(FullEvent):
    """An AI system went out of use; its history stays."""

    system: Name = Field(description="registered name of the system")
    effective_at: Time = Field(description="from when")
    reason: Text | None = Field(None, description="why")


@event("governance.role.granted")
class RoleGranted(FullEvent):
    """A person or service was given a role: a mandate, or the care for a stage."""

    principal: Name = Field(description="identity that gets the role")
    role: Name = Field(description="role, such as approver, owner or expert")
    system: Text | None = Field(None, description="AI system it is for; none is any")
    model: Text | None = Field(None, description="model it is for; none is any")
    stage: Stage | None = Field(None, description="stage it is for; none is any")
    gates: list[Text] = Field(
        default_factory=list[str], description="gates it may decide at; empty is none"
    )
    max_materiality: Text | None = Field(
        None, description="highest tier it may decide on; none is any"
    )
    valid_from: Time = Field(description="from when")
    until: Time | None = Field(None, description="until when; none is open")
    handed_over_from: Text | None = Field(
        None, description="identity that had the role before"
    )
    reason: Text | None = Field(None, description="why")


@event("governance.role.revoked")
class RoleRevoked(FullEvent):
    """A role ended before its time."""

    grant: Ref = Field(description="event that granted the role")
    effective_at: Time = Field(description="from when it no longer holds")
    reason: Text | None = Field(None, description="why")


@event("governance.exception.granted")
class ExceptionGranted(FullEvent):
    """A rule need not be kept for a time, against a compensating control."""

    exception: Name = Field(description="name of the exception, never reused")
    policy: Name = Field(description="rule or gate it is an exception from")
    object: Ref | None = Field(None, description="event it is for; none is the system")
    system: Text | None = Field(None, description="AI system it is for")
    reason: Line = Field(description="why")
    compensating_control: Line = Field(description="what is done instead")
    approver: Name = Field(description="identity of who granted it")
    expires: Time = Field(description="until when it holds")


@event("governance.exception.ended")
class ExceptionEnded(FullEvent):
    """An exception ended before its time."""

    exception: Ref = Field(description="event that granted it")
    reason: Text | None = Field(None, description="why")


@event("governance.access.logged")
class AccessLogged(FullEvent):
    """Somebody read recorded data; recorded before a payload is opened."""

    kind: AccessKind = Field(description="what was read")
    principal: Name = Field(description="identity of who read")
    role: Text | None = Field(None, description="role in which they read, as claimed")
    purpose: Text | None = Field(None, description="what for, as claimed")
    query: Name = Field(description="question, report or page that was asked for")
    parameters_digest: Digest | None = Field(
        None,
        description="SHA-256 of the parameters as canonical JSON (RFC 8785); whoever "
        "can guess them can test the guess",
    )
    rows: Count | None = Field(None, description="rows of the answer, if counted")
    payload_opened: Flag = Field(description="whether personal payload was opened")
    decision: Id | None = Field(None, description="decision it was about, if one")
    subject_commitment: Bytes | None = Field(
        None, description="what that decision committed to; names nobody by itself"
    )
    break_glass: Flag = Field(
        description="whether it was an emergency, to be looked at afterwards"
    )
    reason: Text | None = Field(
        None, description="why it was an emergency, without naming a person"
    )
    channel: Text | None = Field(
        None, description="program that answered, such as cli or dashboard"
    )
