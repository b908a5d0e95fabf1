"""Questions about people beside a system: oversight, periods of use, notices."""

from __future__ import annotations

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
LEAST_REVIEWERS = 5
"""Reviewers a group must have; no parameter, or numbers of one person could be had."""
NOTICE_DAYS = {"reg-b": 30, "co-sb-26-189": 30}
"""Days from an adverse decision to its notice, by law."""
_NUMBERS = (
    "reviewers",
    "reviews",
    "overridden",
    "override_percent",
    "agreement_percent",
    "median_seconds",
    "not_opened",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOversight:
    """What a group of reviewers did; a reviewer is never named.

    Attributes:
        team: the group; None for all that are too small to be shown, together.
        withheld: too few even together: the numbers are known, and not shown.
        agreement_percent: share of reviews after which the model's output counts.
        not_opened: reviews decided without opening the case.
    """

    FILLED: ClassVar[Filled] = computed("oversight.review.decided")
    team: str | None
    pooled: bool
    withheld: bool
    reviewers: int | None
    reviews: int | None
    overridden: int | None
    override_percent: float | None
    agreement_percent: float | None
    median_seconds: float | None
    not_opened: int | None

    @property
    def withheld_fields(self) -> tuple[str, ...]:
        """Fields that are empty because they are not shown."""
        return ("team", *_NUMBERS) if self.withheld else ("team",) * self.pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Evidence):
    """A stop of a system or of one deployment, and when it went on."""

    FILLED: ClassVar[Filled] = filled(
        "oversight.system.stopped",
        resumed_at=by("oversight.system.resumed", "resumption_id"),
    )
    system: str
    deployment_id: UUID | None
    reason: str | None
    resumption_id: UUID | None
    resumed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTest(Evidence):
    """A test whether a system can be stopped, and how long that took."""

    FILLED: ClassVar[Filled] = filled("oversight.stop.tested")
    system: str
    passed: bool
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Oversight:
    """How people oversee a system.

    Attributes:
        groups: reviews by group of at least five reviewers, the rest together.
        stops: oldest first.
        tests: of the stop, oldest first.
    """

    FILLED: ClassVar[Filled] = computed("oversight.review.decided")
    groups: tuple[GroupOversight, ...]
    stops: tuple[Stop, ...]
    tests: tuple[StopTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePeriod(Evidence):
    """A period of use; two_verified: two different persons are named."""

    FILLED: ClassVar[Filled] = filled(
        "prediction.session.ended",
        environment=by("serving.deployment.activated", "deployment_id"),
        service=by("serving.deployment.activated", "deployment_id"),
        two_verified=derived("prediction.session.ended"),
    )
    deployment_id: UUID
    environment: str | None
    service: str | None
    system: str | None
    started_at: datetime
    ended_at: datetime
    operator: str | None
    reference_database: str | None
    verified_by: list[str]
    two_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDue(Evidence):
    """An adverse decision without a notice in time.

    Attributes:
        due: when the notice is or was due.
        final_output: what counts by the newest review that did not leave it open.
        overridden: whether that review decided otherwise; None without one.
        state: overdue, due (not yet late), sent_late, or overridden: a person decided
            otherwise before it was due. Whether what counts since is adverse too, and
            a notice due for it, no event says: look at final_output.
    """

    FILLED: ClassVar[Filled] = filled(
        "prediction.decision.recorded",
        system=by("serving.deployment.activated", "system_by"),
        due=derived("prediction.decision.recorded"),
        state=derived("oversight.notice.sent"),
        days_late=derived("oversight.notice.sent"),
        sent_at=by("oversight.notice.sent", "notice_id"),
        final_output=by("oversight.review.decided", "review_id"),
        overridden=derived("oversight.review.decided"),
    )
    case_id: UUID | None
    system: str | None
    system_by: UUID | None
    output: str | None
    use: str | None
    due: datetime
    notice_id: UUID | None
    sent_at: datetime | None
    review_id: UUID | None
    final_output: str | None
    overridden: bool | None
    state: str
    days_late: int


def oversight(
    connection: Connection,
    *,
    system: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> Oversight:
    """Return how people oversee a system: by group, and when they stopped it (Q12).

    Args:
        connection: of any role.
        system: of this AI system alone.
        since: decided then or later.
        until: decided before then.
        bounds: which facts count.
    """
    period = {"system": system, "since": since, "until": until}
    groups = ask(
        connection,
        _PACKAGE,
        "oversight_groups",
        GroupOversight,
        bounds,
        least=LEAST_REVIEWERS,
        **period,
    )
    stops = ask(connection, _PACKAGE, "oversight_stops", Stop, bounds, **period)
    tests = ask(connection, _PACKAGE, "oversight_tests", StopTest, bounds, **period)
    return Oversight(groups=tuple(groups), stops=tuple(stops), tests=tuple(tests))


def use_periods(
    connection: Connection,
    *,
    system: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[UsePeriod]:
    """Return when a system was in use, and who verified what it found (Q29)."""
    return ask(
        connection,
        _PACKAGE,
        "use_periods",
        UsePeriod,
        bounds,
        system=system,
        since=since,
        until=until,
        limit=limit,
    )


def notices_due(
    connection: Connection,
    *,
    now: datetime,
    regime: str | None = None,
    days: int | None = None,
    system: str | None = None,
    since: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[NoticeDue]:
    """Return the adverse decisions that had no notice in time (Q30).

    Args:
        connection: of any role.
        now: counts as the moment asked for when the bounds name none.
        regime: law that asks for the notice; any notice counts when it is None.
        days: from decision to notice; else those of the law, else 30.
        system: of this AI system alone.
        since: decisions made then or later.
        limit: at most so many.
        bounds: which facts count.

    Raises:
        InvalidEventError: a law whose days are not known, and no days are given.
    """
    if regime is not None and days is None and regime not in NOTICE_DAYS:
        known = ", ".join(NOTICE_DAYS)
        hint = f"known are {known}; or say --param days=…"
        raise InvalidEventError(f"regime {regime}: its days are not known", hint=hint)
    return ask(
        connection,
        _PACKAGE,
        "notices_due",
        NoticeDue,
        bounds,
        now=bounds.as_of or now,
        regime=regime,
        days=NOTICE_DAYS.get(regime or "", 30) if days is None else days,
        system=system,
        since=since,
        limit=limit,
    )
