"""Gather what a release rests on, as values that can be laid side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from projections.asking import ALWAYS, Bounds
from projections.lineage import queries as lineage
from projections.registry import queries
from projections.registry.difference import (
    ChangeDiff,
    Side,
    compared,
    listed,
    states,
)
from projections.registry.run_sides import say_data, say_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from projections.database import Connection
    from projections.registry.answers import ModelVersion, Release


def change_diff(
    connection: Connection,
    release_a: UUID,
    release_b: UUID,
    *,
    bounds: Bounds = ALWAYS,
) -> ChangeDiff:
    """Return what changed from one release to another, and who decided on it (Q14).

    Args:
        connection: of any role.
        release_a: the earlier release.
        release_b: the later one.
        bounds: which facts count.

    Raises:
        NotFoundError: one of them is not recorded.
    """
    first = _release(connection, release_a, bounds)
    second = _release(connection, release_b, bounds)
    before, after = (_side(connection, one, bounds) for one in (first, second))
    differences = compared(before, after)
    decided = queries.approvals(connection, object_id=release_b, bounds=bounds)
    passed = [one for one in decided if one.decision in {"approve", "conditional"}]
    return ChangeDiff(
        release_a=release_a,
        label_a=first.release,
        release_b=release_b,
        label_b=second.release,
        change_class=second.change_class,
        decided_by=sorted({one.identity for one in passed}) or [second.identity],
        decided_at=passed[0].time if passed else second.time,
        decided_as="approved" if passed else "signed",
        changed=states(differences, "changed"),
        not_recorded=states(differences, "not_recorded"),
        differences=differences,
        truncated=before.truncated or after.truncated,
        evidence_ids=[*before.evidence, *after.evidence, *(p.event_id for p in passed)],
    )


def _release(connection: Connection, release: UUID, bounds: Bounds) -> Release:
    from ledger.errors import NotFoundError

    found = queries.releases(connection, release=release, bounds=bounds)
    if not found:
        raise NotFoundError(f"release {release}: not recorded in the ledger")
    return found[0]


def _side(connection: Connection, release: Release, bounds: Bounds) -> Side:
    side = Side(evidence=[release.event_id])
    _say_release(side, release)
    systems = (
        queries.systems(connection, system=release.system_id, bounds=bounds)
        if release.system_id
        else []
    )
    side.say("purpose", {"purpose": systems[0].purpose} if systems else None)
    version = _version(connection, release, bounds)
    _say_version(side, version)
    run = (
        lineage.run_show(connection, version.run_id, bounds=bounds)
        if version and version.run_id
        else None
    )
    say_run(side, connection, run, bounds)
    say_data(side, connection, run, bounds)
    _say_metrics(side, connection, version, bounds)
    return side


def _say_release(side: Side, release: Release) -> None:
    side.say("artifact", {"artifact": release.artifact_digest})
    side.say("configuration", {"configuration": release.configuration_digest})
    side.say("features", {"schema": release.feature_schema_digest})
    side.say("environment", {"release": release.environment_digest})
    side.say("instructions", {"instructions": release.instructions_digest})
    side.say("thresholds", dict(release.thresholds))
    side.say("services", dict.fromkeys(release.backing_services, "called"))
    uses = {f"use {name}": "approved" for name in release.approved_uses}
    uses |= {f"restriction {name}": "stated" for name in release.restrictions}
    side.say("uses", uses)


def _version(
    connection: Connection, release: Release, bounds: Bounds
) -> ModelVersion | None:
    if release.model_version_id is None:
        return None
    found = queries.model_versions(
        connection, model_version=release.model_version_id, bounds=bounds
    )
    return found[0] if found else None


def _say_version(side: Side, version: ModelVersion | None) -> None:
    if version is None:
        for dimension in ("architecture", "features"):
            side.say(dimension, None)
        return
    side.evidence.append(version.event_id)
    parents = {
        f"{one['kind']} {one['version']['id']}": "named" for one in version.parents
    }
    side.say("architecture", {"framework": version.framework, **parents})
    columns = (("input", version.inputs), ("output", version.outputs))
    side.say(
        "features",
        {
            f"{kind} {column['name']}": f"{column['type']}, place {place}"
            for kind, every in columns
            for place, column in enumerate(every)
        },
    )


def _say_metrics(
    side: Side, connection: Connection, version: ModelVersion | None, bounds: Bounds
) -> None:
    tests = (
        lineage.evaluations(connection, model_version=version.event_id, bounds=bounds)
        if version
        else []
    )
    values: dict[str, object] = {}
    for test in reversed(tests):
        values |= {_metric_name(one): listed(one["value"]) for one in test.metrics}
    side.evidence += [test.event_id for test in tests]
    side.say("metrics", values if tests else None)


def _metric_name(metric: Mapping[str, Any]) -> str:
    part = metric.get("slice")
    return f"{metric['name']} of {part}" if part else str(metric["name"])
