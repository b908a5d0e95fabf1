"""What the questions about models, releases and deployments answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment(Evidence):
    """A release in an environment, as of a moment.

    Attributes:
        event_id: the activation event: identity of the deployment.
        role: champion, challenger, shadow or canary.
        traffic: share of the traffic, 0 to 1.
        valid_from: last change up to that moment.
        valid_to: the next change that is known, or None.
        ended: whether it had been deactivated.
    """

    release_id: UUID
    release: str | None
    release_digest: str | None
    model: str | None
    version: str | None
    model_version_id: UUID | None
    environment: str
    service: str | None
    system_id: str | None
    role: str | None
    traffic: float | None
    valid_from: datetime
    valid_to: datetime | None
    ended: bool
    emergency: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStep(Evidence):
    """One thing that happened to a deployment: activated, changed or deactivated."""

    change: str
    role: str | None
    traffic: float | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model by its name; what no registration says is None."""

    model: str
    event_id: UUID | None
    time: datetime | None
    sealed_at: datetime | None
    origin: str | None
    leaf: int | None
    idx: int | None
    identity: str | None
    kind: str | None
    model_origin: str | None
    owner: str | None
    description: str | None
    system_id: str | None
    versions: int
    newest_version: str | None
    newest_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion(Evidence):
    """A version of a model; event_id is its identity, artifact_digest its content."""

    model: str
    version: str
    artifact_digest: str
    artifact_scheme: str | None
    run_id: UUID | None
    artifacts: list[dict[str, Any]]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    parents: list[dict[str, Any]]
    framework: str | None
    license: str | None
    system_id: str | None
    conflicting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Evidence):
    """A model version bound to its configuration."""

    release: str
    model: str | None
    version: str | None
    model_version_id: UUID | None
    artifact_digest: str | None
    configuration_digest: str | None
    feature_schema_digest: str | None
    environment_digest: str | None
    instructions_digest: str | None
    release_digest: str | None
    thresholds: dict[str, float]
    backing_services: list[str]
    secret_references: list[str]
    approved_uses: list[str]
    restrictions: list[str]
    change_class: str | None
    previous_id: UUID | None
    system_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Evidence):
    """A decision at a gate, by the identity that signed it.

    Attributes:
        identity_kind: service or person, as registered for the key.
        matches: whether the approved digest is the release's; None for other objects.
    """

    object_id: UUID | None
    gate: str | None
    content_digest: str | None
    decision: str | None
    meaning: str | None
    conditions: list[str]
    expires: datetime | None
    mandate: str | None
    signature_kind: str | None
    issuer: str | None
    auth_time: datetime | None
    request_id: UUID | None
    requested_of: str | None
    requested_at: datetime | None
    identity_kind: str | None
    matches: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation(Evidence):
    """What a serving process says it has loaded; ``differs`` from its release?"""

    deployment_id: UUID | None
    release_digest: str | None
    artifact_digest: str | None
    configuration_digest: str | None
    code_digest: str | None
    packages_digest: str | None
    host: str | None
    python: str | None
    matches: bool | None
    differs: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class System(Evidence):
    """A registered AI system."""

    system: str
    title: str | None
    purpose: str | None
    materiality: str | None
    model_kind: str | None
    model_origin: str | None
    legal_entity: str | None
    business_line: str | None
    owner: str | None
