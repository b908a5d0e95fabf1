"""Walk from a decision upstream, step by step, and note what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from uuid import UUID

    from projections.stored import Stored

DECISION = "decision"


class Reads(Protocol):
    """Where a walk gets its rows: a database, or entries that were read again."""

    def rows(self, name: str, column: str, keys: Sequence[object]) -> list[Stored]:
        """Return rows of ``schema.table`` whose column is among the keys.

        In order of time and event id.
        """
        ...


Values = Mapping[str, Any]
MAX_ANCESTORS = 1_000
"""Rows of one kind after which no further ancestors are looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """How the rows of one kind are found.

    Attributes:
        table: schema and table.
        column: the key column.
        types: event types that make such rows.
        keys: values of the key column, from what was found before.
        title: a short text of a row.
        is_expected: whether its absence is a gap.
        until_decision: whether only what happened before the decision belongs here.
        ancestors: keys of further rows of the same kind, from one row.
    """

    table: str
    column: str
    types: tuple[str, ...]
    keys: Callable[[Walk], Iterable[object]]
    title: Callable[[Values], str]
    is_expected: bool = True
    until_decision: bool = False
    ancestors: Callable[[Values], Iterable[object]] | None = None

    def type_of(self, values: Values) -> str:
        """Return the event type of a row."""
        if "change" in values:
            return f"serving.deployment.{values['change']}"
        return self.types[0]


class Walk:
    """Goes from a decision upstream; ``found`` and ``gaps`` hold what it met."""

    def __init__(
        self, reader: Reads, decision_id: UUID, steps: Mapping[str, Step]
    ) -> None:
        self.decision_id = decision_id.bytes
        self.kinds = tuple(steps)
        self.found: defaultdict[str, list[Stored]] = defaultdict(list)
        self.gaps: defaultdict[str, list[bytes | str | None]] = defaultdict(list)
        self._reader = reader
        for kind, step in steps.items():
            self._take(kind, step)

    @property
    def is_incomplete(self) -> bool:
        """Whether there is a gap, or a row that is absent."""
        rows = [row for found in self.found.values() for row in found]
        return any(self.gaps.values()) or any(row.absent for row in rows)

    def values(self, kind: str, column: str) -> list[Any]:
        """Return what the rows of a kind say in a column, without nulls."""
        found = (row.values.get(column) for row in self.found[kind])
        return [value for value in found if value is not None]

    def ids(self, *kinds: str) -> list[bytes]:
        """Return the event ids of the rows of some kinds."""
        return [value for kind in kinds for value in self.values(kind, "event_id")]

    def attested(self) -> list[bytes]:
        """Return the attestations of the deployment up to the decision, in order."""
        keys = self.ids("deployment")
        rows = self._reader.rows("registry.process_attestation", "deployment_id", keys)
        return [
            cast("bytes", r.values["event_id"]) for r in self._before_decision(rows)
        ]

    def _take(self, kind: str, step: Step) -> None:
        keys = list(dict.fromkeys(step.keys(self)))
        rows = self._reader.rows(step.table, step.column, keys)
        if step.until_decision:
            rows = self._before_decision(rows)
        if step.ancestors:
            rows = self._with_ancestors(step, rows)
        known = {row.id for row in self.found[kind]}
        self.found[kind] += [row for row in rows if row.id not in known]
        if step.is_expected:
            self.gaps[kind] += _gaps(step, keys, rows)

    def _before_decision(self, rows: list[Stored]) -> list[Stored]:
        made = max(self.values(DECISION, "time"), default=None)
        if made is None:
            return rows
        return [row for row in rows if cast("int", row.values["time"]) <= made]

    def _with_ancestors(self, step: Step, rows: list[Stored]) -> list[Stored]:
        ancestors = cast("Callable[[Values], Iterable[object]]", step.ancestors)
        found = {row.id: row for row in rows}
        fresh = rows
        while fresh and len(found) < MAX_ANCESTORS:
            keys = [key for row in fresh for key in ancestors(row.values)]
            above = self._reader.rows(step.table, step.column, keys)
            fresh = [row for row in above if row.id not in found]
            found |= {row.id: row for row in fresh}
        return list(found.values())


def _gaps(
    step: Step, keys: list[object], rows: list[Stored]
) -> list[bytes | str | None]:
    """Return the keys that nothing was found under; None when there was no key."""
    have = {row.values[step.column] for row in rows}
    missing = [cast("bytes | str", key) for key in keys if key not in have]
    if step.column in {"event_id", "dataset", "source", "model", "system"}:
        return list(missing) if keys else [None]
    return [] if rows else [None]
