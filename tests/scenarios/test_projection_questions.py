"""Audit questions give the answer that held at a moment, and say what proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.events.base import Event
from projections.asking import Bounds
from projections.columns import from_time
from projections.decisions import queries as decisions
from projections.integrity import queries as integrity
from projections.lineage import queries as lineage
from projections.registry import queries as registry
from tests.support.database import (
    Projected,
    Story,
    digest_of,
    projected,
    record,
    tell,
    write,
)
from tests.support.events import ref
from tests.support.ledger import make_ledger

pytestmark = pytest.mark.postgres
NOW = datetime.now(UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@dataclass
class World:
    projected: Projected
    story: Story

    def add(self, *events: Event) -> None:
        for event in events:
            self.projected.ledger.stream().append([event])
        self.projected.seal_and_project()

    def ask(self, question: Any, *arguments: Any, **options: Any) -> Any:
        with self.projected.connection() as connection:
            return question(connection, *arguments, **options)


@pytest.fixture
def world(tmp_path: Path, tables_dsn: str) -> Iterator[World]:
    ledger = make_ledger(tmp_path)
    story = tell()
    write(ledger, story)
    with projected(ledger, tables_dsn) as made:
        made.seal_and_project()
        yield World(made, story)
    ledger.close()


def activated(world: World, *, days: float, **changes: Any) -> Event:
    fields = {
        "release": world.story.ref("release"),
        "release_digest": digest_of("release"),
        "environment": "staging",
        "role": "champion",
        "traffic": 1.0,
        "emergency": False,
        "time": from_time(ago(days)),
    }
    return record("serving.deployment.activated", **(fields | changes))


def test_live_at_counts_what_had_happened_by_then(world: World):
    first = activated(world, days=30)
    second = activated(world, days=10, system_id="lending")
    less = record(
        "serving.deployment.changed",
        deployment=ref(first),
        role="shadow",
        traffic=0.0,
        time=from_time(ago(9)),
    )
    gone = record(
        "serving.deployment.deactivated",
        deployment=ref(first),
        time=from_time(ago(5)),
    )
    world.add(first, second, less, gone)

    def live(days: float) -> list[tuple[bytes, str]]:
        found = world.ask(
            registry.live_at, environment="staging", bounds=Bounds(ago(days))
        )
        return [(one.event_id.bytes, one.role) for one in found]

    assert live(31) == []
    assert live(20) == [(first.event_id, "champion")]
    assert live(9.5) == [(second.event_id, "champion"), (first.event_id, "champion")]
    assert live(8) == [(second.event_id, "champion"), (first.event_id, "shadow")]
    assert live(1) == [(second.event_id, "champion")]
    one = world.ask(registry.live_at, environment="staging", bounds=Bounds(ago(20)))[0]
    assert (one.valid_from, one.valid_to) == (ago(30), ago(9))
    assert (one.model, one.version, one.ended) == ("loans", "v1", False)


def test_a_late_event_changes_as_of_and_not_known_as_of(world: World):
    before = datetime.now(UTC)
    world.add(activated(world, days=30))

    def live(bounds: Bounds) -> int:
        found = world.ask(registry.live_at, environment="staging", bounds=bounds)
        return len(found)

    assert live(Bounds(as_of=ago(20))) == 1
    assert live(Bounds(as_of=ago(20), known_as_of=before)) == 0


def test_deployments_are_listed_with_what_became_of_them(world: World):
    first = activated(world, days=30)
    gone = record(
        "serving.deployment.deactivated",
        deployment=ref(first),
        reason="replaced",
        time=from_time(ago(5)),
    )
    world.add(first, gone)

    found = world.ask(registry.deployments, environment="staging")
    history = world.ask(registry.deployment_history, found[0].event_id)

    assert [(one.ended, one.environment) for one in found] == [(True, "staging")]
    assert [one.change for one in history] == ["activated", "deactivated"]


def test_decisions_are_paged_newest_first(world: World):
    newest = [one.event_id.bytes for one in world.ask(decisions.decision_list)]
    assert newest == [event.event_id for event in reversed(world.story.decisions)]

    seen: list[bytes] = []
    before = None
    while page := world.ask(decisions.decision_list, limit=1, before=before):
        seen.append(page[0].event_id.bytes)
        before = (page[0].time, page[0].event_id)
    assert seen == newest

    (count,) = world.ask(decisions.decision_counts)
    assert (count.release, count.decisions, count.adverse) == ("2026.1", 3, 1)
    (found,) = world.ask(decisions.decision_find, world.story.decision_id)
    assert (found.model, found.version, found.environment) == (
        "loans",
        "v1",
        "production",
    )
    assert world.ask(decisions.decision_list, model="other") == []


def test_a_digest_leads_to_everything_that_has_it(world: World):
    found = world.ask(lineage.whatis, digest_of("model"))
    assert {one.kind for one in found.things} == {
        "model version",
        "release",
        "run output",
    }
    assert [(one.environment, one.role) for one in found.live] == [
        ("production", "champion")
    ]
    data = world.ask(lineage.whatis, digest_of("train"))
    assert {one.kind for one in data.things} == {"run input", "data set version"}
    assert world.ask(lineage.whatis, digest_of("unknown")).things == ()


def test_the_registry_answers_with_names_versions_and_approvals(world: World):
    (model,) = world.ask(registry.model_list)
    (version,) = world.ask(registry.model_versions, model="loans")
    (release,) = world.ask(registry.releases, model="loans")
    (approval,) = world.ask(registry.approvals, object_id=release.event_id)
    (attested,) = world.ask(registry.attestations)
    (system,) = world.ask(registry.systems)

    assert (model.versions, model.newest_version) == (1, "v1")
    assert (version.artifact_digest, version.conflicting) == (digest_of("model"), False)
    assert release.thresholds == {"accept": 0.5}
    assert (approval.identity_kind, approval.matches) == ("person", True)
    assert (attested.matches, attested.differs) == (True, False)
    assert system.system == "lending"


def test_lineage_answers_with_runs_inputs_and_data(world: World):
    (run,) = world.ask(lineage.runs)
    (read,) = world.ask(lineage.inputs, run.event_id)
    (update,) = world.ask(lineage.run_updates, run.event_id)
    (dataset,) = world.ask(lineage.datasets)
    versions = world.ask(lineage.dataset_versions, dataset="loans")
    (source,) = world.ask(lineage.sources)
    (test,) = world.ask(lineage.evaluations)

    assert (run.outcome, run.inputs, run.seeds) == ("completed", 1, {"numpy": 7})
    assert (read.dataset, read.matches) == ("loans", True)
    assert update.metrics[0]["name"] == "auc"
    assert (dataset.versions, len(versions), source.source) == (2, 2, "bureau")
    assert versions[0].parent_ids == [versions[1].event_id]
    assert (test.passed, test.predefined) == (True, True)


def test_an_undeclared_consumer_stands_out(world: World):
    channel = {"kind": "kafka.topic", "id": "scores"}
    seen = {
        "window_from": from_time(ago(2)),
        "window_to": from_time(ago(1)),
        "complete": True,
        "resource": channel,
        "channel": "kafka.group",
        "operation": "read",
        "count": 5,
        "blind_spots": ["readers without a group"],
    }
    contract = record(
        "consumer.contract.declared",
        consumer="billing",
        channels=[channel],
        columns=[],
        purpose="invoices",
        valid_from=from_time(ago(9)),
    )
    idle = record(
        "consumer.contract.declared",
        consumer="archive",
        channels=[channel],
        columns=[],
        purpose="copies",
        valid_from=from_time(ago(9)),
    )
    world.add(
        contract,
        idle,
        record("consumer.access.observed", consumer="billing", **seen),
        record("consumer.access.observed", consumer="shadow-team", **seen),
        record("consumer.access.observed", consumer="shadow-team", **seen),
    )
    found = world.ask(integrity.consumers)

    assert [(one.consumer, one.declared, one.observed) for one in found] == [
        ("shadow-team", False, True),
        ("billing", True, True),
        ("archive", True, False),
    ]
    assert (found[0].observations, found[0].records) == (2, 10)
    assert found[0].resource == "kafka.topic:scores"
    assert found[0].blind_spots == ["readers without a group"]


def test_a_stream_is_silent_after_three_heartbeats(world: World):
    now = datetime.now(UTC)

    def states(later_s: float) -> set[str]:
        moment = now + timedelta(seconds=later_s)
        found = world.ask(integrity.streams, now=moment)
        return {one.state for one in found if one.origin == "acme/p0"}

    assert states(0) == {"open"}
    assert states(100) == {"open"}
    assert states(190) == {"silent"}
    world.projected.ledger.stream().close()
    world.projected.seal_and_project()
    assert states(190) == {"silent", "closed"}


def test_a_range_says_what_was_sealed_in_it(world: World):
    world.projected.ledger.log.append(0, b"junk")
    world.projected.seal_and_project()
    found = world.ask(integrity.integrity_of_range, now=NOW)
    assert {one.origin for one in found.origins} == {"acme/control", "acme/p0"}
    assert all(one.events == one.rows for one in found.rows)
    assert len(found.refusals) == 1
    empty = world.ask(integrity.integrity_of_range, now=NOW, until=ago(1))
    assert (empty.origins, empty.refusals) == ((), ())


def test_events_are_found_by_id_type_and_family(world: World):
    one = world.ask(integrity.event_find, world.story.id("release"))
    decided = world.ask(integrity.event_find, world.story.decision_id)
    family = world.ask(integrity.events, type_name="registry.")
    assert one.type == "registry.release.created"
    assert decided.type == "prediction.decision.recorded"
    assert {event.type for event in family} == {
        "registry.approval.decided",
        "registry.model.registered",
        "registry.model_version.created",
        "registry.release.created",
    }
    assert world.ask(integrity.events, type_name="registry.release.created") == [one]
