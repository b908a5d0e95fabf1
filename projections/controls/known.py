"""What is recorded of checks and findings, as far as it is projected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.controls.findings import FindingFact, folded
from projections.controls.settings import PACKAGE

if TYPE_CHECKING:
    from projections.controls.findings import Finding
    from projections.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The newest check of a rule; a row of ``last_checks.sql``.

    Attributes:
        event_id, time: of its event.
        rule, rule_digest: what was checked.
        as_of: the moment it was evaluated for.
        positions: how far each origin had been read.
        population, found, opened: see ``control.check.completed``.
        duration_ms: how long it took.
        error: why it could not be evaluated.
    """

    event_id: UUID
    time: datetime
    rule: str
    rule_digest: str
    as_of: datetime
    positions: list[dict[str, Any]] | None
    population: int
    found: int
    opened: int
    duration_ms: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the tables have come of an origin."""

    origin: str
    size: int


def findings(connection: Connection, bounds: Bounds = ALWAYS) -> dict[str, Finding]:
    """Return all findings by key, as the facts up to the bounds make them."""
    return folded(
        ask(
            connection,
            PACKAGE,
            "finding_facts",
            FindingFact,
            bounds,
            finding=None,
            rule=None,
        )
    )


def last_checks(connection: Connection, bounds: Bounds = ALWAYS) -> dict[str, Check]:
    """Return the newest check of each rule."""
    found = ask(connection, PACKAGE, "last_checks", Check, bounds)
    return {one.rule: one for one in found}


def positions(connection: Connection) -> list[Position]:
    """Return how far the tables that rules read have come."""
    return ask(connection, PACKAGE, "rule_positions", Position)
