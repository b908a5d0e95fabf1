"""The record archive: content-addressed, incremental, held against the tree."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.archive import (
    ArchivedRecord,
    ArchiveFolder,
    Index,
    SegmentLine,
    SegmentWriter,
    format_index,
    parse_index,
    read_segment,
    segment,
)
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.log.archived import ArchivedLog
from ledger.public import OriginReader
from ledger.recovery import archive_origin, verify_archive
from ledger.verification import Step, exit_code, load_control
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.owner import sql

ORIGIN = "acme/p0"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home: 41 leaves, one of them a gap, one in quarantine."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(20, per_entry=1)
    ledger.log.append(0, b"nonsense")
    ledger.emit_decisions(19, per_entry=1)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset = 9")
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "MAX_RECORDS", 8)


def reader_of(ledger: SmallLedger, origin: str = ORIGIN) -> OriginReader:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    return OriginReader(ledger.public, control.log_vkeys[origin])


def archived(ledger: SmallLedger) -> ArchiveFolder:
    folder = ArchiveFolder(ledger.config.archive)
    archive_origin(ledger.log, folder, reader_of(ledger))
    return folder


def wrong(ledger: SmallLedger) -> list[Step]:
    folder = ArchiveFolder(ledger.config.archive)
    steps = verify_archive(folder, reader_of(ledger))
    return [step for step in steps if step.status != "verified"]


def test_what_is_archived_is_what_was_sealed_gap_and_quarantine_included(ledger):
    folder = archived(ledger)
    found = list(folder.origin(ORIGIN).read(0))
    kept = list(ledger.log.read(0, 0))
    assert [tuple(r) for r in found] == [
        (r.offset, r.timestamp_ms, r.value) for r in kept
    ]
    assert 9 not in {record.offset for record in found}
    assert wrong(ledger) == []


def test_a_later_call_archives_the_rest_and_the_older_digest_still_holds(
    ledger, small_segments
):
    folder = archived(ledger)
    before = folder.origin(ORIGIN).index()
    files = sorted(path.name for path in folder.origin(ORIGIN).folder.iterdir())
    ledger.emit_decisions(9, per_entry=1)
    assert archive_origin(ledger.log, folder, reader_of(ledger)).segments == 0
    ledger.seal()
    done = archive_origin(ledger.log, folder, reader_of(ledger))
    after = folder.origin(ORIGIN).index()
    assert done.records == 10
    assert done.digest == after.digest != before.digest
    assert after.begins_with(before.digest)
    assert not before.begins_with(after.digest)
    assert not after.begins_with(bytes(32))
    now = {path.name for path in folder.origin(ORIGIN).folder.iterdir()}
    assert set(files) < now, "what was written stays as it is"
    assert wrong(ledger) == []


def test_unsealed_records_are_not_archived(ledger):
    ledger.emit_decisions(3, per_entry=1)
    folder = archived(ledger)
    assert folder.origin(ORIGIN).index().end == 41


def test_an_altered_record_is_not_archived_but_named(ledger):
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 5")
    with pytest.raises(IntegrityError) as caught:
        archived(ledger)
    assert caught.value.place == "log acme/p0 offset 5"
    assert not ArchiveFolder(ledger.config.archive).holds(ORIGIN)


def test_a_missing_record_is_not_passed_over(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset = 5")
    with pytest.raises(MissingEvidenceError) as caught:
        archived(ledger)
    assert caught.value.place == "log acme/p0 offset 5"


def test_any_flipped_byte_of_a_segment_is_found(ledger):
    folder = archived(ledger).origin(ORIGIN)
    (path,) = folder.folder.glob("*.seg")
    whole = path.read_bytes()
    for at in (0, 5, 12, 25, 40, 60, len(whole) // 2, len(whole) - 1):
        data = bytearray(whole)
        data[at] ^= 1
        path.write_bytes(bytes(data))
        steps = wrong(ledger)
        assert exit_code(steps) == 5
        assert steps[0].place == f"archive/acme/p0/{path.name}"
    path.write_bytes(whole[:-1])
    assert exit_code(wrong(ledger)) == 5
    path.unlink()
    assert exit_code(wrong(ledger)) == 6


def test_a_forged_archive_with_right_names_is_held_against_the_tree(ledger):
    """Who can write the archive can make index and names fit; the leaves do not."""
    folder = archived(ledger).origin(ORIGIN)
    records = list(folder.read(0))
    writer = SegmentWriter(ORIGIN, 0)
    for record in records:
        value = b"forged" if record.offset == 7 else record.value
        writer.add(ArchivedRecord(record.offset, record.timestamp_ms, value))
    folder.path.unlink()
    folder.add(Index(ORIGIN), writer)
    steps = wrong(ledger)
    assert exit_code(steps) == 5
    assert (steps[0].place or "").endswith("offset 7")


def test_a_segment_with_a_record_too_many_or_too_few_is_found(ledger):
    folder = archived(ledger).origin(ORIGIN)
    records = list(folder.read(0))
    for change in ("more", "fewer"):
        writer = SegmentWriter(ORIGIN, 0)
        for record in records:
            if change == "fewer" and record.offset == 7:
                continue
            if change == "more" and record.offset == 10:
                writer.add(ArchivedRecord(9, 1, b"where a gap was sealed"))
            writer.add(record)
        folder.path.unlink()
        folder.add(Index(ORIGIN), writer)
        assert exit_code(wrong(ledger)) == 5


def test_a_log_reads_on_in_the_archive_where_its_own_records_are_gone(
    ledger, small_segments
):
    archived(ledger)
    before = list(ledger.log.read(0, 0))
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 20")
    log = ledger.log
    assert isinstance(log, ArchivedLog)
    assert log.bounds(0) == (20, 41), "bounds stay those of the live log"
    assert log.readable(0) == (0, 41)
    found = list(log.read(0, 0))
    assert found == before[:19]
    assert next(iter(log.read(0, 19))).offset == 19
    assert list(log.read(0, 20)) == before[19:]
    assert log.partitions() == 1


def test_a_log_does_not_read_altered_records_from_the_archive(ledger):
    """Where the live log has a record, that is the one that is checked."""
    archived(ledger)
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 5")
    assert ledger.exit_code() == 5


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(0, 2**63),
            st.one_of(st.none(), st.binary(max_size=40)),
        ),
        max_size=12,
    ),
    st.integers(0, 5),
)
def test_a_segment_gives_back_what_went_in(items, start):
    writer, offset = SegmentWriter(ORIGIN, 3), 2
    records: list[ArchivedRecord] = []
    for step, timestamp_ms, value in items:
        offset += step
        records.append(ArchivedRecord(offset, timestamp_ms, value))
        writer.add(records[-1])
    data = writer.to_bytes()

    def read(data: bytes, start: int = 0) -> list[ArchivedRecord]:
        file, last = io.BytesIO(data), writer.last
        found = read_segment(
            file, origin=ORIGIN, first=3, last=last, place="x", start=start
        )
        return list(found)

    assert read(data, start) == [r for r in records if r.offset >= start]
    for other in (data + b"\x00", data[:-1]):
        with pytest.raises(MalformedError):
            read(other)


LINES = Index(
    ORIGIN,
    (SegmentLine(0, 4, 5, bytes(32)), SegmentLine(7, 7, 1, b"\x01" * 32)),
)
TEXT = format_index(LINES)


def test_an_index_is_read_back_and_tells_what_it_covers():
    assert parse_index(TEXT, origin=ORIGIN, place="x") == LINES
    assert (LINES.first, LINES.end) == (0, 8)
    assert LINES.covers(0, 5)
    assert LINES.covers(7, 8)
    assert not LINES.covers(0, 6)
    assert not LINES.covers(4, 8)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace("acme/p0", "acme/p1"),
        TEXT.replace("/v1", "/v2"),
        TEXT.replace("0 4 5", "00 4 5"),
        TEXT.replace("0 4 5", "+0 4 5"),
        TEXT.replace("0 4 5", "0  4 5"),
        TEXT.replace("0 4 5", "4 0 5"),
        TEXT.replace("0 4 5", "0 4 6"),
        TEXT.replace("7 7 1", "3 7 1"),
        TEXT.replace("01" * 32, "01" * 31),
        TEXT.replace("0101", "01AB", 1),
        TEXT.replace("\n", "\r\n"),
    ],
)
def test_an_index_has_one_spelling(text):
    with pytest.raises(MalformedError):
        parse_index(text, origin=ORIGIN, place="x")
