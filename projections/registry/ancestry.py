"""The model versions that a version depends on, level by level.

A reference names an id and the digest of the bytes, so that versions cannot depend on
each other in truth; but ids are chosen by producers, and a record may say that they do.
Such a circle is followed once around and named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from projections.asking import ALWAYS, Bounds, Evidence, ask
from projections.filled import Filled, by, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.registry"
_CREATED = "registry.model_version.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent(Evidence):
    """A version that the version ``event_id`` names as one it depends on."""

    FILLED: ClassVar[Filled] = filled(
        _CREATED,
        model=by(_CREATED, "parent_id"),
        version=by(_CREATED, "parent_id"),
        artifact_digest=by(_CREATED, "parent_id"),
        exact=derived(_CREATED),
    )

    kind: str
    parent_id: UUID
    model: str | None
    version: str | None
    artifact_digest: str | None
    exact: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A parent at some distance.

    Attributes:
        depth: 1 for a parent, 2 for its parents.
        parent: who names whom.
        circular: the way to it leads through itself.
    """

    depth: int
    parent: Parent
    circular: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """What was found, and whether it was cut.

    Attributes:
        ancestors: level by level.
        truncated: whether there is more.
        reason: why it was cut, or an empty text.
    """

    ancestors: list[Ancestor]
    truncated: bool
    reason: str


def ancestry(
    connection: Connection,
    model_version: UUID,
    *,
    depth: int = 8,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> Ancestry:
    """Return the versions that a version depends on, level by level.

    Args:
        connection: of any role.
        model_version: event of the version.
        depth: levels that are followed.
        limit: at most so many of them.
        bounds: which facts count.
    """
    found: list[Ancestor] = []
    above: dict[UUID, frozenset[UUID]] = {model_version: frozenset({model_version})}
    for level in range(1, depth + 1):
        parents = _parents(connection, list(above), bounds)
        following: dict[UUID, frozenset[UUID]] = {}
        for one in parents:
            way = above[one.event_id]
            circular = one.parent_id in way
            if len(found) >= limit:
                return _cut(found, f"more than {limit} versions")
            found.append(Ancestor(depth=level, parent=one, circular=circular))
            if not circular:
                known = following.get(one.parent_id, frozenset())
                following[one.parent_id] = known | way | {one.parent_id}
        if not following:
            return Ancestry(ancestors=found, truncated=False, reason="")
        above = following
    if _parents(connection, list(above), bounds):
        return _cut(found, f"deeper than {depth} levels")
    return Ancestry(ancestors=found, truncated=False, reason="")


def _parents(
    connection: Connection, versions: list[UUID], bounds: Bounds
) -> list[Parent]:
    return ask(connection, _PACKAGE, "parents_of", Parent, bounds, versions=versions)


def _cut(found: list[Ancestor], reason: str) -> Ancestry:
    return Ancestry(ancestors=found, truncated=True, reason=reason)
