"""Questions about many decisions at once: counted elsewhere, repeated, passed over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.decisions"
_DECISION = "prediction.decision.recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled(Evidence):
    """A count by another system, beside the ledger's own.

    Attributes:
        reported: what the other system counted.
        counted: decisions recorded of that release, deployment, output and period.
        difference: reported less counted; above 0, decisions are missing here.
    """

    FILLED: ClassVar[Filled] = filled(
        "prediction.count.reported",
        counted=derived(_DECISION),
        difference=derived(_DECISION),
        equal=derived(_DECISION),
    )
    reporter: str
    population: str
    release_id: UUID | None
    deployment_id: UUID | None
    output: str | None
    period_from: datetime
    period_to: datetime
    reported: int
    counted: int
    difference: int
    equal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedCase:
    """A case that was decided more than once.

    Attributes:
        outputs: of its decisions, in order; changed, whether they differ.
        declared: whether each later decision names the one it replaces.
    """

    FILLED: ClassVar[Filled] = computed(
        _DECISION, evidence=by(_DECISION, "decision_ids")
    )
    case_id: UUID
    decisions: int
    outputs: list[str | None]
    changed: bool
    declared: bool
    adverse_first: bool | None
    adverse_last: bool | None
    releases: int
    first_time: datetime
    last_time: datetime
    decision_ids: list[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassedDecision(Evidence):
    """A decision that passed the model over, or replaced an earlier one.

    Attributes:
        why: fallback, manual or replaces.
        same_case: whether the replaced decision belongs to the same case.
    """

    FILLED: ClassVar[Filled] = filled(
        _DECISION,
        why=derived(_DECISION),
        system=by("serving.deployment.activated", "deployment_id"),
        replaced_output=by(_DECISION, "replaced_id"),
        replaced_adverse=by(_DECISION, "replaced_id"),
        same_case=derived(_DECISION),
    )
    why: str
    case_id: UUID | None
    path: str
    output: str | None
    adverse: bool | None
    system: str | None
    deployment_id: UUID | None
    replaces_decision_id: UUID | None
    replaced_id: UUID | None
    replaced_output: str | None
    replaced_adverse: bool | None
    same_case: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedOrBypassed:
    """Cases decided more than once, and decisions that passed the model over."""

    FILLED: ClassVar[Filled] = computed(_DECISION)
    repeated: tuple[RepeatedCase, ...]
    bypassed: tuple[BypassedDecision, ...]


def decision_reconciliation(
    connection: Connection,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Reconciled]:
    """Return counts of other systems beside the ledger's own (Q34)."""
    return ask(
        connection,
        _PACKAGE,
        "decision_reconciliation",
        Reconciled,
        bounds,
        since=since,
        until=until,
        limit=limit,
    )


def repeated_or_bypassed(
    connection: Connection,
    *,
    system: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> RepeatedOrBypassed:
    """Return cases decided more than once, and decisions past the model (Q40).

    Args:
        connection: of any role.
        system: of this AI system alone.
        since: made then or later.
        until: made before then.
        limit: at most so many of each.
        bounds: which facts count.
    """
    values = {"system": system, "since": since, "until": until, "limit": limit}
    return RepeatedOrBypassed(
        repeated=tuple(
            ask(
                connection,
                _PACKAGE,
                "repeated_decisions",
                RepeatedCase,
                bounds,
                **values,
            )
        ),
        bypassed=tuple(
            ask(
                connection,
                _PACKAGE,
                "bypassed_decisions",
                BypassedDecision,
                bounds,
                **values,
            )
        ),
    )
