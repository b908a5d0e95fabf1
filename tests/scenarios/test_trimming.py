"""Trimming: said and sealed first, then deleted; what is gone is 6, never 5."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger import recovery, seal
from ledger.archive import ArchiveFolder
from ledger.audit import audit_ledger, looks_like
from ledger.errors import (
    ConfigurationError,
    ConflictError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
    NotAuthorisedError,
    UnavailableError,
)
from ledger.events.governance import HoldPlaced, HoldReleased
from ledger.log import CONTROL
from ledger.public import OriginReader
from ledger.recovery import archive_origin, trimming
from ledger.verification import Step, exit_code, load_control
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.owner import sql

ORIGIN = "acme/p0"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(40, per_entry=1)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    """41 leaves over offsets 0 to 40."""
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def archive(ledger: SmallLedger) -> None:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(ledger.public, control.log_vkeys[ORIGIN])
    archive_origin(ledger.log, ArchiveFolder(ledger.config.archive), reader)
    ledger.reopen()


def sealing(ledger: SmallLedger) -> Callable[[], None]:
    def now() -> None:
        with ledger.state() as state:
            sealers = seal.sealers_for(
                ledger.config, ledger.log, state, partitions=[CONTROL]
            )
            seal.drain(sealers)

    return now


def trim(ledger: SmallLedger, before: int = 20, **options: Any) -> recovery.Trimmed:
    chosen: dict[str, Any] = {
        "origin": ORIGIN,
        "rule": "ten years",
        "archived": True,
        "seal": sealing(ledger),
    }
    return recovery.trim(
        ledger.config, ledger.log, before=before, **{**chosen, **options}
    )


def findings(ledger: SmallLedger) -> list[Step]:
    return [s for s in audit_ledger(ledger.config) if s.status != "verified"]


def test_with_an_archive_everything_can_still_be_recomputed(ledger):
    archive(ledger)
    done = trim(ledger)
    assert (done.first, done.before) == (0, 20)
    assert ledger.log.bounds(0) == (20, 41)
    index = ArchiveFolder(ledger.config.archive).origin(ORIGIN).index()
    assert done.archive == index.digest
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    said = control.trimmed(ORIGIN)
    assert said is not None
    assert (said.before_offset, said.rule, said.archive) == (
        20,
        "ten years",
        done.archive,
    )
    assert findings(ledger) == []
    assert ledger.exit_code() == 0


def test_without_the_archive_it_could_not_be_checked_and_is_no_contradiction(ledger):
    trim(ledger, archived=False)
    steps = findings(ledger)
    assert exit_code(steps) == 6
    (step,) = steps
    assert step.place == "log acme/p0 offset 0"
    assert "offsets 0 to 19 were trimmed as control leaf" in step.detail
    assert looks_like(step) == "records were deleted as a sealed trimming says"


def test_records_lost_beside_the_trimmed_ones_are_told_apart(ledger):
    trim(ledger, archived=False)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset BETWEEN 25 AND 26")
    steps = findings(ledger)
    assert [step.place for step in steps] == [
        "log acme/p0 offset 0",
        "log acme/p0 offset 25",
    ]
    assert looks_like(steps[1]) == "records were deleted after sealing"


def test_more_deleted_than_was_said_is_a_contradiction(ledger):
    trim(ledger, archived=False)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 22")
    steps = findings(ledger)
    assert exit_code(steps) == 5
    wrong = next(step for step in steps if step.status == "failed")
    assert wrong.place == "log acme/p0 offset 20"
    assert looks_like(wrong) == "the beginning of the log was deleted unannounced"


def test_the_sealer_goes_on_after_a_trimming_and_stops_at_any_other_deletion(ledger):
    trim(ledger, archived=False)
    ledger.emit_decisions(5, per_entry=1)
    assert ledger.seal() > 0
    assert exit_code(findings(ledger)) == 6
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 22")
    ledger.streams.clear()
    ledger.emit_decisions(1)
    with pytest.raises(IntegrityError, match="without a sealed"):
        ledger.seal()


def test_a_deleted_beginning_stops_the_sealer(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 3")
    with pytest.raises(IntegrityError) as caught:
        ledger.seal()
    assert caught.value.place == "log acme/p0 offset 0"


def test_nothing_is_deleted_before_it_is_sealed_that_it_may(ledger):
    """Killed between the two, or nobody sealed: all is there, nothing is said twice."""
    for _ in range(2):
        with pytest.raises(UnavailableError, match="not sealed yet"):
            trim(ledger, archived=False, seal=lambda: None)
    assert ledger.log.bounds(0) == (0, 41)
    appended = ledger.log.bounds(CONTROL)[1]
    trim(ledger, archived=False)
    assert ledger.log.bounds(CONTROL)[1] == appended
    assert ledger.log.bounds(0) == (20, 41)


def test_killed_before_the_deletion_it_is_done_by_the_next_call(ledger, monkeypatch):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trimming, "delete_below", killed)
    with pytest.raises(KeyboardInterrupt):
        trim(ledger, archived=False)
    assert ledger.exit_code() == 0, "said and not done harms nothing"
    monkeypatch.undo()
    appended = ledger.log.bounds(CONTROL)[1]
    trim(ledger, archived=False)
    assert ledger.log.bounds(0) == (20, 41)
    assert ledger.log.bounds(CONTROL)[1] == appended


def test_the_triggers_stand_again_and_the_bytes_are_gone(ledger):
    import sqlite3

    record = next(ledger.log.read(0, 5, max_records=1))
    secret = (record.value or b"")[-60:]
    assert secret in ledger.config.log_path.read_bytes()
    trim(ledger, archived=False)
    ledger.close()
    for path in ledger.home.glob("log.sqlite*"):
        assert secret not in path.read_bytes()
    db = sqlite3.connect(ledger.config.log_path)
    with pytest.raises(sqlite3.IntegrityError, match="DELETE refused"):
        db.execute("DELETE FROM record WHERE partition = 0")
    db.close()


def test_what_is_not_archived_is_not_deleted(ledger):
    with pytest.raises(MissingEvidenceError, match="not all archived"):
        trim(ledger)
    archive(ledger)
    (path,) = (ledger.config.archive / ORIGIN).glob("*.seg")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(EvidenceError):
        trim(ledger)
    assert ledger.log.bounds(0) == (0, 41)


@pytest.mark.parametrize(
    ("before", "options", "error"),
    [
        (0, {}, ConflictError),
        (41, {}, ConflictError),
        (20, {"origin": "acme/control"}, ConfigurationError),
        (20, {"origin": "acme/manifest"}, ConfigurationError),
        (20, {"origin": "acme/p9"}, ConfigurationError),
    ],
)
def test_what_must_stay_is_not_trimmed(ledger, before, options, error):
    """The control log, the last sealed record, a log that begins there already."""
    with pytest.raises(error):
        trim(ledger, before, archived=False, **options)


def test_the_last_sealed_record_is_the_most_that_stays(ledger):
    trim(ledger, 40, archived=False)
    assert ledger.log.bounds(0) == (40, 41)
    ledger.emit_decisions(1)
    assert ledger.seal() > 0


def test_a_hold_keeps_what_is_in_no_archive(ledger):
    hold = HoldPlaced.record(
        basis="declared", hold="case-7", reason="a dispute", everything=True
    )
    stream = ledger.stream(new=True)
    stream.append([hold])
    ledger.seal()
    with pytest.raises(NotAuthorisedError, match="case-7"):
        trim(ledger, archived=False)
    archive(ledger)
    trim(ledger, 10)
    stream = ledger.stream(new=True)
    stream.append([HoldReleased.record(basis="declared", hold="case-7", reason="over")])
    ledger.seal()
    assert trim(ledger, archived=False).first == 10


def test_tables_go_on_after_a_trimming_and_are_compared_only_with_an_archive(
    ledger, tables_dsn
):
    from projections.audit import audit_tables
    from projections.projection import Source
    from tests.support.database import projected

    with projected(ledger, tables_dsn) as it:
        it.seal_and_project()
        archive(ledger)
        trim(ledger)
        it.seal_and_project()
        with it.connection("owner") as connection:
            source = Source(ledger.log, ledger.public, it.control)
            steps = audit_tables(connection, source, now=1_790_000_000_000_000)
        assert exit_code(steps) == 0
        shutil.rmtree(ledger.config.archive)
        ledger.reopen()
        with it.connection("owner") as connection:
            source = Source(ledger.log, ledger.public, it.control)
            steps = audit_tables(connection, source, now=1_790_000_000_000_000)
        assert exit_code(steps) == 6
        assert "20 records are gone" in steps[-1].detail
