"""Does every rule find its seeded fault, and nothing in the clean twin beside it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger import clock
from projections.columns import to_time
from projections.controls.engine import Examined, Result, evaluate
from projections.controls.rulebook import rules
from projections.golden.faults import BEGINS, IDENTITIES, cases, told
from projections.golden.world import auditor, scripted_world

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from projections.golden.faults import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one rule did.

    Attributes:
        rule: its id.
        severity, title: see :class:`projections.controls.rulebook.Rule`.
        population: how many objects it tested.
        fired: whether it found its fault; None where no fault is told for it.
        silent: whether it found nothing in its twin; None where none is told.
        others: rules that found something in its twin although they should not.
        cause: what it said of its fault.
        error: why it could not be evaluated.
    """

    rule: str
    severity: str
    title: str
    population: int
    fired: bool | None
    silent: bool | None
    others: tuple[str, ...] = field(default=())
    cause: str = ""
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Tell whether it found its fault, and no rule found anything in its twin."""
        return bool(self.fired and self.silent and not self.others and not self.error)


def control_table(
    folder: Path, *, dsn: str = "", chosen: Collection[str] = ()
) -> list[Row]:
    """Tell all faults and twins into a new ledger, and evaluate every rule once.

    Args:
        folder: in which the ledger is made; ``home`` must not be there yet.
        dsn: database to project into; empty means an embedded server.
        chosen: only the stories of these rules; none means all of them.
    """
    stories = [case for case in cases() if not chosen or case.rule in chosen]
    with scripted_world(
        folder / "home", begins=BEGINS, identities=IDENTITIES, dsn=dsn, name="controls"
    ) as world:
        told(world, stories)
        now = to_time(clock.now_us())
        with auditor(world.config) as connection:
            results = evaluate(connection, rules().values(), as_of=now, known_as_of=now)
    return rows(results, stories, chosen)


def rows(
    results: Iterable[Result], stories: Collection[Case], chosen: Collection[str] = ()
) -> list[Row]:
    """Return how each rule did, by id."""
    found = {result.rule.id: result for result in results}
    told_for = {case.key for case in stories}
    wanted = {case.rule for case in stories} | (set[str]() if chosen else set(found))
    return [_row(name, found, told_for) for name in sorted(wanted)]


def _row(name: str, found: dict[str, Result], told_for: set[str]) -> Row:
    result = found.get(name)
    if result is None:
        error = "there is no such rule"
        return Row(
            rule=name,
            severity="",
            title="",
            population=0,
            fired=None,
            silent=None,
            error=error,
        )
    fault, twin = f"{name}.fault", f"{name}.twin"
    breaches = result.breaches.values()
    causes = [row.cause or "" for row in breaches if belongs(row, fault)]
    others = (
        other
        for other, theirs in found.items()
        if other != name and any(belongs(row, twin) for row in theirs.breaches.values())
    )
    return Row(
        rule=name,
        severity=result.rule.severity,
        title=result.rule.title,
        population=result.population,
        fired=bool(causes) if fault in told_for else None,
        silent=not any(belongs(row, twin) for row in breaches)
        if twin in told_for
        else None,
        others=tuple(others),
        cause=causes[0] if causes else "",
        error=result.error,
    )


def belongs(row: Examined, key: str) -> bool:
    """Tell whether what a rule tested belongs to a story."""
    names = (row.model, row.system_id, row.object_name)
    return any(
        name is not None and (name == key or name.startswith((f"{key}.", f"{key} ")))
        for name in names
    )
