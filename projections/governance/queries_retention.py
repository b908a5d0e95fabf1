"""Questions about what is kept and what is deleted: rules, erasures, holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.governance"
_DECISION = "prediction.decision.recorded"
_DELETED = "governance.payload.deleted"
_REQUEST = "oversight.request.received"
_ANSWER = "oversight.request.answered"
_Nested = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionAttestation(Evidence):
    """A retention rule in force, and whether it is kept.

    Attributes:
        bound: floor (kept at least so long) or ceiling (deleted at the latest then).
        oldest_kept: oldest decision whose payload was committed to and not deleted.
        earliest_deletion: before then a floor lets nothing go.
        overdue: payloads past a ceiling that no hold covers; held, those one covers.
        deleted: decisions whose payload is gone on account of this rule.
        holds: in force, and touching what the rule is about.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.retention_rule.set",
        oldest_kept=by(_DECISION, "oldest_id"),
        earliest_deletion=by(_DECISION, "oldest_id"),
        overdue=derived(_DECISION),
        held=derived(_DECISION),
        deleted=derived(_DELETED),
        holds=by("governance.hold.placed", "hold_ids"),
        evidence_of_deletion=by(_DELETED, "deletion_ids"),
    )
    data_class: str
    rule: str
    bound: str
    period_days: int
    provision: str | None
    uses: list[str]
    enabled: bool
    oldest_id: UUID | None
    oldest_kept: datetime | None
    earliest_deletion: datetime | None
    overdue: int | None
    held: int | None
    deleted: int | None
    deletion_ids: list[UUID] | None
    holds: list[str] | None
    hold_ids: list[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A request for erasure with what came of it, or a deletion on schedule.

    Attributes:
        decisions: how many lost their payload.
        retained: what a duty or hold left in place; residuals, what remains.
        answered_late: after it was due.
    """

    FILLED: ClassVar[Filled] = Filled(
        by(_DELETED, "deletion_id"),
        {
            "request": by(_REQUEST, "request_id"),
            "received_at": by(_REQUEST, "request_id"),
            "due": by(_REQUEST, "request_id"),
            "outcome": by(_ANSWER, "answer_id"),
            "answered_at": by(_ANSWER, "answer_id"),
            "provision": by(_ANSWER, "answer_id"),
            "answered_late": derived(_ANSWER),
        },
    )
    request_id: UUID | None
    request: str | None
    received_at: datetime | None
    due: datetime | None
    answer_id: UUID | None
    outcome: str | None
    answered_at: datetime | None
    provision: str | None
    deletion_id: UUID | None
    cause: str | None
    rule: str | None
    method: str | None
    deleted_at: datetime | None
    decisions: int | None
    retained: list[_Nested] | None
    residuals: list[_Nested] | None
    backup_clear_by: datetime | None
    answered_late: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Evidence):
    """A hold, what it covers, and what was tried against it.

    Attributes:
        covered: recorded decisions that it covers.
        attempts: payloads that a deletion left in place on its account.
        deleted_during: covered payloads that were deleted while it was in force.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.hold.placed",
        released_at=by("governance.hold.released", "release_id"),
        active=derived("governance.hold.placed"),
        covered=derived(_DECISION),
        attempts=derived(_DELETED),
        deleted_during=derived(_DELETED),
        evidence_of_attempts=by(_DELETED, "attempt_ids"),
        evidence_of_deletion=by(_DELETED, "deletion_ids"),
    )
    hold: str
    reason: str
    provision: str | None
    everything: bool
    uses: list[str]
    named_decisions: int
    named_cases: int
    placed_at: datetime
    release_id: UUID | None
    released_at: datetime | None
    active: bool
    covered: int
    attempts: int
    attempt_ids: list[UUID] | None
    deleted_during: int
    deletion_ids: list[UUID] | None


def retention_attestation(
    connection: Connection,
    *,
    now: datetime,
    data_class: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[RetentionAttestation]:
    """Return the retention rules in force, and whether they are kept (Q24).

    Args:
        connection: of any role.
        now: counts as the moment asked for when the bounds name none.
        data_class: such as payload; all when it is None.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "retention_attestation",
        RetentionAttestation,
        bounds,
        now=bounds.as_of or now,
        data_class=data_class,
    )


def erasure_log(
    connection: Connection,
    *,
    request: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Erasure]:
    """Return which erasures were asked for or due, and what remains (Q25)."""
    return ask(
        connection,
        _PACKAGE,
        "erasure_log",
        Erasure,
        bounds,
        request=request,
        since=since,
        until=until,
        limit=limit,
    )


def holds(
    connection: Connection, *, hold: str | None = None, bounds: Bounds = ALWAYS
) -> list[Hold]:
    """Return the holds, what they cover, and what was tried against them (Q32)."""
    return ask(connection, _PACKAGE, "holds", Hold, bounds, hold=hold)
