"""What the questions about the record itself answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Evidence):
    """An event and where it is; ``digest`` is the SHA-256 of its body as signed."""

    type: str
    version: int
    digest: bytes
    identity_kind: str | None
    subject: str | None
    correlation_id: UUID | None
    causation_id: UUID | None
    actor: str | None
    basis: str | None
    system_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafCount:
    """What was sealed in one origin."""

    origin: str
    leaves: int
    first_leaf: int
    last_leaf: int
    accepted: int
    duplicates: int
    quarantined: int
    gaps: int
    events: int
    streams: int
    first_sealed_at: datetime
    last_sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCount:
    """Events by the headers of an origin's entries, and rows that stand for them."""

    origin: str
    events: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLeaf:
    """An entry that holds another number of events than there are rows for it."""

    origin: str
    leaf: int
    n_events: int
    present: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that was not accepted, and why."""

    origin: str
    leaf: int
    sealed_at: datetime
    claimed_time: datetime | None
    broker_time: datetime | None
    log_offset: int
    verdict: int
    word: str
    aux: int
    record_hash: bytes
    stream_id: UUID | None
    seq: int | None
    key_fp: bytes | None
    n_events: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something known to be missing."""

    kind: str
    origin: str
    leaf: int
    idx: int
    sealed_at: datetime
    first: int | None
    last: int | None
    count: int | None
    cause: str | None
    declared_by: str | None
    event_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A producer's stream; ``state`` is open, silent, closed or frozen."""

    stream_id: UUID
    origin: str
    first_leaf: int
    last_leaf: int
    entries: int
    events: int
    last_sealed_at: datetime
    last_time: datetime | None
    identity: str | None
    software: str | None
    software_version: str | None
    host: str | None
    heartbeat_s: int | None
    opened_at: datetime | None
    event_id: UUID | None
    closed_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One name for two things.

    Attributes:
        kind: event id, model version or release; name, what bears it.
    """

    kind: str
    name: str
    event_id: UUID
    origin: str
    leaf: int
    idx: int
    digest: str
    other_id: UUID
    other_origin: str
    other_leaf: int
    other_idx: int
    other_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An event of an accepted entry that makes no rows."""

    origin: str
    leaf: int
    idx: int
    sealed_at: datetime
    schema_id: bytes
    digest: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A consumer of a resource, declared or observed or both.

    ``declared``: a contract was in force when it was last seen. ``undeclared``:
    observations that no contract covered at their time, from and to then.
    """

    consumer: str
    resource: str
    declared: bool
    observed: bool
    undeclared: int
    undeclared_from: datetime | None
    undeclared_to: datetime | None
    contract_id: UUID | None
    purpose: str | None
    owner: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    observations: int
    records: int | None
    first_seen: datetime | None
    last_seen: datetime | None
    principals: list[str] | None
    clients: list[str] | None
    hosts: list[str] | None
    channels: list[str] | None
    blind_spots: list[str] | None
    last_observation_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerCoverage:
    """Where a collector looked for consumers, and what it cannot see."""

    resource: str
    collector: str | None
    observations: int
    broken: int
    consumers: int
    watched_from: datetime
    watched_to: datetime
    blind_spots: list[str]
    last_observation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Key(Evidence):
    """An authorised key; ``identity`` authorised it, ``key_identity`` signs with it."""

    key_identity: str
    kind: str
    event_types: list[str]
    attests: bool
    key_fp: str
    revoked_at: datetime | None
    reason: str | None
    compromised_since: datetime | None


@dataclass(frozen=True, slots=True)
class Range:
    """What is recorded about a range of seal times (Q05).

    Whether tiles, signatures and verdicts hold is recomputed from the log by
    ``mlledger verify log``, not read from these tables.
    """

    origins: tuple[LeafCount, ...]
    rows: tuple[RowCount, ...]
    refusals: tuple[Refusal, ...]
    gaps: tuple[Gap, ...]
    streams: tuple[Stream, ...]
    conflicts: tuple[Conflict, ...]
    unreadable: tuple[Unreadable, ...]
