"""Questions about those who run the ledger: corrections, actions, reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, derived, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.database import Connection

_PACKAGE = "projections.governance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Evidence):
    """A recorded event that is wrong, and the one that tells it right.

    Attributes:
        author: who asked for the correction.
        delay_s: seconds for which the original stood uncorrected.
    """

    FILLED: ClassVar[Filled] = filled(
        "ledger.event.corrected",
        original_type=by("", "original_id"),
        original_time=by("", "original_id"),
        original_identity=by("", "original_id"),
        correction_type=by("", "correction_id"),
        correction_time=by("", "correction_id"),
        delay_s=derived("ledger.event.corrected"),
    )
    original_id: UUID
    original_type: str | None
    original_time: datetime | None
    original_identity: str | None
    correction_id: UUID | None
    correction_type: str | None
    correction_time: datetime | None
    reason: str
    author: str
    delay_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorAction(Evidence):
    """What somebody changed who runs the ledger or its policies.

    Attributes:
        action: type of the event.
        object: what was changed, by name.
    """

    FILLED: ClassVar[Filled] = filled("ledger.setting.changed")
    action: str
    object: str | None
    before: str | None
    after: str | None
    actor: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Evidence):
    """A read of recorded data by a person or service.

    Attributes:
        kind: payload, report or question.
        query: question, report or page that was asked for.
        parameters_digest: of the parameters; their values are not recorded.
        subject_commitment: what the decision committed to, hexadecimal.
        break_glass: an emergency, to be looked at afterwards.
    """

    FILLED: ClassVar[Filled] = filled("governance.access.logged")
    kind: str
    principal: str
    role: str | None
    purpose: str | None
    query: str
    parameters_digest: str | None
    rows: int | None
    payload_opened: bool
    decision_id: UUID | None
    subject_commitment: str | None
    break_glass: bool
    reason: str | None
    channel: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyReading(Evidence):
    """An opening of payload that its reader called an emergency.

    Attributes:
        review_id: what another person stated about it afterwards, or None.
        reviewed_by: who signed that.
        finding: what they found, where it is short; else the digest of a document.
    """

    principal: str
    role: str | None
    purpose: str | None
    decision_id: UUID | None
    reason: str | None
    review_id: UUID | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    finding: str | None
    document: str | None


def corrections(
    connection: Connection,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Correction]:
    """Return which events were corrected, by what, and how late (Q31)."""
    return ask(
        connection,
        _PACKAGE,
        "corrections",
        Correction,
        bounds,
        since=since,
        until=until,
        limit=limit,
    )


def administrator_actions(
    connection: Connection,
    *,
    identity: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[AdministratorAction]:
    """Return what those who run the ledger and its policies changed (Q47).

    Args:
        connection: of any role.
        identity: signed by this one alone.
        since: happened then or later.
        until: happened before then.
        limit: at most so many.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "administrator_actions",
        AdministratorAction,
        bounds,
        identity=identity,
        since=since,
        until=until,
        limit=limit,
    )


def access_log(
    connection: Connection,
    *,
    principal: str | None = None,
    decisions: Sequence[UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Access]:
    """Return who read what, and what for (Q26).

    Args:
        connection: of any role.
        principal: by this one alone.
        decisions: about these alone, such as those the vault gives for a person.
        since: read then or later.
        until: read before then.
        limit: at most so many.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "access_log",
        Access,
        bounds,
        principal=principal,
        decisions=None if decisions is None else list(decisions),
        since=since,
        until=until,
        limit=limit,
    )


def emergency_readings(
    connection: Connection,
    *,
    event: UUID | None = None,
    unreviewed: bool = False,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[EmergencyReading]:
    """Return which payloads were opened in an emergency, and who reviewed that.

    Args:
        connection: of any role.
        event: this reading alone.
        unreviewed: only those that no other person reviewed.
        limit: at most so many.
        bounds: which facts count.
    """
    return ask(
        connection,
        _PACKAGE,
        "emergency_readings",
        EmergencyReading,
        bounds,
        event=event,
        open=unreviewed,
        limit=limit,
    )
