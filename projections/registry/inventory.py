"""The inventory: one row for each model or AI system, in the columns of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, ask
from projections.filled import Filled, by, computed
from projections.registry import queries
from projections.registry.ownership import ownership, unexplained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.database import Connection

_PACKAGE = "projections.registry"
NOT_RECORDED = "Not recorded"

_OVERSIGHT = (
    "model",
    "title",
    "kind",
    "model_origin",
    "owner",
    "lifecycle",
    "systems",
    "environments",
    "newest_version",
    "validated_at",
    "validator",
    "validation_outcome",
    "validated_version",
    "validation_due",
    "monitoring_owner",
    "stages_unexplained",
    "exceptions",
)
_SYSTEMS = (
    "system",
    "title",
    "purpose",
    "materiality",
    "classes",
    "model_kind",
    "model_origin",
    "legal_entity",
    "business_line",
    "owner",
    "models",
    "environments",
    "retired_at",
)
PROFILES: Mapping[str, tuple[str, ...]] = {
    "models": _OVERSIGHT,
    "systems": _SYSTEMS,
    "e-23": (*_OVERSIGHT, "description", "releases", "versions", "newest_time"),
    "sr-26-2": (*_OVERSIGHT, "description", "releases"),
    "annex-viii": (
        "system",
        "title",
        "purpose",
        "classes",
        "legal_entity",
        "owner",
        "environments",
        "member_states",
        "retired_at",
    ),
    "m-25-21": (*_SYSTEMS, "member_states"),
}
"""Profile → columns; annex-viii is EU AI Act, Annex VIII; e-23 is OSFI E-23."""
_OPTIONAL = frozenset({"exceptions", "stages_unexplained", "retired_at"})
"""Columns whose absence is an answer and no gap."""
_BY_SYSTEM = frozenset({"systems", "annex-viii", "m-25-21"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What other events say of a model than its own."""

    model: str
    environments: list[str] | None
    systems: list[str] | None
    releases: list[str] | None
    validation_id: UUID | None
    validated_at: datetime | None
    validator: str | None
    validation_outcome: str | None
    validation_due: datetime | None
    validated_id: UUID | None
    validated_version: str | None
    plan_id: UUID | None
    monitoring_owner: str | None
    exceptions: list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventoried:
    """One model or AI system in the inventory.

    Attributes:
        name: of the model or system.
        event_id: its registration; None when it was never registered.
        columns: column of the profile → value.
        not_recorded: columns that no event fills.
    """

    FILLED: ClassVar[Filled] = computed(
        "registry.model.registered",
        name=by("registry.model.registered", "event_id"),
    )

    name: str
    event_id: UUID | None
    columns: dict[str, object]
    not_recorded: list[str]


def inventory(
    connection: Connection,
    *,
    profile: str = "models",
    now: datetime,
    bounds: Bounds = ALWAYS,
) -> list[Inventoried]:
    """Return one row for each model or AI system, with a profile's columns (Q18).

    Args:
        connection: of any role.
        profile: models, systems, e-23, sr-26-2, annex-viii or m-25-21.
        now: moment that is asked for where ``bounds`` has none.
        bounds: which facts count.

    Raises:
        InvalidEventError: no such profile.
    """
    from ledger.errors import InvalidEventError

    if profile not in PROFILES:
        known = ", ".join(PROFILES)
        raise InvalidEventError(f"profile {profile!r}", hint=f"one of: {known}")
    if profile in _BY_SYSTEM:
        rows = _systems(connection, now, bounds)
    else:
        rows = _models(connection, now, bounds)
    return [_row(row, PROFILES[profile]) for row in rows]


def _row(row: Mapping[str, object], names: tuple[str, ...]) -> Inventoried:
    columns = {name: row.get(name) for name in names}
    event_id = row["event_id"]
    return Inventoried(
        name=str(row["name"]),
        event_id=event_id if isinstance(event_id, UUID) else None,
        columns=columns,
        not_recorded=[
            name
            for name, value in columns.items()
            if value is None and name not in _OPTIONAL
        ],
    )


def _facts(
    connection: Connection, now: datetime, bounds: Bounds
) -> dict[str, ModelFacts]:
    found = ask(connection, _PACKAGE, "inventory_models", ModelFacts, bounds, now=now)
    return {one.model: one for one in found}


def _models(
    connection: Connection, now: datetime, bounds: Bounds
) -> list[dict[str, object]]:
    facts = _facts(connection, now, bounds)
    rows: list[dict[str, object]] = []
    for model in queries.model_list(connection, bounds=bounds):
        roles = ownership(connection, model.model, now=now, bounds=bounds)
        said, other = _values(model), _values(facts[model.model])
        stages = {"stages_unexplained": unexplained(roles) or None}
        rows.append({"name": model.model, **other, **said, **stages})
    return rows


def _systems(
    connection: Connection, now: datetime, bounds: Bounds
) -> list[dict[str, object]]:
    live = queries.live_at(
        connection, bounds=Bounds(bounds.as_of or now, bounds.known_as_of)
    )
    states = {
        one.environment: one.member_state
        for one in queries.environments(connection, bounds=bounds)
    }
    rows: list[dict[str, object]] = []
    for system in queries.systems(connection, bounds=bounds):
        mine = [one for one in live if one.system_id == system.system]
        places = sorted({one.environment for one in mine})
        countries = sorted({states[p] for p in places if states.get(p)}, key=str)
        models = sorted({one.model for one in mine if one.model})
        extra: dict[str, object] = {
            "models": models or None,
            "environments": places or None,
            "member_states": countries or None,
        }
        rows.append({"name": system.system, **_values(system), **extra})
    return rows


def _values(answer: object) -> dict[str, object]:
    import dataclasses
    from typing import Any, cast

    fields = dataclasses.fields(cast("Any", answer))
    return {item.name: getattr(answer, item.name) for item in fields}
