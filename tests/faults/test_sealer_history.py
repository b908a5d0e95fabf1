"""What would make a second history: rivals, rollbacks, altered logs and tiles."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import (
    ConflictError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
    RootMismatchError,
)
from ledger.keys import load_signer
from ledger.seal.service import log_key_uri
from tests.support.ledger import (
    SmallLedger,
    copy_ledger,
    make_ledger,
    open_ledger,
    sealed_ids,
)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with 12 sealed entries in p0 and 5 that wait."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(11, per_entry=1)
    ledger.seal()
    ledger.emit_decisions(5, per_entry=1)
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def sql(ledger: SmallLedger, *statements: str) -> None:
    """Change the log's file by hand, as somebody who owns the disk can."""
    ledger.log.close()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("DROP TRIGGER IF EXISTS record_keeps_rows")
        db.execute("DROP TRIGGER IF EXISTS record_keeps_all")
        for statement in statements:
            db.execute(statement)
    db.close()
    ledger.reopen()


def refusal(ledger: SmallLedger, kind: type[EvidenceError]) -> EvidenceError:
    """The error a sealer that starts now stops with; nothing is published by it."""
    before = (ledger.folder() / "checkpoint").read_bytes()
    with ledger.sealer() as sealer, pytest.raises(kind) as caught:
        sealer.seal_once()
    assert (ledger.folder() / "checkpoint").read_bytes() == before
    assert caught.value.place
    return caught.value


def test_of_two_sealers_one_is_refused_and_one_history_stays(ledger):
    with ledger.sealer() as first, ledger.sealer() as second:
        first.recover()
        second.recover()
        assert first.seal_once().leaves == 5
        ledger.emit_decisions(2, per_entry=1)
        with pytest.raises(ConflictError, match="head moved") as caught:
            second.seal_once()
    assert "two sealers" in caught.value.hint
    assert ledger.seal() == 3
    assert ledger.exit_code() == 0


def test_a_sealer_that_lost_can_start_again(ledger):
    with ledger.sealer() as first, ledger.sealer() as second:
        first.recover()
        second.recover()
        first.seal_once()
        ledger.emit_decisions(1)
        with pytest.raises(ConflictError):
            second.seal_once()
        assert second.seal_once().leaves == 2
    assert ledger.exit_code() == 0


def test_sealers_in_parallel_processes_make_one_history(ledger):
    child = (
        "import sys; from pathlib import Path\n"
        "from ledger import seal; from ledger.config import load_config\n"
        "from ledger.errors import ConflictError, IntegrityError\n"
        "from ledger.log import open_log\n"
        "config = load_config(Path(sys.argv[1])); log = open_log(config)\n"
        "state = seal.open_state(config)\n"
        "for _ in range(20):\n"
        "    try:\n"
        "        seal.seal_all(config, log, state)\n"
        "    except (ConflictError, IntegrityError):\n"
        "        sys.exit(7)\n"
    )
    command = [sys.executable, "-c", child, str(ledger.home)]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    for _ in range(10):
        ledger.emit_decisions(3, per_entry=1)
    codes = [child.wait() for child in children]
    assert set(codes) <= {0, 7}
    ledger.seal()
    assert ledger.exit_code() == 0
    ids = sealed_ids(ledger)
    assert len(ids) == len(set(ids)) == 16 + 30


def test_a_state_restored_from_backup_is_refused(ledger):
    backup = ledger.home / "backup.sqlite"
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("VACUUM INTO ?", (str(backup),))
    ledger.seal()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("ATTACH ? AS old", (str(backup),))
        for table in ("log_head", "stream", "stream_entry"):
            db.execute(f"DELETE FROM main.{table}")
            db.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")
    db.close()
    error = refusal(ledger, IntegrityError)
    assert (error.expected, error.actual) == ("size 12 or less", "size 17")
    assert "restore the newest state" in error.hint


def test_a_lost_state_is_refused(ledger):
    sql(ledger, "DELETE FROM log_head")
    assert refusal(ledger, IntegrityError).actual == "size 12"


def test_a_rolled_back_checkpoint_does_not_hide_a_rolled_back_state(ledger):
    """Only ``checkpoint`` went back with the state; the kept one gives it away."""
    old = (ledger.folder() / "checkpoint").read_bytes()
    ledger.seal()
    (ledger.folder() / "checkpoint").write_bytes(old)
    assert ledger.exit_code() == 5
    sql(ledger, "UPDATE log_head SET size = 12 WHERE origin = 'acme/p0'")
    assert refusal(ledger, IntegrityError).actual == "size 17"


def test_another_root_of_the_same_size_is_evidence_of_a_fork(ledger):
    signer = load_signer(log_key_uri(ledger.config, 0), base=ledger.home)
    other = sign_checkpoint(Checkpoint("acme/p0", 12, b"x" * 32), signer)
    (ledger.folder() / "checkpoint").write_bytes(other)
    error = refusal(ledger, IntegrityError)
    assert "two histories" in error.hint
    assert error.actual == (b"x" * 32).hex()


def test_a_checkpoint_by_another_key_is_refused(ledger):
    signer = load_signer("file:keys/producer.key", base=ledger.home)
    other = sign_checkpoint(Checkpoint("acme/p0", 12, b"x" * 32), signer)
    (ledger.folder() / "checkpoint").write_bytes(other)
    refusal(ledger, IntegrityError)


@pytest.mark.parametrize(
    "tile", ["tile/0/000.p/12", "tile/entries/000.p/12"], ids=["hashes", "entries"]
)
def test_an_altered_edge_tile_is_refused_by_name(ledger, tile):
    path = ledger.folder() / tile
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))
    assert refusal(ledger, EvidenceError).place == f"acme/p0/{tile}"


def test_a_lost_edge_tile_is_refused_by_name(ledger):
    (ledger.folder() / "tile/0/000.p/12").unlink()
    assert refusal(ledger, MissingEvidenceError).place == "acme/p0/tile/0/000.p/12"


def test_an_altered_state_root_is_refused(ledger):
    sql(ledger, "UPDATE log_head SET frontier = zeroblob(64) WHERE origin = 'acme/p0'")
    refusal(ledger, RootMismatchError)


def test_an_altered_last_record_is_refused_with_its_place(ledger):
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 11")
    error = refusal(ledger, IntegrityError)
    assert error.place == "log acme/p0 offset 11"
    assert error.expected != error.actual


def test_a_lost_last_record_is_refused_with_its_place(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset = 11")
    assert refusal(ledger, MissingEvidenceError).place == "log acme/p0 offset 11"


def test_a_truncated_log_is_refused_and_the_lost_range_named(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset >= 8")
    error = refusal(ledger, IntegrityError)
    assert "offsets 8 to 11 are lost" in str(error)
    assert "journal" in error.hint


def test_a_log_truncated_under_a_running_sealer_is_refused(ledger):
    with ledger.sealer() as sealer:
        sealer.recover()
        with sqlite3.connect(ledger.config.log_path) as db:
            db.execute("DROP TRIGGER record_keeps_all")
            db.execute("DELETE FROM record WHERE partition = 0 AND offset >= 8")
        db.close()
        with pytest.raises(IntegrityError, match="offsets 8 to 11 are lost"):
            sealer.seal_once()


def test_a_log_whose_beginning_passes_the_next_offset_is_refused(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 14")
    assert "offsets 12 to 13 are lost" in str(refusal(ledger, IntegrityError))


def test_a_log_that_lost_its_beginning_before_the_first_seal_is_refused(tmp_path):
    ledger = make_ledger(tmp_path)
    ledger.emit_decisions(5, per_entry=1)
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset < 2")
    with ledger.sealer() as sealer, pytest.raises(IntegrityError) as caught:
        sealer.seal_once()
    assert "offsets 0 to 1 are lost" in str(caught.value)
    ledger.close()


def test_a_log_made_anew_under_the_same_name_is_refused(ledger):
    sql(ledger, "UPDATE log_identity SET identity = zeroblob(16)")
    error = refusal(ledger, IntegrityError)
    assert error.actual == "00" * 16


def test_published_bytes_that_differ_from_the_staged_ones_are_fatal(ledger):
    folder = ledger.folder() / "tile/entries/000.p"
    (folder / "17").write_bytes(b"another history")
    with ledger.sealer() as sealer, pytest.raises(IntegrityError) as caught:
        sealer.seal_once()
    assert caught.value.place == "acme/p0/tile/entries/000.p/17"
    assert caught.value.actual == b"another history".hex()


def test_lost_staging_of_a_swapped_batch_is_refused(ledger):
    def hook(step: str) -> None:
        if step == "sign":
            raise KeyboardInterrupt

    with ledger.sealer(hook=hook) as sealer, pytest.raises(KeyboardInterrupt):
        sealer.seal_once()
    shutil.rmtree(ledger.config.staging)
    refusal(ledger, MissingEvidenceError)


def test_staging_that_never_became_history_is_dropped(ledger):
    stray = ledger.config.staging / "acme/p0" / f"13-{'ab' * 32}"
    stray.mkdir(parents=True)
    (stray / "tile~0~000.p~13").write_bytes(b"never swapped in")
    ledger.seal()
    assert not stray.exists()
    assert ledger.exit_code() == 0


def test_a_rolled_back_control_log_is_refused(ledger, tmp_path):
    from ledger.administration import append_as_operator

    old = {p: p.read_bytes() for p in ledger.folder(-1).rglob("*") if p.is_file()}
    append_as_operator(ledger.config, ledger.log, [])
    ledger.seal()
    shutil.rmtree(ledger.folder(-1))
    for path, data in old.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    ledger.emit_decisions(1)
    refusal_of_events = refusal(ledger, IntegrityError)
    assert "control log" in str(refusal_of_events)


def test_a_copied_home_is_sealed_on(ledger, tmp_path):
    """Paths are relative to the home, and a copy of everything is no rollback."""
    ledger.close()
    copy = copy_ledger(ledger.home, tmp_path / "copy")
    assert copy.seal() == 5
    assert copy.exit_code() == 0
    copy.close()
    ledger.log = open_ledger(ledger.home).log
