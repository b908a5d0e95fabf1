"""Models, versions, releases, approvals, deployments: what ran, and who allowed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.rows import EventPosition, Fields, Row, common, ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ledger.codec import Decoded

SCHEMA = "registry"


def rows(
    event: Decoded,
    position: EventPosition,
    sealed_at: int,
    identity: str,
    kind: str = "",  # noqa: ARG001  part of the port
) -> tuple[Row, ...]:
    """See :class:`projections.rows.RowsOf`."""
    fact = _FACTS.get(event.name)
    if fact is None:
        return ()
    table, columns = fact
    first = common(event, position, sealed_at, identity)
    return (Row(table, first + columns(event.fields)),)


def _model(f: Fields) -> tuple[object, ...]:
    return (f["model"], f["kind"], f["origin"], f["owner"], f["description"])


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


def _release(f: Fields) -> tuple[object, ...]:
    return (
        f["release"],
        *ref(f["model_version"]),
        f["model"],
        f["version"],
        f["artifact_digest"],
        f["configuration_digest"],
        f["feature_schema_digest"],
        f["environment_digest"],
        f["instructions_digest"],
        f["thresholds"],
        f["backing_services"],
        f["secret_references"],
        f["approved_uses"],
        f["restrictions"],
        f["change_class"],
        f["digest"],
        *ref(f["previous"]),
    )


def _approval_request(f: Fields) -> tuple[object, ...]:
    return (*ref(f["object"]), f["gate"], f["digest"], f["requested_of"])


def _approval(f: Fields) -> tuple[object, ...]:
    return (
        *ref(f["request"]),
        *ref(f["object"]),
        f["gate"],
        f["digest"],
        f["decision"],
        f["meaning"],
        f["conditions"],
        f["expires"],
        f["mandate"],
        f["signature_kind"],
        f["issuer"],
        f["auth_time"],
    )


def _activated(f: Fields) -> tuple[object, ...]:
    return (
        *ref(f["release"]),
        f["release_digest"],
        f["environment"],
        f["service"],
        f["role"],
        f["traffic"],
        f["emergency"],
        f["reason"],
    )


def _changed(f: Fields) -> tuple[object, ...]:
    state = (f["role"], f["traffic"], f["reason"])
    return (*ref(f["deployment"]), "changed", *state)


def _deactivated(f: Fields) -> tuple[object, ...]:
    return (*ref(f["deployment"]), "deactivated", None, None, f["reason"])


def _attested(f: Fields) -> tuple[object, ...]:
    return (
        *ref(f["deployment"]),
        f["release_digest"],
        f["artifact_digest"],
        f["configuration_digest"],
        f["code_digest"],
        f["packages_digest"],
        f["host"],
        f["python"],
        f["matches"],
    )


def _system(f: Fields) -> tuple[object, ...]:
    return (
        f["system"],
        f["title"],
        f["purpose"],
        f["materiality"],
        f["model_kind"],
        f["origin"],
        f["legal_entity"],
        f["business_line"],
        f["owner"],
    )


def _principal(f: Fields) -> tuple[object, ...]:
    return (f["principal"], f["kind"], f["unit"], f["line"], f["key_fp"])


_FACTS: Mapping[str, tuple[str, Callable[[Fields], tuple[object, ...]]]] = {
    "registry.model.registered": ("model", _model),
    "registry.model_version.created": ("model_version", _model_version),
    "registry.release.created": ("release", _release),
    "registry.approval.requested": ("approval_request", _approval_request),
    "registry.approval.decided": ("approval", _approval),
    "serving.deployment.activated": ("deployment", _activated),
    "serving.deployment.changed": ("deployment_change", _changed),
    "serving.deployment.deactivated": ("deployment_change", _deactivated),
    "serving.process.attested": ("process_attestation", _attested),
    "governance.system.registered": ("system", _system),
    "governance.principal.registered": ("principal", _principal),
}
