"""What stands outside the rules: unregistered, excepted, used for something else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unregistered(Evidence):
    """Something in use that no AI system or release accounts for.

    Attributes:
        kind: observation or deployment.
        first_seen: when it was first seen; ``time`` is the last.
        sightings: how often it was seen.
    """

    FILLED: ClassVar[Filled] = computed("serving.deployment.observed")

    kind: str
    environment: str
    service: str | None
    observer: str | None
    artifact_digest: str | None
    image_digest: str | None
    reason: str
    first_seen: datetime
    sightings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionInForce(Evidence):
    """A rule or gate that need not be kept, and what is done instead.

    Attributes:
        policy: rule or gate.
        object_id: event it is for; None is the whole AI system.
        signed_by_approver: whether who granted it signed the event.
        days_left: whole days until it ends.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.exception.granted",
        object_type=derived("governance.exception.granted"),
        signed_by_approver=derived("governance.exception.granted"),
        days_left=derived("governance.exception.granted"),
    )

    exception: str
    policy: str
    object_id: UUID | None
    object_type: str | None
    system: str | None
    reason: str
    compensating_control: str
    approver: str
    signed_by_approver: bool
    expires: datetime
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideUse:
    """Decisions of one release for one use that it is not approved for.

    Attributes:
        event_id: the release; None when it is not recorded.
        status: not approved, restricted, no use, no uses, or no release.
        decisions: how many decisions; adverse: how many of them were adverse.
        sample_id: the first of them.
    """

    FILLED: ClassVar[Filled] = computed("prediction.decision.recorded")

    release_id: UUID
    event_id: UUID | None
    time: datetime | None
    sealed_at: datetime | None
    origin: str | None
    leaf: int | None
    idx: int | None
    identity: str | None
    release: str | None
    model: str | None
    version: str | None
    system_id: str | None
    use: str | None
    approved_uses: list[str] | None
    restrictions: list[str] | None
    status: str
    decisions: int
    adverse: int
    first_at: datetime
    last_at: datetime
    sample_id: UUID


def unregistered_in_use(
    connection: Connection,
    *,
    environment: str | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Unregistered]:
    """Return what is in use without a registered system or release (Q33)."""
    return ask(
        connection,
        _PACKAGE,
        "unregistered_in_use",
        Unregistered,
        bounds,
        environment=environment,
        limit=limit,
    )


def exceptions_in_force(
    connection: Connection,
    *,
    system: str | None = None,
    now: datetime,
    bounds: Bounds = ALWAYS,
) -> list[ExceptionInForce]:
    """Return the exceptions in force, the one that ends first first (Q37)."""
    return ask(
        connection,
        _PACKAGE,
        "exceptions_in_force",
        ExceptionInForce,
        bounds,
        system=system,
        now=now,
    )


def use_outside_approval(
    connection: Connection,
    *,
    release: UUID | None = None,
    since: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[OutsideUse]:
    """Return which decisions served a use their release is not approved for (Q39)."""
    return ask(
        connection,
        _PACKAGE,
        "use_outside_approval",
        OutsideUse,
        bounds,
        release=release,
        since=since,
        limit=limit,
    )
