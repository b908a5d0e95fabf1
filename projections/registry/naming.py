"""Questions about names: aliases and tags as they were, what was said of a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, by, derived, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.database import Connection

_PACKAGE = "projections.registry"
_VERSION = "registry.model_version.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Evidence):
    """A name that means a version of a model at a moment.

    Attributes:
        version: label of that version; None when it is not recorded.
        foreign_model: whether it is a version of another model.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.alias.set",
        version=by(_VERSION, "model_version_id"),
        artifact_digest=by(_VERSION, "model_version_id"),
        foreign_model=derived(_VERSION),
    )

    model: str
    alias: str
    model_version_id: UUID
    version: str | None
    artifact_digest: str | None
    foreign_model: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasSetting(Evidence):
    """One setting of an alias.

    Attributes:
        model_version_id: what it meant from then on; None took it away.
        previous_id: version that it meant before, as its producer says.
        valid_to: the next setting of the same alias, or None.
        contradicts: it meant another version before than its producer says.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.alias.set",
        version=by(_VERSION, "model_version_id"),
        artifact_digest=by(_VERSION, "model_version_id"),
        valid_to=derived("registry.alias.set"),
        contradicts=derived("registry.alias.set"),
    )

    model: str
    alias: str
    model_version_id: UUID | None
    version: str | None
    artifact_digest: str | None
    previous_id: UUID | None
    reason: str | None
    valid_to: datetime | None
    contradicts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Evidence):
    """A tag of a recorded thing."""

    FILLED: ClassVar[Filled] = filled("registry.tag.set")

    object_id: UUID
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChange(Evidence):
    """What was said of a model from then on."""

    FILLED: ClassVar[Filled] = filled("registry.model.changed")

    model: str
    changes: list[dict[str, Any]]
    lifecycle: str | None
    reason: str | None


def alias_at(
    connection: Connection,
    model: str,
    *,
    alias: str | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[Alias]:
    """Return which versions the aliases of a model meant at ``bounds.as_of``."""
    return ask(
        connection,
        _PACKAGE,
        "alias_at",
        Alias,
        bounds,
        model=model,
        alias=alias,
        limit=limit,
    )


def alias_history(
    connection: Connection,
    model: str,
    *,
    alias: str | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[AliasSetting]:
    """Return every setting of the aliases of a model, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "alias_history",
        AliasSetting,
        bounds,
        model=model,
        alias=alias,
        limit=limit,
    )


def tags(
    connection: Connection, object_id: UUID, *, bounds: Bounds = ALWAYS
) -> list[Tag]:
    """Return the tags of a recorded thing by key."""
    return tags_of(connection, [object_id], bounds)


def model_changes(
    connection: Connection,
    model: str,
    *,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[ModelChange]:
    """Return what was said of a model after its registration, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "model_changes",
        ModelChange,
        bounds,
        model=model,
        limit=limit,
    )


def tags_of(
    connection: Connection, objects: Sequence[UUID], bounds: Bounds = ALWAYS
) -> list[Tag]:
    """Return the tags of several things, by thing and key."""
    return ask(connection, _PACKAGE, "tags", Tag, bounds, objects=list(objects))
