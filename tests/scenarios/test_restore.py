"""A lost log is put back, or broken off and continued; what is lost is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import recovery
from ledger.archive import ArchiveFolder
from ledger.audit import audit_ledger
from ledger.config import load_config
from ledger.emitter import Emitter
from ledger.errors import ConflictError, IntegrityError, MissingEvidenceError
from ledger.keys import load_signer
from ledger.log import CONTROL, open_log
from ledger.origins import EPOCH
from ledger.public import OriginReader
from ledger.recovery import archive_origin
from ledger.seal import open_state
from ledger.verification import ControlReader, LedgerVerifier, exit_code, load_control
from tests.support.ledger import (
    SmallLedger,
    copy_ledger,
    decision,
    make_ledger,
    sealed_ids,
)
from tests.support.owner import lose_log, sql

P0, E1 = "acme/p0", "acme/p0/e1"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(40, per_entry=2)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    """21 leaves over offsets 0 to 20: an opening entry, and 40 decisions in 20."""
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder on another disk."""
    return tmp_path / "elsewhere"


def write_archive(ledger: SmallLedger, archive: Path, *origins: str) -> None:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    for origin in origins or ("acme/control", P0):
        reader = OriginReader(ledger.public, control.log_vkeys[origin])
        archive_origin(ledger.log, ArchiveFolder(archive), reader)


def restore(ledger: SmallLedger, origin: str, archive: Path) -> recovery.Restored:
    ledger.log.close()
    there = ledger.config.log_path.is_file()
    state = open_state(ledger.config) if there else None
    try:
        done = recovery.restore(
            ledger.config, origin=origin, archive=archive, state=state, why="disk lost"
        )
    finally:
        if state:
            state.close()
    ledger.config = load_config(ledger.home)
    ledger.streams.clear()
    ledger.reopen()
    return done


def rebuild(ledger: SmallLedger, origin: str) -> recovery.Rebuilt:
    control = ControlReader(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    control.refresh()
    with ledger.state() as state:
        return recovery.rebuild_state(
            ledger.config, log=ledger.log, state=state, control=control, origin=origin
        )


def audit_code(ledger: SmallLedger) -> int:
    steps = audit_ledger(ledger.config)
    print(*(step for step in steps if step.status != "verified"), sep="\n")
    return exit_code(steps)


def emit(ledger: SmallLedger, count: int) -> list[bytes]:
    """Emit as a process of its own would; returns when all is sealed or time is up."""
    emitter = Emitter(ledger.config, identity="service:local", signer=ledger.producer)
    events = [decision() for _ in range(count)]
    for event in events:
        emitter.emit(event)
    assert emitter.flush(60)
    emitter.close()
    return [event.id for event in events]


def test_a_lost_file_is_put_back_and_the_ledger_goes_on_as_it_was(ledger, archive):
    write_archive(ledger, archive)
    before = {n: list(ledger.log.read(n, 0)) for n in (CONTROL, 0)}
    ids = sealed_ids(ledger)
    lose_log(ledger)
    for origin in ("acme/control", P0):
        done = restore(ledger, origin, archive)
        assert (done.continued, done.lost) == (origin, 0)
    assert {n: list(ledger.log.read(n, 0)) for n in (CONTROL, 0)} == before
    with pytest.raises(IntegrityError, match="the state says 0"):
        ledger.seal()
    for origin in ("acme/control", P0):
        rebuild(ledger, origin)
    ids += ledger.emit_decisions(6, per_entry=2)
    ledger.seal()
    assert audit_code(ledger) == 0
    assert sealed_ids(ledger) == ids


def test_a_lost_file_goes_on_in_a_new_epoch_and_what_is_lost_is_named(ledger, archive):
    write_archive(ledger, archive)
    lost = ledger.emit_decisions(6, per_entry=2)  # a stream of its own: 4 entries
    ledger.seal()
    lose_log(ledger)
    with pytest.raises(ConflictError, match="with it the control log"):
        restore_only_fails(ledger, archive)
    restore(ledger, "acme/control", archive)
    rebuild(ledger, "acme/control")
    done = restore(ledger, P0, archive)
    assert (done.size, done.records, done.lost) == (25, 21, 4)
    assert (done.continued, ledger.config.log.epochs) == (E1, {"p0": 1})
    ledger.seal()
    ids = ledger.emit_decisions(4, partition=EPOCH)
    ledger.seal()
    assert audit_code(ledger) == 6
    steps = audit_ledger(ledger.config)
    (wrong,) = [step for step in steps if step.status != "verified"]
    assert wrong.place == "log acme/p0 offset 21"
    assert "offsets 21 to 24" in wrong.detail
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    closed = control.logs[P0]
    assert (closed.final_size, control.logs[E1].closed_at) == (25, None)
    assert len(gaps(ledger)) == 1
    (gap,) = gaps(ledger)
    assert (gap["first"], gap["last"], gap["count"]) == (0, 3, len(lost) + 1)
    assert "disk lost: 4 sealed records of acme/p0 are lost" in gap["cause"]
    assert sealed_ids(ledger, EPOCH) == ids


def restore_only_fails(ledger: SmallLedger, archive: Path) -> None:
    recovery.restore(ledger.config, origin=P0, archive=archive)


def gaps(ledger: SmallLedger) -> list[dict[str, object]]:
    """The fields of each declared gap in the control log."""
    from ledger.entry import parse_entry
    from ledger.ledger_types import decode_bodies

    return [
        fields
        for record in ledger.log.read(CONTROL, 0)
        for name, fields in decode_bodies(parse_entry(record.value or b""))
        if name == "ledger.gap.declared"
    ]


def test_a_beheaded_log_is_broken_off_and_all_of_it_stays_verifiable(ledger, archive):
    write_archive(ledger, archive)
    ids = sealed_ids(ledger)
    ids += ledger.emit_decisions(6, per_entry=2)
    ledger.seal()
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    assert audit_code(ledger) == 5
    with pytest.raises(IntegrityError):
        ledger.seal()
    done = restore(ledger, P0, archive)
    assert (done.records, done.lost, done.continued) == (25, 0, E1)
    ledger.seal()
    assert audit_code(ledger) == 0
    assert sealed_ids(ledger) == ids, "what the log still held is in the archive too"
    verifier = LedgerVerifier(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )
    assert verifier.event(origin=P0, leaf=1, index=0).decoded.id == ids[0]


def test_a_closed_origin_is_sealed_no_further(ledger, archive):
    write_archive(ledger, archive)
    stale = ledger.config
    restore(ledger, P0, archive)
    ledger.seal()
    fresh, ledger.config = ledger.config, stale
    ledger.emit_decisions(1)
    with pytest.raises(ConflictError, match="closed at control leaf"):
        ledger.seal()
    ledger.config = fresh
    assert audit_code(ledger) == 0


def test_restoring_twice_says_nothing_twice(ledger, archive):
    write_archive(ledger, archive)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    first = restore(ledger, P0, archive)
    appended = ledger.log.bounds(CONTROL)[1]
    assert restore(ledger, P0, archive) == first
    assert ledger.log.bounds(CONTROL)[1] == appended
    ledger.seal()
    assert restore(ledger, P0, archive) == first
    assert ledger.log.bounds(CONTROL)[1] == appended
    assert audit_code(ledger) == 0


def test_a_second_break_opens_the_next_epoch(ledger, archive):
    write_archive(ledger, archive)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    restore(ledger, P0, archive)
    ledger.emit_decisions(4, partition=EPOCH)
    ledger.seal()
    sql(ledger, f"DELETE FROM record WHERE partition = {EPOCH} AND offset = 0")
    done = restore(ledger, E1, archive)
    assert (done.continued, ledger.config.log.epochs) == ("acme/p0/e2", {"p0": 2})
    ledger.emit_decisions(4, partition=2 * EPOCH)
    ledger.seal()
    assert audit_code(ledger) == 6
    assert ledger.config.known_origins[-3:] == (P0, E1, "acme/p0/e2")


def test_an_altered_archive_is_not_restored_from(ledger, archive):
    write_archive(ledger, archive)
    (path,) = (archive / "acme/control").glob("*.seg")
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(bytes(data))
    lose_log(ledger)
    with pytest.raises(IntegrityError, match="not the bytes that its name"):
        recovery.restore(ledger.config, origin="acme/control", archive=archive)


def test_a_control_log_that_is_not_archived_whole_cannot_be_restored(ledger, archive):
    write_archive(ledger, archive, P0)
    lose_log(ledger)
    with pytest.raises(ConflictError, match="does not reach its last sealed record"):
        recovery.restore(ledger.config, origin="acme/control", archive=archive)


def test_leaves_that_are_not_published_keep_an_origin_open(ledger, archive):
    """A head that was signed and not published must not be closed away."""
    write_archive(ledger, archive)
    (ledger.folder() / "checkpoint.21").unlink()
    ledger.emit_decisions(2)
    ledger.seal()
    kept = (ledger.folder() / "checkpoint").read_bytes()
    ledger.emit_decisions(2)
    ledger.seal()
    (ledger.folder() / "checkpoint").write_bytes(kept)
    with pytest.raises(ConflictError, match="24 leaves were sealed, 23 are published"):
        restore(ledger, P0, archive)


def test_a_producer_follows_into_the_new_epoch_with_what_was_not_sealed(
    ledger, archive
):
    """Entries that were appended and lost unsealed are signed anew for the open log."""
    sealed = sealed_ids(ledger)
    write_archive(ledger, archive)
    waiting = emit(ledger, 5)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    restore(ledger, P0, archive)
    ledger.seal()
    fresh = emit(ledger, 3)
    for _ in range(40):
        fresh += emit(ledger, 1)
        ledger.seal()
        if set(sealed_ids(ledger, EPOCH)) >= set(waiting):
            break
    assert sorted(sealed_ids(ledger, EPOCH)) == sorted(waiting + fresh)
    assert sealed_ids(ledger) == sealed
    assert audit_code(ledger) == 0


@pytest.mark.parametrize("how", ["lost", "old", "moved"])
def test_the_sealers_state_is_made_anew_from_tiles_and_records(ledger, tmp_path, how):
    tables = ("log_head", "stream", "stream_entry")
    older = dump(ledger, tables)
    ledger.emit_decisions(10, per_entry=1)
    ledger.seal()
    newest = dump(ledger, tables)
    wipe = [f"DELETE FROM {table}" for table in tables]
    sql(ledger, *wipe)
    if how == "old":
        load(ledger, older)
    if how == "moved":
        load(ledger, newest)
        sql(ledger, "UPDATE log_identity SET identity = zeroblob(16)")
    if how != "moved":
        with pytest.raises(IntegrityError):
            ledger.seal()
    for origin in ("acme/control", P0):
        rebuild(ledger, origin)
    if how != "moved":
        assert dump(ledger, tables) == newest
    ledger.emit_decisions(3)
    ledger.seal()
    assert audit_code(ledger) == 0


def dump(ledger: SmallLedger, tables: tuple[str, ...]) -> dict[str, list[tuple]]:
    import sqlite3

    db = sqlite3.connect(ledger.config.log_path)
    found = {
        table: sorted(db.execute(f"SELECT * FROM {table}").fetchall())
        for table in tables
    }
    db.close()
    return found


def load(ledger: SmallLedger, rows: dict[str, list[tuple]]) -> None:
    import sqlite3

    db = sqlite3.connect(ledger.config.log_path)
    for table, items in rows.items():
        for row in items:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    db.commit()
    db.close()


def test_a_batch_that_was_swapped_and_not_published_is_found_in_staging(
    ledger, tmp_path
):
    """State lost between swap and publication: the larger head was signed perhaps."""
    ledger.emit_decisions(4, per_entry=1)

    def killed(step: str) -> None:
        if step == "copy":
            raise KeyboardInterrupt

    with ledger.sealer(hook=killed) as sealer, pytest.raises(KeyboardInterrupt):
        sealer.seal_once()
    sql(ledger, *(f"DELETE FROM {t}" for t in ("log_head", "stream", "stream_entry")))
    rebuild(ledger, "acme/control")
    assert rebuild(ledger, P0).size == 26
    ledger.seal()
    assert audit_code(ledger) == 0


def test_a_state_of_another_history_is_not_built_upon(ledger):
    sql(ledger, "UPDATE log_head SET root = zeroblob(32), size = size - 1")
    with pytest.raises(IntegrityError, match="another root"):
        rebuild(ledger, P0)


def test_a_state_is_not_built_on_a_forged_record(ledger):
    sql(
        ledger,
        "DELETE FROM log_head",
        "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 5",
    )
    with pytest.raises(IntegrityError) as caught:
        rebuild(ledger, P0)
    assert caught.value.place == "log acme/p0 offset 5"


def test_a_log_without_any_archive_is_broken_off_too(ledger, tmp_path):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    done = restore(ledger, P0, tmp_path / "nothing")
    assert (done.records, done.lost) == (11, 10)
    ledger.seal()
    assert audit_code(ledger) == 6


def test_without_its_tiles_nothing_is_restored(ledger, archive):
    write_archive(ledger, archive)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    for path in (ledger.folder() / "tile").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(MissingEvidenceError):
        restore(ledger, P0, archive)
    assert load_config(ledger.home).log.epochs == {}


def test_the_log_of_a_home_reads_old_and_new(ledger, archive):
    write_archive(ledger, archive)
    old = list(ledger.log.read(0, 0))
    restore_after_beheading(ledger, archive)
    log = open_log(ledger.config)
    assert list(log.read(0, 0)) == old
    assert log.readable(0) == (0, 21)
    assert log.bounds(EPOCH) == (0, 0)
    log.close()
    assert load_signer("file:keys/log-p0-e1.key", base=ledger.home).public_key


def restore_after_beheading(ledger: SmallLedger, archive: Path) -> None:
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 10")
    restore(ledger, P0, archive)


def test_the_commands_archive_trim_restore_and_rebuild(ledger, capsys):
    import json

    from tests.support.commands import application

    def run(*arguments: str) -> tuple[int, dict]:
        ledger.log.close()
        with pytest.raises(SystemExit) as ended:
            application()([*arguments, "--json", "--home", str(ledger.home)])
        answer = json.loads(capsys.readouterr().out)
        assert answer["exit"] == int(ended.value.code or 0)
        ledger.reopen()
        return answer["exit"], answer

    code, answer = run("archive", "write")
    assert code == 0
    assert {row["origin"]: row["records"] for row in answer["data"]}[P0] == 21
    code, answer = run("archive", "ls", "--origin", P0)
    assert [row["last"] for row in answer["data"]] == [20]
    assert run("archive", "verify")[0] == 0
    code, answer = run("log", "trim", P0, "--before", "5", "--rule", "R", "--wait", "0")
    assert code == 8, "nobody has sealed it"
    code, answer = run("log", "trim", P0, "--before", "5", "--rule", "R", "--seal")
    assert (code, answer["data"]["first"], answer["data"]["before"]) == (0, 0, 5)
    assert run("audit", "--no-projections")[0] == 0
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 9")
    assert run("audit", "--no-projections")[0] == 5
    code, answer = run("log", "restore", P0, "--why", "a slip", "--by", "ops")
    assert (code, answer["data"]["continued"]) == (0, E1)
    ledger.config = load_config(ledger.home)
    ledger.seal()
    assert run("audit", "--no-projections")[0] == 0
    sql(ledger, "DELETE FROM log_head")
    code, answer = run("seal", "rebuild-state")
    assert code == 0
    assert {row["origin"]: row["size"] for row in answer["data"]}[E1] == 0
    ledger.seal()


def test_tables_follow_into_the_new_epoch(ledger, archive, tables_dsn):
    from tests.support.database import projected

    write_archive(ledger, archive)
    ledger.emit_decisions(6, per_entry=2)
    ledger.seal()
    lose_log(ledger)
    for origin in ("acme/control", P0):
        restore(ledger, origin, archive)
        if origin != P0:
            rebuild(ledger, origin)
    ledger.emit_decisions(5, partition=EPOCH)
    ledger.seal()
    with projected(ledger, tables_dsn) as it:
        done = it.project()
        assert done.gone == 4
        with it.connection() as connection:
            rows = connection.execute(
                "SELECT origin, count(*) FROM decisions.decision GROUP BY 1 ORDER BY 1"
            ).fetchall()
        assert rows == [(P0, 40), (E1, 5)]
