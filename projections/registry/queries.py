"""Questions about models, versions, releases, approvals and deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.asking import ALWAYS, Bounds, ask
from projections.registry.answers import (
    Approval,
    Attestation,
    Deployment,
    DeploymentStep,
    Environment,
    Model,
    ModelVersion,
    Release,
    System,
)

if TYPE_CHECKING:
    from uuid import UUID

    from projections.database import Connection

__all__ = [
    "Approval",
    "Attestation",
    "Deployment",
    "DeploymentStep",
    "Environment",
    "Model",
    "ModelVersion",
    "Release",
    "System",
    "approvals",
    "attestations",
    "deployment_history",
    "deployments",
    "environments",
    "live_at",
    "model_list",
    "model_versions",
    "releases",
    "systems",
]

_PACKAGE = "projections.registry"


def live_at(
    connection: Connection,
    *,
    environment: str | None = None,
    system: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[Deployment]:
    """Return what answered in an environment at ``bounds.as_of`` (Q02).

    Two champions at once are two rows: that is data, and for a control to judge.
    """
    return ask(
        connection,
        _PACKAGE,
        "live_at",
        Deployment,
        bounds,
        environment=environment,
        system=system,
    )


def deployments(
    connection: Connection,
    *,
    environment: str | None = None,
    model: str | None = None,
    deployment: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Deployment]:
    """Return deployments, ended ones too, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "deployments",
        Deployment,
        bounds,
        environment=environment,
        model=model,
        deployment=deployment,
        limit=limit,
    )


def deployment_history(
    connection: Connection,
    deployment: UUID | None = None,
    *,
    release: UUID | None = None,
    system: str | None = None,
    model: str | None = None,
    environment: str | None = None,
    limit: int = 1_000,
    bounds: Bounds = ALWAYS,
) -> list[DeploymentStep]:
    """Return what happened to deployments of a system or release, in order (Q03)."""
    return ask(
        connection,
        _PACKAGE,
        "deployment_history",
        DeploymentStep,
        bounds,
        deployment=deployment,
        release=release,
        system=system,
        model=model,
        environment=environment,
        limit=limit,
    )


def model_list(
    connection: Connection, *, model: str | None = None, bounds: Bounds = ALWAYS
) -> list[Model]:
    """Return models by name, registered or not, with their newest version."""
    return ask(connection, _PACKAGE, "model_list", Model, bounds, model=model)


def model_versions(
    connection: Connection,
    *,
    model: str | None = None,
    version: str | None = None,
    model_version: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[ModelVersion]:
    """Return versions, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "model_versions",
        ModelVersion,
        bounds,
        model=model,
        version=version,
        model_version=model_version,
        limit=limit,
    )


def releases(
    connection: Connection,
    *,
    model: str | None = None,
    release: UUID | None = None,
    model_version: UUID | None = None,
    label: str | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Release]:
    """Return releases, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "releases",
        Release,
        bounds,
        model=model,
        release=release,
        model_version=model_version,
        label=label,
        limit=limit,
    )


def approvals(
    connection: Connection,
    *,
    object_id: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Approval]:
    """Return decisions at gates about an object, newest first (Q06)."""
    return ask(
        connection,
        _PACKAGE,
        "approvals",
        Approval,
        bounds,
        objects=None if object_id is None else [object_id],
        limit=limit,
    )


def attestations(
    connection: Connection,
    *,
    deployment: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Attestation]:
    """Return which release serving processes attested to have loaded, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "attestations",
        Attestation,
        bounds,
        deployment=deployment,
        limit=limit,
    )


def systems(
    connection: Connection, *, system: str | None = None, bounds: Bounds = ALWAYS
) -> list[System]:
    """Return the registered AI systems by name."""
    return ask(connection, _PACKAGE, "systems", System, bounds, system=system)


def environments(
    connection: Connection,
    *,
    environment: str | None = None,
    bounds: Bounds = ALWAYS,
) -> list[Environment]:
    """Return the registered environments by name, with their gates."""
    return ask(
        connection,
        _PACKAGE,
        "environments",
        Environment,
        bounds,
        environment=environment,
    )
