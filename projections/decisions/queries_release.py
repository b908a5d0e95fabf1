"""Which decisions a release made: counted first, then read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError
from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.decisions"
_PAGE = 2_000
_WITHDRAWN = "registry.release.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDecisions:
    """How many decisions a release made.

    Attributes:
        withdrawn: withdrawn or recalled; None while it is neither.
        after_withdrawal: decisions made from then on; None without a withdrawal.
    """

    FILLED: ClassVar[Filled] = Filled(
        by("registry.release.created", "release_id"),
        {
            "withdrawn": by(_WITHDRAWN, "withdrawal_id"),
            "withdrawn_at": by(_WITHDRAWN, "withdrawal_id"),
            "after_withdrawal": derived(_WITHDRAWN),
            "decisions": derived("prediction.decision.recorded"),
            "adverse": derived("prediction.decision.recorded"),
            "first_time": derived("prediction.decision.recorded"),
            "last_time": derived("prediction.decision.recorded"),
        },
    )
    release_id: UUID
    release: str | None
    model: str | None
    version: str | None
    withdrawal_id: UUID | None
    withdrawn: str | None
    withdrawn_at: datetime | None
    decisions: int
    adverse: int
    after_withdrawal: int | None
    first_time: datetime | None
    last_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDecision(Evidence):
    """One decision of a release, with what people did about it.

    Attributes:
        reviewed_as: what a person did last.
        noticed_at: when the person concerned was told; notice_due, when that was due.
    """

    FILLED: ClassVar[Filled] = filled(
        "prediction.decision.recorded",
        reviewed_as=by("oversight.review.decided", "review_id"),
        final_output=by("oversight.review.decided", "review_id"),
        noticed_at=by("oversight.notice.sent", "notice_id"),
        notice_due=by("oversight.notice.sent", "notice_id"),
    )
    deployment_id: UUID
    case_id: UUID | None
    use: str | None
    path: str
    mode: str
    output: str | None
    adverse: bool | None
    review_id: UUID | None
    reviewed_as: str | None
    final_output: str | None
    notice_id: UUID | None
    noticed_at: datetime | None
    notice_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionsByRelease:
    """Counts of each release, then decisions, oldest first.

    Attributes:
        counts: one row a release; complete.
        decisions: at most as many as were asked for.
        complete: whether these are all.
    """

    FILLED: ClassVar[Filled] = computed("prediction.decision.recorded")
    counts: tuple[ReleaseDecisions, ...]
    decisions: tuple[ReleaseDecision, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are meant; see :func:`decisions_by_release`."""

    release: UUID | None = None
    model_version: UUID | None = None
    deployment: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Release:
    release_id: UUID


def decisions_by_release(
    connection: Connection,
    *,
    release: UUID | None = None,
    model_version: UUID | None = None,
    deployment: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> DecisionsByRelease:
    """Return how many decisions a release made, and the first of them (Q07).

    Args:
        connection: of any role.
        release: of this release.
        model_version: of every release of this model version.
        deployment: of this deployment alone.
        since: made then or later.
        until: made before then.
        limit: at most so many decisions; all: with ``--output ndjson``.
        bounds: which facts count.

    Raises:
        InvalidEventError: none of release, model version and deployment is named.
    """
    wanted = Wanted(release, model_version, deployment, since, until)
    counts = count_decisions(connection, wanted, bounds=bounds)
    found: list[ReleaseDecision] = []
    for one in stream_decisions(connection, wanted, page=limit, bounds=bounds):
        if len(found) == limit:
            break
        found.append(one)
    total = sum(one.decisions for one in counts)
    return DecisionsByRelease(
        counts=tuple(counts), decisions=tuple(found), complete=len(found) == total
    )


def count_decisions(
    connection: Connection, wanted: Wanted, *, bounds: Bounds = ALWAYS
) -> list[ReleaseDecisions]:
    """Return the counts of each release that is meant; errors as its question."""
    return ask(
        connection,
        _PACKAGE,
        "decisions_by_release_count",
        ReleaseDecisions,
        bounds,
        releases=_releases(connection, wanted, bounds),
        deployment=wanted.deployment,
        since=wanted.since,
        until=wanted.until,
    )


def stream_decisions(
    connection: Connection,
    wanted: Wanted,
    *,
    page: int = _PAGE,
    bounds: Bounds = ALWAYS,
) -> Iterator[ReleaseDecision]:
    """Yield every decision that is meant, release by release, oldest first.

    One page is in memory at a time, however many there are.
    """
    for release in _releases(connection, wanted, bounds):
        yield from _of_release(connection, release, wanted, min(page, _PAGE), bounds)


def _of_release(
    connection: Connection, release: UUID, wanted: Wanted, page: int, bounds: Bounds
) -> Iterator[ReleaseDecision]:
    after: ReleaseDecision | None = None
    while True:
        found = ask(
            connection,
            _PACKAGE,
            "decisions_by_release",
            ReleaseDecision,
            bounds,
            release=release,
            deployment=wanted.deployment,
            since=wanted.since,
            until=wanted.until,
            after_time=after and after.time,
            after_id=after and after.event_id,
            limit=page,
        )
        yield from found
        if len(found) < page:
            return
        after = found[-1]


def _releases(connection: Connection, wanted: Wanted, bounds: Bounds) -> list[UUID]:
    asked = (wanted.release, wanted.model_version, wanted.deployment)
    if not any(asked):
        raise InvalidEventError(
            "--param release=…, model_version=… or deployment=… is needed"
        )
    found = ask(
        connection,
        _PACKAGE,
        "releases_of",
        _Release,
        bounds,
        release=wanted.release,
        model_version=wanted.model_version,
        deployment=wanted.deployment,
    )
    return [one.release_id for one in found]
