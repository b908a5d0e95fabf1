"""The chain of a decision is complete, and every contradiction in it is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ledger.errors import NotFoundError
from projections.chain import NOT_RECORDED, Chain, decision_chain
from tests.support.database import (
    PERSON,
    Projected,
    Story,
    Template,
    digest_of,
    projected,
    record,
    tell,
    template,
    write,
)
from tests.support.ledger import make_ledger

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def story() -> Story:
    return tell()


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, story: Story
) -> Iterator[Template]:
    def fill(made: Projected) -> None:
        write(made.ledger, story)
        made.seal_and_project()

    with template(tmp_path_factory.mktemp("told"), postgres_server, fill) as made:
        yield made


@pytest.fixture
def world(told: Template, tmp_path: Path) -> Iterator[Projected]:
    with told.copied(tmp_path) as made:
        yield made


def chain(
    world: Projected, decision: UUID, *, verify: bool = True, **when: object
) -> Chain:
    verifier = world.verifier() if verify else None
    with world.connection() as connection:
        return decision_chain(connection, decision, verifier=verifier, **when)  # type: ignore[arg-type]


def _size(path: Path) -> int:
    return path.stat().st_size


def link(found: Chain, kind: str):
    return next(one for one in found.links if one.kind == kind)


def test_every_link_from_decision_to_source_is_verified(world: Projected, story: Story):
    found = chain(world, story.decision_id)

    assert {(one.kind, one.integrity) for one in found.links} == {
        (kind, "verified")
        for kind in (
            "decision",
            "deployment",
            "process attestation",
            "release",
            "approval",
            "model version",
            "model",
            "evaluation",
            "criterion",
            "run",
            "run update",
            "run end",
            "input",
            "dataset version",
            "dataset",
            "source",
            "system",
        )
    }
    assert (found.exit_code, found.missing) == (0, ())
    assert found.decision.event_id == story.decision_id
    assert link(found, "approval").identity == PERSON
    assert link(found, "run").fields["parameters"] == {"depth": "3"}
    assert len([one for one in found.links if one.kind == "dataset version"]) == 2


def test_without_a_verifier_nothing_claims_to_be_verified(
    world: Projected, story: Story
):
    found = chain(world, story.decision_id, verify=False)

    assert {one.integrity for one in found.links} == {"not_checked"}
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("table", "column", "value", "key", "kind"),
    [
        ("decisions.decision", "output", "deny", None, "decision"),
        ("decisions.decision", "identity", "service:other", None, "decision"),
        ("decisions.decision", "sealed_at", "2001-01-01Z", None, "decision"),
        ("registry.release", "thresholds", '{"accept": 0.4}', "release", "release"),
        ("registry.approval", "decision", "reject", "approval", "approval"),
        (
            "registry.model_version",
            "artifact_digest",
            digest_of("x"),
            "version",
            "model version",
        ),
        (
            "registry.process_attestation",
            "matches",
            "false",
            "attestation",
            "process attestation",
        ),
        ("lineage.run", "parameters", '{"depth": "4"}', "run", "run"),
        ("lineage.dataset_version", "rows", "999", "train", "dataset version"),
        ("lineage.evaluation", "passed", "false", "evaluation", "evaluation"),
    ],
)
def test_a_changed_column_is_named_with_both_values(
    world: Projected,
    story: Story,
    table: str,
    column: str,
    value: str,
    key: str | None,
    kind: str,
):
    event = story.id(key) if key else story.decision_id
    changed = world.tamper(
        f"UPDATE {table} SET {column} = %s WHERE event_id = %s", value, event
    )

    found = chain(world, story.decision_id)

    failed = [one for one in found.links if one.integrity == "failed"]
    assert changed == 1
    assert found.exit_code == 5
    assert [(one.kind, one.place) for one in failed] == [
        (kind, f"{table} {event} column {column}")
    ]
    assert failed[0].expected != failed[0].actual
    assert failed[0].expected
    assert failed[0].actual


@pytest.mark.parametrize(
    ("column", "value"),
    [("leaf", "999999"), ("leaf", "0"), ("idx", "4000"), ("origin", "acme/p7")],
)
def test_a_row_with_another_position_contradicts_the_log(
    world: Projected, story: Story, column: str, value: str
):
    world.tamper(
        f"UPDATE decisions.decision SET {column} = %s WHERE event_id = %s",
        value,
        story.decision_id,
    )
    found = chain(world, story.decision_id)

    assert found.decision.integrity == "failed"
    assert found.exit_code == 5


@pytest.mark.parametrize(
    ("name", "table", "kind"),
    [
        ("release", "registry.release", "release"),
        ("approval", "registry.approval", "approval"),
        ("evaluation", "lineage.evaluation", "evaluation"),
        ("attestation", "registry.process_attestation", "process attestation"),
        ("train", "lineage.dataset_version", "dataset version"),
    ],
)
@pytest.mark.parametrize("everywhere", [False, True], ids=["row", "row and event"])
def test_a_deleted_row_is_found_although_nothing_is_left_to_compare(
    world: Projected, story: Story, name: str, table: str, kind: str, everywhere: bool
):
    world.tamper(f"DELETE FROM {table} WHERE event_id = %s", story.id(name))
    if everywhere:
        world.tamper("DELETE FROM integrity.event WHERE event_id = %s", story.id(name))

    found = chain(world, story.decision_id)

    failed = [one for one in found.links if one.integrity == "failed"]
    assert [(one.kind, one.event_id, one.actual) for one in failed] == [
        (kind, story.id(name), "no row")
    ]
    assert (found.exit_code, found.missing) == (5, ())


def test_a_deleted_decision_is_found_in_the_log(world: Projected, story: Story):
    world.tamper(
        "DELETE FROM decisions.decision WHERE event_id = %s", story.decision_id
    )

    found = chain(world, story.decision_id)

    assert (found.decision.integrity, found.exit_code) == ("failed", 5)
    assert found.decision.reason == "the event is in the log, its row is absent"


def test_an_invented_approval_is_a_contradiction(world: Projected, story: Story):
    world.tamper(
        "INSERT INTO registry.approval SELECT gen_random_uuid(), time, sealed_at,"
        " origin, leaf, idx, identity, basis, system_id, request_id,"
        " request_ref_digest, object_id,"
        " object_ref_digest, 'second gate', content_digest, decision, meaning,"
        " conditions, expires, mandate, signature_kind, issuer, auth_time"
        " FROM registry.approval"
    )
    found = chain(world, story.decision_id)

    approvals = [one for one in found.links if one.kind == "approval"]
    assert sorted(one.integrity for one in approvals) == ["failed", "verified"]
    assert found.exit_code == 5


def test_a_changed_byte_of_the_log_fails_and_an_absent_file_is_not_checked(
    world: Projected, story: Story
):
    found = world.ledger.folder().glob("tile/entries/**/*")
    entries = max((path for path in found if path.is_file()), key=_size)
    data = entries.read_bytes()
    entries.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert chain(world, story.decision_id).exit_code == 5

    for path in world.ledger.folder().glob("tile/entries/**/*"):
        if path.is_file():
            path.unlink()
    found = chain(world, story.decision_id)
    assert found.exit_code == 6
    assert {one.integrity for one in found.links if one.missing is None} == {
        "not_checked"
    }
    assert not [one for one in found.links if one.integrity == "failed"]


def test_gaps_name_the_event_that_would_fill_them_and_do_not_fail(
    tmp_path: Path, tables_dsn: str
):
    story = tell()
    for name in ("approval", "evaluation", "criterion", "source", "attestation"):
        del story.events[name]
    ledger = make_ledger(tmp_path)
    write(ledger, story)
    with projected(ledger, tables_dsn) as world:
        world.seal_and_project()
        found = chain(world, story.decision_id)
    ledger.close()

    gaps = {one.kind: one for one in found.links if one.missing}
    assert {kind: gap.missing for kind, gap in gaps.items()} == {
        "approval": "registry.approval.decided",
        "evaluation": "evaluation.test.completed",
        "process attestation": "serving.process.attested",
        "source": "data.source.registered",
    }
    assert {gap.title for gap in gaps.values()} == {NOT_RECORDED}
    assert {gap.integrity for gap in gaps.values()} == {"not_checked"}
    assert gaps["process attestation"].event_id == UUID(
        bytes=bytes(story.decisions[0].attestation)  # type: ignore[attr-defined]
    )
    assert found.exit_code == 0


def test_a_reference_to_other_content_than_was_signed_fails(
    tmp_path: Path, tables_dsn: str
):
    story = tell()
    other = story.ref("version").model_copy(update={"digest": digest_of("other bytes")})
    fields = story.events["release"].model_dump()
    story.events["release"] = type(story.events["release"]).model_validate(
        {**fields, "model_version": other.model_dump()}
    )
    ledger = make_ledger(tmp_path)
    write(ledger, story)
    with projected(ledger, tables_dsn) as world:
        world.seal_and_project()
        found = chain(world, story.decision_id)
    ledger.close()

    release = link(found, "release")
    assert (release.integrity, found.exit_code) == ("failed", 5)
    assert (
        release.place == f"registry.release {story.id('release')} field model_version"
    )
    assert release.expected == digest_of("other bytes")


def test_known_as_of_gives_yesterdays_answer_again(world: Projected, story: Story):
    before = chain(world, story.decision_id, verify=False)
    moment = datetime.now(UTC)
    late = record(
        "governance.statement.recorded",
        author="maria",
        field="note",
        text="added later",
        valid_for=story.ref("release"),
        time=int((moment - timedelta(days=1)).timestamp()) * 1_000_000,
    )
    document = record(
        "governance.document.stored",
        digest=digest_of("late"),
        media_type="text/plain",
        size_bytes=4,
        about=story.events["release"].event_id,
        time=int((moment - timedelta(days=1)).timestamp()) * 1_000_000,
    )
    assert late.event_id != document.event_id
    world.ledger.stream().append([document])
    world.seal_and_project()

    now = chain(world, story.decision_id, verify=False)
    then = chain(world, story.decision_id, verify=False, known_as_of=moment)

    assert {one.kind for one in now.links} - {one.kind for one in before.links} == {
        "document"
    }
    assert then == before


def test_an_unknown_decision_is_not_found(world: Projected):
    with pytest.raises(NotFoundError, match="not recorded"):
        chain(world, UUID(int=7))
