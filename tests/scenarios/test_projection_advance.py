"""Events are projected once each, whatever the order, and nothing is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import clock
from ledger.avro import schema_id
from ledger.codec import encode_fields
from ledger.entry import EncodedEvent
from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
    RootMismatchError,
)
from projections.digests import table_digests
from projections.integrity import queries as integrity
from projections.projection import PROJECTIONS, Projector, Source
from projections.rebuild import positions, rebuild
from projections.schemas import schema_states
from projections.worker import Worker
from tests.support.database import (
    Projected,
    projected,
    tell,
    write,
)
from tests.support.ledger import SmallLedger, decision, encoded, make_ledger
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SmallLedger]:
    made = make_ledger(tmp_path, partitions=2)
    yield made
    made.close()


@pytest.fixture
def world(ledger: SmallLedger, tables_dsn: str) -> Iterator[Projected]:
    with projected(ledger, tables_dsn) as made:
        yield made


def digests(world: Projected) -> dict[str, str]:
    with world.connection() as connection:
        return table_digests(connection)


def count(world: Projected, table: str) -> int:
    with world.connection() as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row
    return int(row[0])


def rebuilt(world: Projected) -> dict[str, str]:
    with world.connection("owner") as connection:
        rebuild(
            connection,
            log=world.ledger.log,
            public=world.ledger.public,
            control=world.control,
            now=clock.now_us(),
        )
    return digests(world)


def test_a_second_advance_finds_nothing_to_do(world: Projected):
    write(world.ledger, tell())
    world.seal_and_project()
    before = digests(world)

    again = world.project()

    assert (again.leaves, again.events, again.rows) == (0, 0, 0)
    assert digests(world) == before


def test_delivered_twice_counts_once(world: Projected):
    write(world.ledger, tell())
    world.ledger.emit_decisions(40, partition=1)
    world.seal_and_project()
    before = digests(world)

    for projection in PROJECTIONS:
        world.tamper(f"DELETE FROM {projection.name}.position")
    world.project()

    assert digests(world) == before


def test_a_projection_that_lags_is_brought_up_and_ends_equal(world: Projected):
    write(world.ledger, tell())
    world.ledger.seal()
    world.project(max_leaves=9)
    before_all = count(world, "integrity.entry")
    world.tamper("DELETE FROM registry.position")
    for table in ("model", "release", "system", "principal", "approval"):
        world.tamper(f"DELETE FROM registry.{table}")
    world.project()
    assert count(world, "integrity.entry") > before_all
    assert digests(world) == rebuilt(world)


def test_a_rebuild_gives_the_live_digests_and_keeps_positions(world: Projected):
    write(world.ledger, tell())
    world.ledger.emit_decisions(30, partition=1)
    world.seal_and_project()
    before = digests(world)
    with world.connection() as connection:
        reached = positions(connection, schema="decisions")

    assert rebuilt(world) == before
    with world.connection() as connection:
        assert positions(connection, schema="decisions") == reached


def test_a_rebuild_undoes_a_change_of_the_tables(world: Projected):
    story = tell()
    write(world.ledger, story)
    world.seal_and_project()
    before = digests(world)
    world.tamper("UPDATE decisions.decision SET output = 'other'")
    world.tamper("DELETE FROM registry.approval")
    assert digests(world) != before

    assert rebuilt(world) == before


def _batches(world: Projected, moves: list[int]) -> None:
    """Advance one origin by one leaf a move, in the order of the moves."""
    control = world.control
    origins = control.origins
    with world.connection("writer") as connection:
        source = Source(world.ledger.log, world.ledger.public, control)
        projector = Projector(connection, source, PROJECTIONS, {})
        for move in moves:
            one = origins[move % len(origins)]
            projector.advance(max_leaves=1 + move % 3, origins=[one])
        projector.advance()


@settings(max_examples=8)
@given(data=st.data())
def test_any_interleaving_of_partitions_gives_the_same_tables(
    data: st.DataObject,
    repeated: tuple[SmallLedger, dict[str, str]],
    postgres_server: str,
):
    moves = data.draw(st.lists(st.integers(0, 99), max_size=25))
    ledger, expected = repeated
    with fresh_database(postgres_server) as dsn, projected(ledger, dsn) as world:
        _batches(world, moves)

        assert digests(world) == expected


@pytest.fixture(scope="module")
def repeated(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[SmallLedger, dict[str, str]]]:
    """Two partitions that hold copies of the same events, some with other bytes."""
    ledger = make_ledger(tmp_path_factory.mktemp("interleaving"), partitions=2)
    story = tell()
    write(ledger, story, partition=0)
    ledger.seal()
    twins = [
        type(event).model_validate({**event.model_dump(), "output": "other"})
        for event in story.decisions[:2]
    ]
    other = ledger.stream(1)
    other.append([*story.decisions, story.events["model"], *twins])
    other.append([story.events["run"], story.decisions[0], story.decisions[0]])
    ledger.emit_decisions(25, partition=1)
    ledger.emit_decisions(25, partition=0)
    ledger.seal()
    with fresh_database(postgres_server) as dsn, projected(ledger, dsn) as world:
        world.project()
        expected = digests(world)
    yield ledger, expected
    ledger.close()


def test_one_id_with_other_bytes_is_a_finding_and_the_first_sealed_stays(
    world: Projected,
):
    first = decision(output="accept")
    other = type(first).model_validate({**first.model_dump(), "output": "deny"})
    world.ledger.stream(1).append([other])
    world.ledger.seal()
    world.ledger.stream(0).append([first, first])
    world.ledger.seal()
    world.project()

    with world.connection() as connection:
        found = integrity.conflicts(connection)
        kept = connection.execute("SELECT output FROM decisions.decision").fetchall()
    assert kept == [("deny",)]
    assert [one.kind for one in found] == ["event id", "event id"]
    assert {one.event_id for one in found} == {UUID(bytes=first.event_id)}
    assert count(world, "decisions.repetition") == 2


def test_one_label_for_two_contents_is_a_finding(world: Projected):
    story = tell()
    fields = story.events["version"].model_dump()
    fields["meta"]["id"] = clock.new_id()
    fields["artifact_digest"] = "sha256:" + "1" * 64
    story.events["again"] = type(story.events["version"]).model_validate(fields)
    write(world.ledger, story)
    world.seal_and_project()

    with world.connection() as connection:
        found = integrity.conflicts(connection)
    assert [(one.kind, one.name) for one in found] == [("model version", "loans v1")]


def test_a_body_that_does_not_decode_is_kept_as_a_finding(world: Projected):
    good = encoded(decision())
    stream = world.ledger.stream()
    value = stream.pack([good, EncodedEvent(good.schema_id, good.body + b"\0"), good])
    stream.seq += 1
    world.ledger.log.append(0, value)
    world.seal_and_project()

    with world.connection() as connection:
        found = integrity.unreadable(connection)
        short = integrity.short_leaves(connection)
    assert [(one.leaf, one.idx) for one in found] == [(1, 1)]
    assert "bytes follow" in found[0].reason
    assert short == []
    assert count(world, "decisions.decision") == 1


UNSTORABLE: dict[str, dict[str, object]] = {
    "time: 4611686018427387904 is outside the years 1 to 9999": {"time": 2**62},
    "output: holds a NUL character": {"output": "a\0b"},
    "use: 5000 characters, at most 2048": {"use": "x" * 5_000},
    "reason_codes: holds a NUL character": {"reason_codes": ["a\0b"]},
}


def test_what_no_table_holds_is_a_finding_and_the_rest_goes_on(world: Projected):
    """The producer's library refuses these; who holds a key need not use it."""
    events: list[EncodedEvent] = []
    for change in UNSTORABLE.values():
        good = decision()
        fields = good.model_dump() | {"id": clock.new_id()} | change
        bad = encode_fields(type(good), fields)
        events += [EncodedEvent(schema_id(type(good)), bad), encoded(good)]
    world.ledger.log.append(0, world.ledger.stream().pack(events))
    world.seal_and_project()

    with world.connection() as connection:
        found = integrity.unreadable(connection)
    assert sorted(one.reason for one in found) == sorted(UNSTORABLE)
    assert count(world, "decisions.decision") == len(UNSTORABLE)
    assert digests(world) == rebuilt(world)


def test_refused_records_and_gaps_are_listed(world: Projected):
    stream = world.ledger.stream()
    world.ledger.log.append(0, b"not an entry")
    value = stream.pack([encoded(decision())])
    world.ledger.log.append(0, value)
    world.ledger.log.append(0, value)
    world.seal_and_project()

    with world.connection() as connection:
        refused = integrity.quarantine(connection)
        counts = {one.origin: one for one in integrity.leaf_counts(connection)}
    assert [(one.leaf, one.verdict, one.word) for one in refused] == [
        (1, 16, "not an entry")
    ]
    p0 = counts["acme/p0"]
    assert (p0.accepted, p0.duplicates, p0.quarantined, p0.gaps) == (2, 1, 1, 0)


def test_a_changed_record_stops_the_projection_and_names_the_offset(
    world: Projected, monkeypatch: pytest.MonkeyPatch
):
    world.ledger.emit_decisions(30)
    world.ledger.seal()
    real = world.ledger.log.read

    def altered(partition: int, start: int, **limits: int):
        for one in real(partition, start, **limits):
            if partition == 0 and one.offset == 2:
                yield type(one)(0, 2, one.timestamp_ms, (one.value or b"") + b"!")
            else:
                yield one

    monkeypatch.setattr(world.ledger.log, "read", altered)
    with pytest.raises(RootMismatchError) as caught:
        world.project()

    assert caught.value.place == "log acme/p0 offset 2"
    assert count(world, "decisions.decision") == 0
    monkeypatch.undo()
    world.project()
    assert count(world, "decisions.decision") == 30


def test_a_public_folder_with_another_history_is_refused(
    world: Projected, tmp_path: Path
):
    world.ledger.emit_decisions(20)
    world.seal_and_project()
    world.tamper(
        "UPDATE decisions.position SET root = %s WHERE origin = 'acme/p0'", b"x" * 32
    )
    world.ledger.emit_decisions(10)
    world.ledger.seal()

    with pytest.raises(IntegrityError, match="others than those projected") as caught:
        world.project()
    assert caught.value.place == "decisions.position acme/p0"


def test_a_checkpoint_that_went_back_is_refused(world: Projected):
    world.ledger.emit_decisions(20)
    world.seal_and_project()
    folder = world.ledger.folder()
    older = (folder / "checkpoint").read_bytes()
    world.ledger.emit_decisions(20)
    world.seal_and_project()
    (folder / "checkpoint").write_bytes(older)

    with pytest.raises(IntegrityError, match="only 3 are published"):
        world.project()


def test_an_absent_checkpoint_is_missing_evidence_once_it_was_there(world: Projected):
    world.ledger.emit_decisions(20)
    world.seal_and_project()
    (world.ledger.folder() / "checkpoint").unlink()

    with pytest.raises(MissingEvidenceError):
        world.project()


def test_a_changed_tile_stops_the_projection(world: Projected):
    world.ledger.emit_decisions(20)
    world.ledger.seal()
    files = world.ledger.folder().glob("tile/entries/**/*")
    path = next(one for one in files if one.is_file())
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(EvidenceError):
        world.project()
    assert count(world, "decisions.decision") == 0


def test_roles_may_do_no_more_than_they_need(world: Projected):
    world.ledger.emit_decisions(5)
    world.seal_and_project()
    refusals = {
        "auditor": ["INSERT INTO decisions.position VALUES ('x', 1, '', now())"],
        "writer": [
            "DELETE FROM decisions.decision",
            "TRUNCATE decisions.decision",
            "DROP SCHEMA decisions CASCADE",
            "CREATE TABLE decisions.mine (a int)",
        ],
    }
    for role, statements in refusals.items():
        for statement in statements:
            with (
                world.connection(role) as connection,
                pytest.raises(Exception, match=r"permission denied|read-only|owner"),
            ):
                connection.execute(statement.encode())
    assert count(world, "decisions.decision") == 5


def test_a_look_up_by_id_probes_one_partition(world: Projected):
    (identity, *_) = world.ledger.emit_decisions(5)
    world.seal_and_project()
    with world.connection() as connection:
        plan = connection.execute(
            "EXPLAIN SELECT * FROM decisions.decision WHERE event_id = %s",
            [UUID(bytes=identity)],
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert text.count("Scan") == 1
    assert "decision_default" not in text


def test_an_outdated_schema_is_named(world: Projected):
    world.migrate()
    world.tamper("COMMENT ON SCHEMA lineage IS 'mlledger 0'")
    with world.connection() as connection:
        states = schema_states(connection)
    assert states["lineage"] == "outdated"
    assert states["registry"] == "current"


def make_older(world: Projected) -> list[object]:
    """Make the tables those of an older version; returns what one table held."""
    write(world.ledger, tell())
    world.seal_and_project()
    held = rows(world, "SELECT * FROM lineage.run ORDER BY event_id")
    world.tamper("ALTER TABLE lineage.run DROP COLUMN seeds")
    world.tamper("DROP TABLE lineage.document")
    world.tamper("COMMENT ON SCHEMA lineage IS 'mlledger 0123456789abcdef'")
    return held


def rows(world: Projected, question: str) -> list[object]:
    with world.connection() as connection:
        return list(connection.execute(question.encode()).fetchall())


def test_a_worker_makes_older_tables_anew_while_they_answer_and_it_seals(
    world: Projected, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projections.upgrading._LEAST", 1)
    monkeypatch.setattr("projections.upgrading._PART_S", 0.0)
    held, said, answers = make_older(world), list[str](), set[int]()
    with Worker(world.ledger.config, watch=False, say=said.append) as worker:
        while len(said) < 2 and worker.done.get("leaves read anew", 0) < 100:
            if worker.done.get("leaves read anew") == 2:
                world.ledger.emit_decisions(1)
            assert worker.step()
            answers.add(count(world, "lineage.run"))
        assert worker.done["leaves sealed"] > 0, "sealing went on"
        assert worker.done["leaves read anew"] > 3
        while worker.step():
            pass
    assert answers == {len(held)}
    assert ["older version: lineage;" in said[0], len(said)] == [True, 2]
    assert "made anew" in said[1]
    assert rows(world, "SELECT * FROM lineage.run ORDER BY event_id") == held
    assert count(world, "lineage.document") >= 0
    with world.connection("owner") as connection:
        assert set(schema_states(connection).values()) == {"current"}
    upgraded = digests(world)
    remade(world)
    assert digests(world) == upgraded


def remade(world: Projected) -> None:
    with world.connection("owner") as connection:
        rebuild(
            connection,
            log=world.ledger.log,
            public=world.ledger.public,
            control=world.control,
            now=clock.now_us(),
        )


def test_an_upgrade_that_is_stopped_begins_again_and_two_wait_for_each_other(
    world: Projected, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projections.upgrading._LEAST", 1)
    monkeypatch.setattr("projections.upgrading._PART_S", 0.0)
    held, said = make_older(world), list[str]()
    options: Any = {"watch": False, "say": said.append}
    with (
        Worker(world.ledger.config, **options) as first,
        Worker(world.ledger.config, **options) as second,
    ):
        first.step()
        assert not second.step()
        assert not second.step()
        assert said[1:] == ["another process makes the tables anew; waiting for it"]
        first.disconnect()
        assert second.step()
        first.step()
        while said[-1][:17] != "tables made anew ":
            assert second.step()
        first.step()
        assert "events projected" in first.done
    assert rows(world, "SELECT * FROM lineage.run ORDER BY event_id") == held


def test_tables_of_a_newer_program_are_left_alone(world: Projected):
    make_older(world)
    world.tamper(
        "COMMENT ON SCHEMA lineage IS E'mlledger 0123\\nmade by mlledger 99.0.1'"
    )
    with (
        Worker(world.ledger.config, watch=False) as worker,
        pytest.raises(ConfigurationError, match=r"newer mlledger than .*: lineage"),
    ):
        worker.step()
    remade(world)
    with Worker(world.ledger.config, watch=False, once=True) as worker:
        worker.step()


def test_two_projectors_at_once_give_the_tables_of_one(world: Projected):
    from concurrent.futures import ThreadPoolExecutor

    world.ledger.emit_decisions(200, per_entry=2)
    world.ledger.emit_decisions(200, per_entry=2, partition=1)
    world.ledger.seal()
    world.migrate()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: world.project(max_leaves=7), range(60)))

    world.project()
    assert sum(one.events for one in done) <= 500
    assert count(world, "decisions.decision") == 400
    assert digests(world) == rebuilt(world)
