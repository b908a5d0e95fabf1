"""Which models contain a commit, a package, a base model or a feature (Q09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError
from projections.asking import ALWAYS, Bounds, ask
from projections.decisions.impact import Edge, Spread
from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.lineage"
_COMMIT_LENGTH = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWithComponent(Evidence):
    """A model version that contains a component.

    Attributes:
        via: how it is known to.
        releases: labels of its releases.
        live: environments in which one of them answers.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.model_version.created",
        via=derived("pipeline.run.started"),
        releases=by("registry.release.created", "release_ids"),
        live=by("serving.deployment.activated", "deployment_ids"),
    )
    model: str
    version: str
    run_id: UUID | None
    via: str
    via_id: UUID
    releases: list[str] | None
    release_ids: list[UUID] | None
    live: list[str] | None
    deployment_ids: list[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsByComponent:
    """Model versions with a component; truncated says why some may be absent."""

    FILLED: ClassVar[Filled] = computed("registry.model_version.created")
    models: tuple[ModelWithComponent, ...]
    truncated: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    object_id: UUID


def models_by_component(
    connection: Connection,
    *,
    commit: str | None = None,
    digest: str | None = None,
    base_model: str | None = None,
    feature: str | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> ModelsByComponent:
    """Return the models that contain a component, and where they run (Q09).

    Args:
        connection: of any role.
        commit: commit hash of training code or of a build; 7 digits or more.
        digest: of a build, a bill of materials, an image, serving code, or over the
            names and versions of what is installed.
        base_model: name of a model, or name and version: what rests on it, however far.
        feature: name of a feature.
        limit: at most so many rows.
        bounds: which facts count.

    Raises:
        InvalidEventError: no component is named, or a commit is too short.
    """
    if not any((commit, digest, base_model, feature)):
        raise InvalidEventError(
            "--param commit=…, digest=…, base_model=… or feature=… is needed"
        )
    if commit is not None and len(commit) < _COMMIT_LENGTH:
        raise InvalidEventError(f"commit {commit}: {_COMMIT_LENGTH} digits at least")
    spread = _resting_on(connection, base_model, limit, bounds)
    found = ask(
        connection,
        _PACKAGE,
        "models_by_component",
        ModelWithComponent,
        bounds,
        commit=commit,
        digest=digest,
        feature=feature,
        versions=spread.of_kind("model_version"),
        limit=limit + 1,
    )
    cut = f"more than {limit} rows" if len(found) > limit else ""
    return ModelsByComponent(
        models=tuple(found[:limit]), truncated=spread.truncated or cut
    )


def _resting_on(
    connection: Connection, model: str | None, limit: int, bounds: Bounds
) -> Spread:
    """Return the versions of a base model, and what rests on them, level by level."""

    def expand(kind: str, ids: Sequence[UUID]) -> list[Edge]:
        if kind != "model_version":
            return []
        found = ask(
            connection,
            "projections.decisions",
            "impact_of_versions",
            Edge,
            bounds,
            ids=ids,
            limit=limit + 1,
        )
        return spread.bounded(found, limit)

    spread = Spread(expand)
    if model is not None:
        versions = ask(
            connection,
            _PACKAGE,
            "versions_of_model",
            _Version,
            bounds,
            model=model,
            limit=limit + 1,
        )
        bases = [_base(one.object_id, model) for one in versions]
        spread.walk(spread.bounded(bases, limit), "proved")
        spread.walk([], "possible")
    return spread


def _base(version: UUID, model: str) -> Edge:
    return Edge(
        kind="model_version",
        object_id=version,
        name=model,
        via_id=None,
        via="is the base model",
        weak=False,
    )
