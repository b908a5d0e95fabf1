"""Models, versions, releases, approvals, deployments: what ran, and who allowed it."""

from __future__ import annotations

from projections.facts import Facts
from projections.rows import Fields, ref

SCHEMA = "registry"


def _model_version(f: Fields) -> tuple[object, ...]:
    digests = [f["artifact_digest"], *(part["digest"] for part in f["artifacts"])]
    return (
        f["model"],
        f["version"],
        f["artifact_digest"],
        f["artifact_scheme"],
        f["artifacts"],
        digests,
        *ref(f["run"]),
        f["inputs"],
        f["outputs"],
        f["parents"],
        f["framework"],
        f["license"],
    )


def _changed(f: Fields) -> tuple[object, ...]:
    state = (f["role"], f["traffic"], f["reason"])
    return (*ref(f["deployment"]), "changed", *state)


def _deactivated(f: Fields) -> tuple[object, ...]:
    return (*ref(f["deployment"]), "deactivated", None, None, f["reason"])


rows = Facts(
    {
        "registry.model.registered": "model",
        "registry.release.created": "release",
        "registry.approval.requested": "approval_request",
        "registry.approval.decided": "approval",
        "serving.deployment.activated": "deployment",
        "serving.process.attested": "process_attestation",
        "governance.system.registered": "system",
        "governance.principal.registered": "principal",
        "registry.model.changed": "model_change",
        "registry.model_version.withdrawn": "model_version_withdrawal",
        "registry.alias.set": "alias",
        "registry.tag.set": "tag",
        "registry.release.withdrawn": "release_withdrawal",
        "registry.approval.revoked": "approval_revocation",
        "serving.environment.registered": "environment",
        "serving.deployment.observed": "deployment_observation",
    },
    {
        "registry.model_version.created": ("model_version", _model_version),
        "serving.deployment.changed": ("deployment_change", _changed),
        "serving.deployment.deactivated": ("deployment_change", _deactivated),
    },
)
