"""Who can explain which stage of a model, and which stages nobody can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, derived, filled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from projections.database import Connection

_PACKAGE = "projections.registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRole:
    """A role at one stage of a model; without a principal, nobody has one.

    Attributes:
        stage: whole, data, features, training, evaluation, deployment, monitoring.
        principal: who can explain it; None where nobody is recorded.
        role: owner or expert.
        by_system: granted for an AI system, or for any, and not for this model.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.role.granted",
        stage=derived("governance.role.granted"),
        by_system=derived("governance.role.granted"),
    )

    stage: str
    event_id: UUID | None
    time: datetime | None
    sealed_at: datetime | None
    origin: str | None
    leaf: int | None
    idx: int | None
    identity: str | None
    principal: str | None
    role: str | None
    valid_from: datetime | None
    until: datetime | None
    handed_over_from: str | None
    by_system: bool | None


def ownership(
    connection: Connection, model: str, *, now: datetime, bounds: Bounds = ALWAYS
) -> list[StageRole]:
    """Return who can explain which stage of a model, and the stages nobody can.

    Args:
        connection: of any role.
        model: name of the model.
        now: moment that is asked for where ``bounds`` has none.
        bounds: which facts count.
    """
    return ask(
        connection, _PACKAGE, "ownership", StageRole, bounds, model=model, now=now
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Evidence):
    """A model, or a stage of it, went from one person to another."""

    FILLED: ClassVar[Filled] = filled("governance.role.granted")

    model: str
    stage: str | None
    role: str
    handed_over_from: str
    principal: str
    valid_from: datetime
    reason: str | None


def hand_overs(
    connection: Connection, model: str, *, bounds: Bounds = ALWAYS
) -> list[HandOver]:
    """Return who handed a model over to whom, newest first."""
    return ask(connection, _PACKAGE, "hand_overs", HandOver, bounds, model=model)


def unexplained(roles: Iterable[StageRole]) -> list[str]:
    """Return the stages that nobody can explain, in the order of work."""
    return [one.stage for one in roles if one.principal is None]
