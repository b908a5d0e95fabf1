"""What the questions about models, releases and deployments answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from projections.evidence import Evidence
from projections.filled import Filled, by, derived, filled


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
        stopped_at: when a person stopped it, or its whole system, without letting it
            go on by that moment; stopped_by, who that was. A stop ends no deployment.
    """

    FILLED: ClassVar[Filled] = filled(
        "serving.deployment.activated",
        release=by("registry.release.created", "release_id"),
        model=by("registry.release.created", "release_id"),
        version=by("registry.release.created", "release_id"),
        valid_to=derived("serving.deployment.changed"),
        stopped_at=by("oversight.system.stopped", "stop_id"),
        stopped_by=by("oversight.system.stopped", "stop_id"),
    )

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
    stop_id: UUID | None
    stopped_at: datetime | None
    stopped_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentStep(Evidence):
    """One thing that happened to a deployment: activated, changed or deactivated.

    Attributes:
        valid_to: the next thing that happened to the same deployment, or None.
        rollback_of: earlier deployment of the same release, with another in between.
    """

    FILLED: ClassVar[Filled] = filled(
        "serving.deployment.activated",
        release=by("registry.release.created", "release_id"),
        model=by("registry.release.created", "release_id"),
        version=by("registry.release.created", "release_id"),
        valid_to=derived("serving.deployment.changed"),
        rollback_of=derived("serving.deployment.activated"),
    )

    change: str
    role: str | None
    traffic: float | None
    reason: str | None
    deployment_id: UUID
    release_id: UUID | None
    release: str | None
    model: str | None
    version: str | None
    environment: str | None
    service: str | None
    system_id: str | None
    emergency: bool | None
    valid_to: datetime | None
    rollback_of: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model by its name; what no registration says is None.

    Attributes:
        title: what it is called now; its name, ``model``, stays for ever.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.model.registered",
        title=derived("registry.model.changed"),
        owner=derived("registry.model.registered"),
        description=derived("registry.model.registered"),
        lifecycle=derived("registry.model.changed"),
        versions=derived("registry.model_version.created"),
        newest_version=derived("registry.model_version.created"),
        newest_time=derived("registry.model_version.created"),
    )

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
    title: str | None
    lifecycle: str | None
    system_id: str | None
    versions: int
    newest_version: str | None
    newest_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion(Evidence):
    """A version of a model; event_id is its identity, artifact_digest its content."""

    FILLED: ClassVar[Filled] = filled(
        "registry.model_version.created",
        conflicting=derived("registry.model_version.created"),
        withdrawn_at=derived("registry.model_version.withdrawn"),
    )

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
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Evidence):
    """A model version bound to its configuration.

    Attributes:
        conflicting: the same label names a release of another digest too.
        ended: withdrawn or recalled, from ``ended_at`` on; None when it is neither.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.release.created",
        conflicting=derived("registry.release.created"),
        ended=by("registry.release.withdrawn", "ended_id"),
        ended_at=by("registry.release.withdrawn", "ended_id"),
        ended_reason=by("registry.release.withdrawn", "ended_id"),
    )

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
    conflicting: bool
    ended_id: UUID | None
    ended: str | None
    ended_at: datetime | None
    ended_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Evidence):
    """A decision at a gate, by the identity that signed it.

    Attributes:
        identity_kind: service or person, as registered for the key.
        matches: whether the approved digest is the release's; None for other objects.
        mandate_valid: whether a mandate for the gate held then; None: not recorded.
        org_unit_differs: from the units of all recorded authors; None: not recorded.
        line_of_defence: of the approver, as registered.
        approver_among_recorded_authors: yes, no or unknown; independence itself is a
            person's statement.
        revoked_at: from when it no longer holds, or None.
    """

    FILLED: ClassVar[Filled] = filled(
        "registry.approval.decided",
        requested_of=by("registry.approval.requested", "request_id"),
        requested_at=by("registry.approval.requested", "request_id"),
        matches=derived("registry.release.created"),
        mandate_valid=derived("governance.role.granted"),
        org_unit_differs=derived("governance.principal.registered"),
        line_of_defence=derived("governance.principal.registered"),
        approver_among_recorded_authors=derived("pipeline.run.started"),
        revoked_at=derived("registry.approval.revoked"),
    )

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
    mandate_valid: bool | None
    org_unit_differs: bool | None
    line_of_defence: str | None
    approver_among_recorded_authors: str
    revoked_at: datetime | None


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
    """A registered AI system, with what was changed later.

    Attributes:
        classes: regime → class, as a person last decided.
        retired_at: from when it is out of use, or None.
    """

    FILLED: ClassVar[Filled] = filled(
        "governance.system.registered",
        classes=derived("governance.system.classified"),
        retired_at=derived("governance.system.retired"),
    )

    system: str
    title: str | None
    purpose: str | None
    materiality: str | None
    model_kind: str | None
    model_origin: str | None
    legal_entity: str | None
    business_line: str | None
    owner: str | None
    classes: dict[str, str] | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment(Evidence):
    """A registered environment; its gates are what must be passed before a release."""

    FILLED: ClassVar[Filled] = filled("serving.environment.registered")

    environment: str
    kind: str
    member_state: str | None
    gates: list[dict[str, Any]]
    owner: str | None
