"""The embedded log against what files, processes and disks do to it."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ledger.config import Config, LogConfig
from ledger.errors import (
    IntegrityError,
    LogUnavailableError,
    MalformedError,
    MissingEvidenceError,
)
from ledger.log import CONTROL, open_log
from ledger.log import sqlite_writer as writer_module
from ledger.log.sqlite import SqliteLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    with closing(SqliteLog(path, create=True)) as log:
        yield log


def values(log: SqliteLog, partition: int = 0) -> list[bytes | None]:
    return [record.value for record in log.read(partition, 0)]


def test_the_table_is_the_published_one(log: SqliteLog, path: Path):
    log.append(CONTROL, b"\x00genesis")
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT partition, offset, value FROM record").fetchall()
    assert rows == [(-1, 0, b"\x00genesis")]


def test_no_other_table_has_a_column_that_could_hold_a_record(path: Path):
    SqliteLog(path, create=True).close()
    with closing(sqlite3.connect(path)) as db:
        names = db.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table' AND m.name <> 'record'"
        ).fetchall()
    assert names
    assert not {column for _, column in names} & {"value", "payload", "record"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET value = x'00'",
        "UPDATE record SET offset = offset + 1",
        "DELETE FROM record WHERE offset = 0",
        "DELETE FROM record",
        "REPLACE INTO record VALUES (0, 0, 0, x'00')",
        (
            "REPLACE INTO record (rowid, partition, offset, timestamp_ms, value)"
            " VALUES (1, 0, 7, 0, x'00')"
        ),
        (
            "INSERT INTO record VALUES (0, 1, 0, x'00')"
            " ON CONFLICT (partition, offset) DO UPDATE SET value = x'00'"
        ),
        "INSERT INTO record VALUES (0, 9, 0, NULL)",
    ],
)
def test_a_record_cannot_be_changed_or_removed(
    log: SqliteLog, path: Path, statement: str
):
    log.append(0, b"a")
    log.append(0, b"b")
    with closing(sqlite3.connect(path)) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(statement)
    assert values(log) == [b"a", b"b"]


def test_a_record_survives_in_a_file_that_is_copied_with_its_wal(
    log: SqliteLog, path: Path, tmp_path: Path
):
    log.append(0, b"kept")
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in path.parent.glob("log.sqlite*"):
        (copy / part.name).write_bytes(part.read_bytes())
    with closing(SqliteLog(copy / "log.sqlite")) as copied:
        assert values(copied) == [b"kept"]
        assert copied.identity(0) == log.identity(0)


def test_an_absent_file_is_missing_evidence_and_is_not_made(path: Path):
    with pytest.raises(MissingEvidenceError, match="absent") as caught:
        SqliteLog(path)
    assert caught.value.place == str(path)
    assert not path.exists()


def test_a_file_without_a_log_is_missing_evidence(path: Path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE log_head (origin TEXT)")
    with pytest.raises(MissingEvidenceError, match="holds no log"):
        SqliteLog(path)


def test_a_file_of_something_else_is_malformed(path: Path):
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(MalformedError) as caught:
        SqliteLog(path)
    assert caught.value.place == str(path)


def test_a_damaged_page_is_an_integrity_error_that_names_the_file(
    log: SqliteLog, path: Path
):
    for _ in range(50):
        log.append(0, b"x" * 3000)
    log.close()
    data = bytearray(path.read_bytes())
    for page in range(4096 * 6, len(data), 4096):
        data[page : page + 16] = b"\xff" * 16
    path.write_bytes(data)
    with (
        closing(SqliteLog(path)) as damaged,
        pytest.raises((IntegrityError, MissingEvidenceError)) as caught,
    ):
        list(damaged.read(0, 0))
    assert str(path) in str(caught.value)


def test_a_value_that_is_no_blob_is_found_with_its_place(log: SqliteLog, path: Path):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO record VALUES (0, 0, 0, 'text')")
    with pytest.raises(IntegrityError) as caught:
        list(log.read(0, 0))
    assert caught.value.place == f"{path} partition 0 offset 0"


def test_offsets_below_a_removed_head_are_named(log: SqliteLog, path: Path):
    for n in range(4):
        log.append(0, b"%d" % n)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TRIGGER record_keeps_all")
        db.execute("DELETE FROM record WHERE offset < 2")
    assert log.bounds(0) == (2, 4)
    with pytest.raises(MissingEvidenceError, match="offsets 0 to 1 are not in the log"):
        log.read(0, 0)


def test_on_a_full_disk_nothing_is_lost_and_sending_again_works(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
):
    connect = writer_module.connect
    pages = 40

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    monkeypatch.setattr(writer_module, "connect", small)
    log.append(0, b"before")
    with pytest.raises(LogUnavailableError, match="disk full"):
        log.append(0, b"x" * 300_000)
    assert values(log) == [b"before"]
    pages = 1 << 20
    assert log.append(0, b"x" * 300_000).offset == 1


def test_all_that_waited_for_a_full_disk_fail_together_and_in_order(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
):
    connect = writer_module.connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("PRAGMA max_page_count=60")
        return connection

    monkeypatch.setattr(writer_module, "connect", small)
    futures = [log.send(0, b"%06d" % n + b"x" * 9000) for n in range(40)]
    failed = [n for n, f in enumerate(futures) if f.exception(WAIT)]
    stored = [f.result().offset for f in futures if not f.exception()]
    assert failed
    assert stored == list(range(len(stored)))
    assert log.bounds(0) == (0, len(stored))


def test_a_lock_held_by_another_process_only_delays(log: SqliteLog, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        future = log.send(0, b"waits")
        with pytest.raises(TimeoutError):
            future.result(0.3)
        other.execute("COMMIT")
    assert future.result(WAIT).offset == 0


def test_concurrent_sends_share_commits(log: SqliteLog, path: Path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        futures = [log.send(0, b"%d" % n) for n in range(500)]
        other.execute("COMMIT")
    positions = [f.result(WAIT) for f in futures]
    assert [p.offset for p in positions] == list(range(500))
    assert len({p.timestamp_ms for p in positions}) <= 2


def _write(path: Path, tag: bytes, count: int) -> None:
    with closing(SqliteLog(path)) as log:
        for n in range(count):
            log.append(0, tag + b"%d" % n)


def test_processes_share_the_file_without_loss(log: SqliteLog, path: Path):
    context = multiprocessing.get_context("spawn")
    tags = (b"a", b"b", b"c")
    writers = [context.Process(target=_write, args=(path, t, 60)) for t in tags]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(WAIT)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert log.bounds(0) == (0, 180)
    found = values(log)
    for tag in tags:
        mine = [v for v in found if v is not None and v.startswith(tag)]
        assert mine == [tag + b"%d" % n for n in range(60)]


def test_a_forked_child_appends_with_its_own_connections(log: SqliteLog):
    log.append(0, b"parent")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            log.append(0, b"child")
            status = 0 if values(log) == [b"parent", b"child"] else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    log.append(0, b"parent again")
    assert values(log) == [b"parent", b"child", b"parent again"]


def test_what_was_acknowledged_survives_kill_9(path: Path):
    SqliteLog(path, create=True).close()
    program = (
        "import pathlib, sys\n"
        "from ledger.log.sqlite import SqliteLog\n"
        "log = SqliteLog(pathlib.Path(sys.argv[1]))\n"
        "while True:\n"
        "    print(log.append(0, b'x' * 500).offset, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(100)]
        child.kill()
        acknowledged += [int(line) for line in child.stdout if line.endswith("\n")]
    with closing(SqliteLog(path)) as log:
        assert log.bounds(0)[1] > acknowledged[-1]
        assert len(values(log)) == log.bounds(0)[1]


def test_open_log_opens_the_configured_file(tmp_path: Path):
    config = Config(home=tmp_path, name="x", log=LogConfig(path="sub/log.sqlite"))
    with closing(open_log(config, create=True)) as log:
        log.append(0, b"x")
    with closing(open_log(config)) as log:
        assert log.bounds(0) == (0, 1)
    assert (tmp_path / "sub" / "log.sqlite").is_file()


def test_creating_again_keeps_records_and_identity(path: Path):
    with closing(SqliteLog(path, create=True)) as log:
        log.append(0, b"x")
        identity = log.identity(0)
    with closing(SqliteLog(path, create=True)) as log:
        assert (values(log), log.identity(0)) == ([b"x"], identity)


def test_the_file_is_for_its_owner_only(log: SqliteLog, path: Path):
    assert path.stat().st_mode & 0o077 == 0
