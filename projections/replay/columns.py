"""Which columns of an answer a bundle proves: those that a replay gives again.

An answer may have more columns; who verifies names them as not checked. What stands
here stands in ``docs/format.md``, "Answers asked anew", in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import cast

EVIDENCE = "event_id time sealed_at identity position"
DEPLOYMENT = (
    f"{EVIDENCE} release_id release release_digest model version model_version_id"
    " environment service system_id role traffic valid_from valid_to ended emergency"
    " reason"
)
APPROVAL = (
    f"{EVIDENCE} object_id gate content_digest decision meaning conditions expires"
    " mandate signature_kind issuer auth_time request_id requested_of requested_at"
    " identity_kind matches"
)
LINK = (
    "kind title event_id type time sealed_at attested_not_later_than attested_by basis"
    " identity position integrity reason place expected actual missing fields"
)
FIELDS: Mapping[str, str] = {
    "decision": (
        "digest=sha256 correlation_id release_id=release deployment_id=deployment"
        " attestation_id=attestation case_id use path mode output adverse reason_codes"
        " payload_commitment caller latency_us replaces_decision_id"
    ),
    "deployment": (
        "system_id release^ release_digest environment service role traffic emergency"
        " reason"
    ),
    "deployment change": "system_id deployment^ change=verb role traffic reason",
    "process attestation": (
        "system_id deployment^ release_digest artifact_digest configuration_digest"
        " code_digest packages_digest host python matches"
    ),
    "release": (
        "system_id release model_version^ model version artifact_digest"
        " configuration_digest feature_schema_digest environment_digest"
        " instructions_digest thresholds backing_services secret_references"
        " approved_uses restrictions change_class release_digest=digest previous^"
    ),
    "approval": (
        "system_id request^ object^ gate content_digest=digest decision meaning"
        " conditions expires mandate signature_kind issuer auth_time"
    ),
    "model version": (
        "system_id model version artifact_digest artifact_scheme artifacts"
        " digests=artifact_digest+artifacts.digest run^ inputs outputs parents"
        " framework license"
    ),
    "model": "system_id model kind model_origin=origin owner description",
    "evaluation": (
        "system_id kind model_version^ run_id=run dataset_version^ metrics criteria"
        " passed overlap_rows tool"
    ),
    "criterion": (
        "system_id model metric slice limit_value=limit direction baseline"
        " baseline_value dataset_version^ previous_id=previous"
    ),
    "run": (
        "system_id run step code environment seeds parameters parent_id=parent capture"
        " redactions"
    ),
    "run update": "system_id run_id=run parameters metrics tags",
    "run end": (
        "system_id run_id=run outcome outputs digests=outputs.digest compute error"
    ),
    "input": (
        "system_id run_id=run name role dataset_version^ dataset digest scheme"
        " bytes_read rows rank"
    ),
    "dataset version": (
        "system_id dataset digest scheme size_bytes rows parent_ids=derived_from.id"
        " derived_from sources split preparation identity_strength"
    ),
    "dataset": "system_id dataset title owner license purposes sources description",
    "source": "system_id source title kind owner notice_days url",
    "system": (
        "system_id system title purpose materiality model_kind model_origin=origin"
        " legal_entity business_line owner"
    ),
    "statement": ("system_id author role field text document in_reply_to valid_for^"),
    "payload deletion": (
        "system_id cause method deleted_at decision_ids=decisions retained residuals"
        " backup_clear_by request_id=request rule reason"
    ),
    "document": (
        "system_id digest media_type size_bytes title retention_class access_class"
        " about_id=about"
    ),
}
"""Per kind of link: columns, each with the field it is from where that is another.

``x^`` is a reference to another event and makes ``x_id`` and ``x_ref_digest``.
"""
RANGE: Mapping[str, str] = {
    "origins": (
        "origin leaves first_leaf last_leaf accepted duplicates quarantined gaps events"
        " streams first_sealed_at last_sealed_at"
    ),
    "rows": "origin events rows",
    "refusals": (
        "origin leaf sealed_at claimed_time broker_time log_offset verdict word aux"
        " record_hash stream_id seq key_fp n_events"
    ),
    "gaps": ("kind position sealed_at first last count cause declared_by event_id"),
    "streams": (
        "stream_id origin first_leaf last_leaf entries events last_sealed_at last_time"
        " identity software software_version host heartbeat_s opened_at event_id"
        " closed_at state"
    ),
    "conflicts": (
        "kind name event_id position digest other_id other_origin other_leaf other_idx"
        " other_digest"
    ),
    "unreadable": "position sealed_at schema_id digest",
}
"""Per list of ``integrity_of_range``."""

Answer = dict[str, object]


@cache
def field_columns(kind: str) -> tuple[str, ...]:
    """Return the columns in ``fields`` of a kind of link."""
    found: list[str] = []
    for word in FIELDS["statement" if kind == "reply" else kind].split():
        name = word.partition("=")[0]
        reference = name.removesuffix("^")
        is_reference = name.endswith("^")
        found += (
            [f"{reference}_id", f"{reference}_ref_digest"] if is_reference else [name]
        )
    return tuple(found)


def covered(question: str, rows: Sequence[Answer]) -> list[Answer]:
    """Return the rows of a replay with the columns that count, and no others."""
    if question == "decision_chain":
        return [_link(row) for row in rows]
    if question == "integrity_of_range":
        return [_range(row) for row in rows]
    names = DEPLOYMENT if question == "live_at" else APPROVAL
    return [_only(row, names) for row in rows]


def _link(row: Answer) -> Answer:
    names, shown = field_columns(str(row["kind"])), cast("Answer", row["fields"])
    kept = {name: shown[name] for name in names if shown}
    return _only(row, LINK) | {"fields": kept}


def _range(row: Answer) -> Answer:
    return {
        name: [_only(one, columns) for one in cast("list[Answer]", row[name])]
        for name, columns in RANGE.items()
    }


def _only(row: Answer, names: str) -> Answer:
    return {name: row[name] for name in names.split()}
