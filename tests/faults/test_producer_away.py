"""A log that is away: nobody waits, nothing is lost, the end is bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ledger.config import Config
from ledger.emitter import Emitter
from ledger.errors import JournalError, LogUnavailableError
from ledger.log import open_log
from ledger.verdict import Verdict
from tests.support.producer import (
    AwayLog,
    FlakyLog,
    accepted_ids,
    emit,
    flush_left,
    judged,
    make_emitter,
    make_home,
    run_child,
    seal,
    with_producer,
)

pytestmark = pytest.mark.faults


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_home(tmp_path)


def until(emitter: Emitter, key: str, least: int, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while int(emitter.stats()[key]) < least:
        assert time.monotonic() < deadline, emitter.stats()
        time.sleep(0.01)


def test_emit_goes_on_and_all_arrives_when_the_log_is_back(config: Config):
    away = AwayLog()
    emitter = make_emitter(config, log_factory=away)
    ids = emit(emitter, 50)
    assert not emitter.flush(0.3)
    assert "the log is away" in str(emitter.stats()["last_error"])
    ids += emit(emitter, 50)
    away.is_away = False
    assert emitter.flush(60)
    emitter.close()
    assert accepted_ids(config) == dict.fromkeys(ids, 1)


def test_a_missing_log_file_counts_as_away(config: Config):
    hidden = config.log_path.with_name("hidden")
    config.log_path.rename(hidden)
    emitter = make_emitter(config)
    ids = emit(emitter, 3)
    assert not emitter.flush(0.2)
    hidden.rename(config.log_path)
    assert emitter.flush(60)
    emitter.close()
    assert set(accepted_ids(config)) == set(ids)


def test_a_lost_answer_leads_to_a_duplicate_and_to_no_second_event(config: Config):
    log = FlakyLog(open_log(config), lost=[2, 3])
    emitter = make_emitter(config, log_factory=lambda _config: log)
    ids = emit(emitter, 20)
    assert emitter.flush(60)
    seal(config)
    assert emitter.wait_sealed(60)
    emitter.close()
    verdicts = [judgement.verdict for judgement in judged(config)]
    assert Verdict.DUPLICATE in verdicts
    assert accepted_ids(config) == dict.fromkeys(ids, 1)


def test_close_is_bounded_while_the_log_is_away(config: Config):
    emitter = make_emitter(config, log_factory=AwayLog())
    ids = emit(emitter, 10)
    began = time.monotonic()
    emitter.close(0.5)
    assert time.monotonic() - began < 20
    flush_left(config)
    assert accepted_ids(config) == dict.fromkeys(ids, 1)


def test_the_end_of_a_process_is_bounded_while_the_log_is_away(config: Config):
    began = time.monotonic()
    done = run_child(config.home, "import")
    baseline = time.monotonic() - began
    began = time.monotonic()
    done = run_child(config.home, "away")
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began - baseline < 20
    flush_left(config)
    assert accepted_ids(config).total() == 5


def test_strict_with_a_timeout_tells_that_the_log_did_not_answer(config: Config):
    emitter = make_emitter(
        config, log_factory=AwayLog(), mode="strict", ack_timeout=0.1
    )
    with pytest.raises(LogUnavailableError, match="no answer"):
        emit(emitter)
    emitter.close(0.1)
    for _ in range(100):  # a busy machine lets go of the journal a little later
        flush_left(config)
        if accepted_ids(config).total():
            break
        time.sleep(0.1)
    assert accepted_ids(config).total() == 1


def test_strict_with_a_timeout_returns_once_the_log_has_the_event(config: Config):
    emitter = make_emitter(config, mode="strict", ack_timeout=60.0)
    ids = emit(emitter, 3)
    assert accepted_ids(config) == dict.fromkeys(ids, 1)
    emitter.close()


def test_a_full_journal_drops_and_counts(config: Config):
    small = with_producer(config, journal_mb=1)
    emitter = make_emitter(small, log_factory=AwayLog())
    schema = b"s" * 32
    for _ in range(40):
        emitter.emit_many([(schema, bytes(50_000))])
    stats = emitter.stats()
    assert stats["dropped"] > 0
    assert stats["dropped"] + stats["emitted"] == 40
    assert stats["journal_bytes"] <= 1 << 20
    emitter.close(0.1)


def test_a_full_journal_raises_in_strict(config: Config):
    small = with_producer(config, journal_mb=1)
    emitter = make_emitter(small, log_factory=AwayLog(), mode="strict")
    for _ in range(19):
        emitter.emit_many([(b"s" * 32, bytes(50_000))])
    with pytest.raises(JournalError, match="full"):
        emitter.emit_many([(b"s" * 32, bytes(150_000))])
    emitter.close(0.1)


def test_drops_are_reported_in_the_stream(config: Config):
    away = AwayLog()
    emitter = make_emitter(with_producer(config, journal_mb=0), log_factory=away)
    emit(emitter, 2)
    assert emitter.stats()["dropped"] == 2
    emitter.close(0.1)
    away.is_away = False
    emitter = make_emitter(config, log_factory=away, mode="fire")
    emit(emitter, 1)
    emitter.emit_many([(b"s" * 32, bytes(500_000))] * 40)
    assert emitter.flush(60)
    emitter.close()
    assert emitter.stats()["dropped"] == 40
    counts = _closing_counts(config)
    assert counts["dropped"] == 40
    assert counts["prediction.decision.recorded"] == 1


def _closing_counts(config: Config) -> dict[str, int]:
    from ledger.avro import schema_bytes
    from ledger.codec import Decoder
    from ledger.events.base import event_class

    last = judged(config)[-1].entry
    assert last is not None
    closed = event_class("ledger.stream.closed")
    return Decoder(schema_bytes(closed)).decode(last.bodies[0])["counts"]


def test_fire_keeps_within_its_memory_and_touches_no_disk(config: Config):
    emitter = make_emitter(config, log_factory=AwayLog(), mode="fire")
    for _ in range(100):
        emitter.emit_many([(b"s" * 32, bytes(400_000))])
    stats = emitter.stats()
    assert stats["dropped"] > 0
    assert int(stats["journal_bytes"]) < 64 << 20
    assert list(config.journal.iterdir()) == []
    emitter.close(0.1)


@pytest.mark.parametrize("mode", ["spool", "fire"])
def test_a_full_disk_drops_and_counts(config: Config, mode: str):
    done = run_child(config.home, "full", 30_000, mode)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    failures, dropped, emitted = map(int, done.stdout.split())
    assert failures == 0
    assert dropped > 0 or mode == "fire"
    assert dropped + emitted == 2_001
    flush_left(config)
    if mode == "spool":
        assert accepted_ids(config).total() == emitted


def test_a_full_disk_raises_in_strict_and_what_returned_is_safe(config: Config):
    done = run_child(config.home, "full", 30_000, "strict")
    assert done.returncode == 0, done.stderr
    first, name = done.stdout.splitlines()
    failures, dropped, emitted = map(int, first.split())
    assert (name, dropped) == ("JournalError", 0)
    assert failures + emitted == 2_001
    flush_left(config)
    assert accepted_ids(config).total() == emitted
