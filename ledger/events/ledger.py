"""The ledger about itself: roots, keys, schemas, logs, streams and gaps.

The schemas of this family are part of the format: a verifier has them built in.
"""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, Strict

from ledger.events.base import LeanEvent, Part, Ref, event
from ledger.events.common import IdentityKind
from ledger.events.types import Bytes, Count, Flag, Int, Line, Long, Name, Text, Time


def _check_policy(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds the control character U+0000")
    return value


Policy = Annotated[
    str, Strict(), Field(max_length=65_536), AfterValidator(_check_policy)
]


@event("ledger.root.set")
class RootSet(LeanEvent):
    """The name, origins and keys of the ledger: at its beginning, or changed later.

    It is the second event of the genesis entry. Later it stands in an endorsed
    statement, with name, origins and log keys as they are in force.
    """

    name: Name = Field(description="name of the ledger")
    origins: list[Name] = Field(description="origins: control, manifest, p0, p1 …")
    root_keys: list[Bytes] = Field(description="raw Ed25519 public keys of the roots")
    threshold: Int = Field(gt=0, description="how many roots must endorse a statement")
    log_keys: list[Text] = Field(description="signed-note verifier key of each origin")
    operator_keys: list[Bytes] = Field(
        description="raw Ed25519 public keys of the operators"
    )


class Endorsement(Part):
    """One key's signature over a statement."""

    key_fp: Bytes = Field(description="SHA-256 of the raw Ed25519 public key")
    sig: Bytes = Field(
        description="Ed25519 over DSSE PAE(application/vnd.mlledger.statement.v1, "
        "schema id followed by the statement)"
    )


@event("ledger.statement.endorsed")
class StatementEndorsed(LeanEvent):
    """A statement that needs several keys was endorsed by them."""

    statement_schema: Bytes = Field(description="schema id of the statement")
    statement: Bytes = Field(description="Avro body of the statement")
    endorsements: list[Endorsement] = Field(description="one for each key")


@event("ledger.key.authorized")
class KeyAuthorized(LeanEvent):
    """A key may sign events of some types, in the name of an identity."""

    public_key: Bytes = Field(description="raw Ed25519 public key")
    identity: Name = Field(description="who signs with it")
    kind: IdentityKind = Field(description="who stands behind the identity")
    event_types: list[Name] = Field(
        description="prefixes of the types it may sign, such as mlledger.prediction.*"
    )
    attests: Flag = Field(description="whether it may attest that a person decided")


@event("ledger.key.revoked")
class KeyRevoked(LeanEvent):
    """A key may no longer sign."""

    key_fp: Bytes = Field(description="SHA-256 of the raw Ed25519 public key")
    compromised_since: Time | None = Field(
        None, description="entries from then on are suspect, microseconds since 1970"
    )
    reason: Text = Field(description="why")


@event("ledger.key.rotated")
class KeyRotated(LeanEvent):
    """Another key signs in the name of an identity; both keys endorse it."""

    old_key_fp: Bytes = Field(description="SHA-256 of the raw public key so far")
    public_key: Bytes = Field(description="raw Ed25519 public key that follows it")


@event("ledger.schema.registered")
class SchemaRegistered(LeanEvent):
    """An event type may be used from now on."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    schema_: Bytes = Field(alias="schema", description="the exact bytes of its schema")


@event("ledger.log.opened")
class LogOpened(LeanEvent):
    """An origin was added to the ledger."""

    origin: Name = Field(description="the origin")
    vkey: Text = Field(description="signed-note verifier key of its checkpoints")


@event("ledger.log.closed")
class LogClosed(LeanEvent):
    """An origin takes no more entries."""

    origin: Name = Field(description="the origin")
    size: Count = Field(description="final number of leaves")
    root: Bytes = Field(description="final root hash of its tree")


@event("ledger.log.trimmed")
class LogTrimmed(LeanEvent):
    """Records at the beginning of an origin's log may be deleted; its tree stays."""

    origin: Name = Field(description="the origin")
    before_offset: Count = Field(description="first offset that is kept")
    rule: Text = Field(description="retention rule that asks for it")
    archive: Bytes | None = Field(
        None, description="SHA-256 of the index of the archived records, if archived"
    )


@event("ledger.log_key.announced")
class LogKeyAnnounced(LeanEvent):
    """The checkpoints of an origin get another key."""

    origin: Name = Field(description="the origin")
    vkey: Text = Field(description="signed-note verifier key that comes into use")


@event("ledger.log_key.retired")
class LogKeyRetired(LeanEvent):
    """A former key of an origin signs its checkpoints no longer."""

    origin: Name = Field(description="the origin")
    vkey: Text = Field(description="signed-note verifier key that goes out of use")


@event("ledger.witness_policy.set")
class WitnessPolicySet(LeanEvent):
    """Which witnesses must cosign a checkpoint before it counts as published."""

    policy: Policy = Field(description="text of the policy (C2SP tlog-policy)")


class SeenCheckpoint(Part):
    """A tree head that the writer had seen."""

    origin: Name = Field(description="the origin")
    size: Count = Field(description="number of leaves")
    root: Bytes = Field(description="root hash")


@event("ledger.manifest.published")
class ManifestPublished(LeanEvent):
    """A consistent cut: how far each origin had come at one moment."""

    checkpoints: list[SeenCheckpoint] = Field(description="one for each origin")


class TableDigest(Part):
    """Content of one table of a projection."""

    table: Name = Field(description="name of the table")
    rows: Count = Field(description="number of rows")
    digest: Bytes = Field(
        description="SHA-256 over the rows in order of their primary key, as RFC 8785 "
        "text, surrogate keys resolved"
    )


@event("ledger.projection.digested")
class ProjectionDigested(LeanEvent):
    """What the tables of a projection held when it had come this far."""

    projection: Name = Field(description="name of the projection")
    version: Text = Field(description="version of the code that made the rows")
    checkpoints: list[SeenCheckpoint] = Field(
        description="how far it had come, one for each origin"
    )
    tables: list[TableDigest] = Field(description="one for each table, by name")


@event("ledger.setting.changed")
class SettingChanged(LeanEvent):
    """A setting of the ledger's operation was changed."""

    setting: Name = Field(description="name of the setting")
    before: Text | None = Field(None, description="its value so far, if it had one")
    after: Text | None = Field(None, description="its value from now on")
    by: Text | None = Field(None, description="who changed it, as claimed")


class Predecessor(Part):
    """The stream whose journal this one took over."""

    stream_id: Bytes = Field(description="the earlier stream")
    seq: Long | None = Field(None, description="last entry known to be in the log")
    header_hash: Bytes | None = Field(None, description="header hash of that entry")
    in_flight: list[Bytes] = Field(
        description="header hashes of entries sent whose fate was unknown"
    )


@event("ledger.stream.opened")
class StreamOpened(LeanEvent):
    """A process began to write; first event of its stream."""

    identity: Text = Field(description="who writes, as claimed")
    software: Text = Field(description="writing software")
    version: Text = Field(description="version of the software")
    host: Text = Field(description="pseudonym of the host")
    heartbeat_s: Int = Field(description="seconds between heartbeats")
    predecessor: Predecessor | None = Field(
        None, description="the stream it continues for, if any"
    )
    seen_checkpoint: SeenCheckpoint | None = Field(
        None, description="newest tree head the process had seen"
    )


@event("ledger.stream.reported")
class StreamReported(LeanEvent):
    """A process said that it is alive, and how much it has written."""

    counts: dict[Text, Long] = Field(description="events written so far, by type")
    seen_checkpoint: SeenCheckpoint | None = Field(
        None, description="newest tree head the process had seen"
    )


@event("ledger.stream.closed")
class StreamClosed(LeanEvent):
    """A process ended in good order; last event of its stream."""

    counts: dict[Text, Long] = Field(description="events written in all, by type")


@event("ledger.gap.declared")
class GapDeclared(LeanEvent):
    """Something that should have been recorded was not."""

    stream_id: Bytes | None = Field(None, description="stream in which it is missing")
    cause: Text = Field(description="why")
    first: Long | None = Field(None, description="first sequence number missing")
    last: Long | None = Field(None, description="last sequence number missing")
    count: Count | None = Field(None, description="how many are missing, if known")
    declared_by: Text | None = Field(None, description="who declares it")


@event("ledger.event.corrected")
class EventCorrected(LeanEvent):
    """A recorded event is wrong; it stays as it is, and another tells it right."""

    original: Ref = Field(description="the event that is wrong")
    correction: Ref | None = Field(
        None, description="the event that tells it right; none if nothing replaces it"
    )
    reason: Line = Field(description="what was wrong, and why")
    by: Text | None = Field(None, description="who asked for the correction")
