"""Questions about what is missing: streams, ranges, late arrivals, orphans, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled
from projections.integrity.queries import Gap, gaps
from projections.status import AHEAD_AFTER

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.integrity"
_OPENED = "ledger.stream.opened"
_DECISION = "prediction.decision.recorded"
LATE_S = 86_400
AHEAD_S = int(AHEAD_AFTER.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteStream:
    """How whole a producer's stream arrived.

    Attributes:
        missing: sequence numbers between first and last that no accepted entry has.
        report: reported (a heartbeat) or closed: what the producer said last.
        reported: events it had signed by then; counted, what the log holds of them.
        dropped: events it says it had to drop.
        difference: reported less counted.
        silences: pauses of more than three heartbeats between two entries.
    """

    FILLED: ClassVar[Filled] = computed(
        "ledger.stream.opened",
        identity=by(_OPENED, "opened_id"),
        heartbeat_s=by(_OPENED, "opened_id"),
        report=by("ledger.stream.reported", "report_id"),
        reported_at=by("ledger.stream.reported", "report_id"),
        reported=by("ledger.stream.reported", "report_id"),
        dropped=by("ledger.stream.reported", "report_id"),
        counted=derived("ledger.stream.reported"),
        difference=derived("ledger.stream.reported"),
    )
    stream_id: UUID
    origin: str
    identity: str | None
    opened_id: UUID | None
    first_seq: int
    last_seq: int
    entries: int
    events: int
    missing: int
    report_id: UUID | None
    report: str | None
    reported_at: datetime | None
    reported: int | None
    dropped: int | None
    counted: int | None
    difference: int | None
    heartbeat_s: int | None
    silences: int | None
    first_sealed_at: datetime
    last_sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRange:
    """Sequence numbers of a stream that never arrived, first to last."""

    FILLED: ClassVar[Filled] = computed("ledger.gap.declared")
    origin: str
    stream_id: UUID
    leaf: int
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateArrivals:
    """Events of a type and identity that were sealed long after their claimed time."""

    FILLED: ClassVar[Filled] = computed("", first_id=by("", "first_id"))
    identity: str
    type: str
    events: int
    longest_s: int
    first_time: datetime
    last_time: datetime
    first_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AheadArrivals(LateArrivals):
    """Events of a type and identity that are dated after they were sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """Something that refers to what nobody recorded; ``missing`` would fill it."""

    FILLED: ClassVar[Filled] = computed("")
    kind: str
    object_id: UUID
    missing: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What is known to be missing; says nothing about what was never logged."""

    FILLED: ClassVar[Filled] = computed("")
    streams: tuple[CompleteStream, ...]
    missing: tuple[MissingRange, ...]
    gaps: tuple[Gap, ...]
    late: tuple[LateArrivals, ...]
    ahead: tuple[AheadArrivals, ...]
    orphans: tuple[Orphan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus(Evidence):
    """A key at a moment; ``identity`` authorised it, ``key_identity`` signs with it.

    Attributes:
        state: in_force, suspect or revoked at that moment.
        entries: entries signed with it that were accepted.
        entries_after: those sealed after its revocation and accepted all the same.
        refused_after: those sealed after its revocation and refused.
    """

    FILLED: ClassVar[Filled] = filled(
        "ledger.key.authorized",
        state=derived("ledger.key.authorized"),
        valid_from=derived("ledger.key.authorized"),
        revoked_at=by("ledger.key.revoked", "revocation_id"),
        reason=by("ledger.key.revoked", "revocation_id"),
        compromised_since=by("ledger.key.revoked", "revocation_id"),
        entries=derived("ledger.key.authorized"),
        entries_after=derived("ledger.key.revoked"),
        refused_after=derived("ledger.key.revoked"),
    )
    key_identity: str
    kind: str
    event_types: list[str]
    attests: bool
    key_fp: str
    valid_from: datetime
    state: str
    revoked_at: datetime | None
    reason: str | None
    compromised_since: datetime | None
    revocation_id: UUID | None
    entries: int
    entries_after: int
    refused_after: int | None


def completeness(
    connection: Connection,
    *,
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    late_s: int = LATE_S,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> Completeness:
    """Return what is missing, late, ahead or orphaned, as far as it shows (Q04).

    Args:
        connection: of any role.
        source: identity that wrote; its streams, late arrivals and what it dated ahead.
        since: streams sealed, and events that happened, then or later.
        until: the same, before then.
        late_s: seconds between claim and seal beyond which an event is late.
        limit: at most so many missing ranges.
        bounds: which facts count.
    """
    period = {"source": source, "since": since, "until": until}
    return Completeness(
        streams=tuple(
            ask(
                connection,
                _PACKAGE,
                "completeness_streams",
                CompleteStream,
                bounds,
                **period,
            )
        ),
        missing=tuple(
            ask(
                connection,
                _PACKAGE,
                "completeness_ranges",
                MissingRange,
                bounds,
                limit=limit,
            )
        ),
        gaps=tuple(gaps(connection, bounds=bounds)),
        late=tuple(
            ask(
                connection,
                _PACKAGE,
                "completeness_late",
                LateArrivals,
                bounds,
                late_s=late_s,
                **period,
            )
        ),
        ahead=tuple(
            ask(
                connection,
                _PACKAGE,
                "completeness_ahead",
                AheadArrivals,
                bounds,
                ahead_s=AHEAD_S,
                **period,
            )
        ),
        orphans=tuple(
            ask(connection, _PACKAGE, "completeness_orphans", Orphan, bounds)
        ),
    )


def key_status(connection: Connection, *, bounds: Bounds = ALWAYS) -> list[KeyStatus]:
    """Return the keys as of a moment, and what was signed after a revocation (Q27)."""
    return ask(connection, _PACKAGE, "key_status", KeyStatus, bounds)
