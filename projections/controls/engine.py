"""Evaluate rules: every object they test, and which of them break them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row

from ledger import clock
from ledger.errors import DatabaseUnavailableError
from projections.asking import asking
from projections.controls.findings import key_of
from projections.controls.rule_text import rule_text
from projections.controls.settings import PACKAGE, InForce, in_force, rule_settings
from projections.evidence import Bounds
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from projections.controls.rulebook import Parameters, Rule
    from projections.database import Connection

LIMIT_MS = 600_000
"""How long one rule may take."""
FAILED = "not evaluated"
"""Detail of the finding that a rule could not be evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One object that a rule tested; a row of the rule's query.

    Attributes:
        object_id, object_name: the object; one of them at least.
        model, system_id: what it belongs to.
        breached: whether it breaks the rule.
        detail: what distinguishes two breaches of one object.
        cause: what is wrong, in one sentence; empty where nothing is.
        evidence: events that show it.
        severity: of this breach, where it is not that of the rule.
        exception_id, excepted_until: the exception in force that covers it, and its
            end; without it, it would break the rule.
    """

    object_id: UUID | None
    object_name: str | None
    model: str | None
    system_id: str | None
    breached: bool
    detail: str | None
    cause: str | None
    evidence: list[UUID] | None
    severity: str | None = None
    exception_id: UUID | None = None
    excepted_until: datetime | None = None

    @property
    def thing(self) -> str:
        """The object's id, or its name where it has none."""
        return str(self.object_id or self.object_name or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one rule.

    Attributes:
        rule: the rule.
        setting: how it was set.
        as_of: the moment it was evaluated for.
        population: how many objects it tested.
        breaches: what broke it, by key of the finding.
        excepted: what would have, were it not for an exception in force.
        duration_ms: how long it took.
        error: why it could not be evaluated, or None.
    """

    rule: Rule
    setting: InForce
    as_of: datetime
    population: int
    breaches: dict[str, Examined]
    excepted: dict[str, Examined]
    duration_ms: int
    error: str | None = None


def evaluate(
    connection: Connection,
    rules: Iterable[Rule],
    *,
    as_of: datetime,
    known_as_of: datetime,
) -> list[Result]:
    """Evaluate rules at one moment; rules that are switched off are left out.

    Args:
        connection: that may read the tables.
        rules: which.
        as_of: what had happened by then counts.
        known_as_of: what had been sealed by then counts.

    Raises:
        ConfigurationError: the tables are not there yet.
        DatabaseUnavailableError: the database does not answer.
    """
    bounds = Bounds(as_of, known_as_of)
    settings = rule_settings(connection, bounds)
    found: list[Result] = []
    for rule in rules:
        setting = in_force(rule, settings.get(rule.id, {}))
        if setting.enabled:
            found.append(_evaluated(connection, rule, setting, bounds))
    return found


def _evaluated(
    connection: Connection, rule: Rule, setting: InForce, bounds: Bounds
) -> Result:
    """Evaluate one rule; one that fails is a finding, and the others go on."""
    begun = clock.monotonic()
    rows: list[Examined] = []
    error: str | None = None
    try:
        with asking(), connection.transaction():
            limit = {"limit": f"{LIMIT_MS}ms"}
            connection.execute(sql(PACKAGE, "rule_time"), limit)
            rows = _tested(connection, rule, setting, bounds)
    except (psycopg.Error, DatabaseUnavailableError) as raised:
        if connection.broken or connection.closed:
            raise
        error = str(raised).strip().splitlines()[0]
    breaches = _keyed(rule, (row for row in rows if row.breached))
    if error is not None:
        breaches = {key_of(rule.id, rule.id, FAILED): failure(rule, error)}
    assert bounds.as_of is not None  # noqa: S101  evaluate() gives it
    return Result(
        rule=rule,
        setting=setting,
        as_of=bounds.as_of,
        population=len({row.thing for row in rows}),
        breaches=breaches,
        excepted=_keyed(rule, (row for row in rows if row.exception_id)),
        duration_ms=round((clock.monotonic() - begun) * 1_000),
        error=error,
    )


def _keyed(rule: Rule, rows: Iterable[Examined]) -> dict[str, Examined]:
    return {key_of(rule.id, row.thing, row.detail or ""): row for row in rows}


def failure(rule: Rule, error: str) -> Examined:
    """Return the breach that a rule could not be evaluated."""
    return Examined(
        object_id=None,
        object_name=rule.id,
        model=None,
        system_id=None,
        breached=True,
        detail=FAILED,
        cause=f"the rule {rule.id} could not be evaluated: {error}",
        evidence=[],
    )


def _tested(
    connection: Connection, rule: Rule, setting: InForce, bounds: Bounds
) -> list[Examined]:
    """Ask a rule's query: once for all, and again for systems with limits of theirs."""
    rows = _ask(connection, rule, setting.parameters, bounds)
    special = {
        system: own
        for system, own in setting.systems.items()
        if own != setting.parameters
    }
    kept = [row for row in rows if row.system_id not in special]
    for system, own in special.items():
        again = _ask(connection, rule, own, bounds)
        kept += [row for row in again if row.system_id == system]
    return [row for row in kept if row.system_id not in setting.off]


def _ask(
    connection: Connection, rule: Rule, parameters: Parameters, bounds: Bounds
) -> list[Examined]:
    values = {
        **parameters,
        "rule": rule.id,
        "as_of": bounds.as_of,
        "known_as_of": bounds.known_as_of,
    }
    with connection.cursor(row_factory=class_row(Examined)) as cursor:
        return cursor.execute(rule_text(rule.id), values).fetchall()
