"""Who uses the decisions of releases, and was told of what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.filled import Filled, by, computed, derived

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.integrity"
_CONTRACT = "consumer.contract.declared"
_ACCESS = "consumer.access.observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerToNotify:
    """A consumer of a release's decisions, and whether it was told.

    Attributes:
        known_by: declared (a contract), observed (an access) or caller (decisions).
        decisions: of a caller, how many it asked for.
        notified_at: when a withdrawal named it as told.
        notice_sent_at: when a notice to it, or to consumers as a kind, was sent.
    """

    FILLED: ClassVar[Filled] = computed(
        "prediction.decision.recorded",
        owner=by(_CONTRACT, "contract_id"),
        purpose=by(_CONTRACT, "contract_id"),
        channels=derived(_CONTRACT),
        notified_at=by("registry.release.withdrawn", "withdrawal_id"),
        notice_sent_at=by("oversight.notice.sent", "notice_id"),
        notice_recipient=by("oversight.notice.sent", "notice_id"),
        evidence_of_access=by(_ACCESS, "access_id"),
    )
    known_by: str
    consumer: str
    owner: str | None
    purpose: str | None
    channels: list[str] | None
    contract_id: UUID | None
    access_id: UUID | None
    first_seen: datetime | None
    last_seen: datetime | None
    decisions: int | None
    withdrawal_id: UUID | None
    notified_at: datetime | None
    notice_id: UUID | None
    notice_sent_at: datetime | None
    notice_recipient: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Release:
    release_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    event_id: UUID


def notify_list(
    connection: Connection,
    releases: list[UUID],
    *,
    incident: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[ConsumerToNotify]:
    """Return the consumers of some releases, and who of them was told.

    Args:
        connection: of any role.
        releases: by their events.
        incident: a notice may be about it, too.
        bounds: which facts count.
    """
    subjects = ask(
        connection,
        _PACKAGE,
        "notice_subjects",
        _Subject,
        bounds,
        releases=releases,
        incident=incident,
    )
    return ask(
        connection,
        _PACKAGE,
        "consumers_to_notify",
        ConsumerToNotify,
        bounds,
        releases=releases,
        abouts=[one.event_id for one in subjects],
    )


def releases_of(connection: Connection, incident: str, bounds: Bounds) -> list[UUID]:
    """Return the releases that an incident involves."""
    found = ask(
        connection,
        _PACKAGE,
        "releases_of_incident",
        _Release,
        bounds,
        incident=incident,
    )
    return [one.release_id for one in found]
