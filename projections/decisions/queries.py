"""Questions about decisions; see also :func:`projections.chain.decision_chain`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.decisions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Evidence):
    """One decision, with the labels of its release and deployment where recorded."""

    release_id: UUID
    deployment_id: UUID
    attestation_id: UUID | None
    case_id: UUID | None
    use: str | None
    path: str
    mode: str
    output: str | None
    adverse: bool | None
    reason_codes: list[str]
    caller: str | None
    latency_us: int | None
    replaces_decision_id: UUID | None
    release: str | None
    model: str | None
    version: str | None
    environment: str | None
    service: str | None
    system_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCount:
    """How many decisions a release made in an environment."""

    release_id: UUID
    release: str | None
    model: str | None
    version: str | None
    environment: str | None
    decisions: int
    adverse: int
    not_by_model: int
    first_time: datetime
    last_time: datetime


def decision_list(
    connection: Connection,
    *,
    release: UUID | None = None,
    deployment: UUID | None = None,
    model: str | None = None,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Decision]:
    """Return decisions, newest first.

    Args:
        connection: of any role.
        release: of this release alone.
        deployment: of this deployment alone.
        model: of this model alone.
        since: made then or later.
        before: time and id of the last row of the page before this one.
        limit: at most so many.
        bounds: which facts count.
    """
    time, event_id = before or (None, None)
    return ask(
        connection,
        _PACKAGE,
        "decision_list",
        Decision,
        bounds,
        release=release,
        deployment=deployment,
        model=model,
        since=since,
        before_time=time,
        before_id=event_id,
        limit=limit,
    )


def decision_find(
    connection: Connection, identifier: UUID, *, bounds: Bounds = ALWAYS
) -> list[Decision]:
    """Return the decision with that id, or the decisions of the case with that id."""
    return ask(connection, _PACKAGE, "decision_find", Decision, bounds, id=identifier)


def decision_counts(
    connection: Connection,
    *,
    release: UUID | None = None,
    since: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[DecisionCount]:
    """Return how many decisions each release made, busiest first."""
    return ask(
        connection,
        _PACKAGE,
        "decision_counts",
        DecisionCount,
        bounds,
        release=release,
        since=since,
    )
