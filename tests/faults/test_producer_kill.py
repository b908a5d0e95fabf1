"""kill -9 of a producer at every step: each event reaches the log exactly once."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.config import Config
from ledger.journal.adoption import adopt, journal_ids, journal_path
from ledger.journal.tables import connect
from ledger.journal_admin import journal_status, quarantine_list
from ledger.keys import Ed25519Signer
from ledger.shipping.outbox import Outbox
from ledger.shipping.surroundings import Surroundings
from ledger.verdict import Verdict
from tests.support.producer import (
    accepted_ids,
    emit,
    flush_left,
    journal_files,
    judged,
    make_emitter,
    make_home,
    run_fork,
    seal,
)

pytestmark = pytest.mark.faults

STEPS = [
    ("emitted", 1),
    ("emitted", 25),
    ("packed", 1),
    ("packed", 3),
    ("sending", 1),
    ("sending", 3),
    ("sent", 1),
    ("sent", 4),
    ("appended", 1),
    ("appended", 2),
    ("closed", 1),
    ("finished", 1),
]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_home(tmp_path)


def killed(config: Config, step: str, nth: int, count: int = 40) -> list[bytes]:
    """Run a producer to its death; returns the ids of events whose emit returned."""
    ids = config.home / "ids"
    done = run_fork(config.home, "kill", step, nth, count, ids)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    data = ids.read_bytes() if ids.exists() else b""
    return [data[at : at + 16] for at in range(0, len(data), 16)]


@pytest.mark.parametrize(("step", "nth"), STEPS)
def test_each_event_is_accepted_exactly_once_after_a_kill(
    config: Config, step: str, nth: int
):
    returned = killed(config, step, nth)
    flushed = flush_left(config)
    assert flushed.last_error == ""
    found = accepted_ids(config)
    assert set(returned) <= set(found)
    assert len(found) - len(returned) <= 1  # the one whose emit had not returned
    assert set(found.values()) <= {1}
    seal(config)
    assert flush_left(config).left == ()
    assert journal_files(config) == []


def test_a_second_kill_while_adopting_loses_nothing(config: Config):
    returned = killed(config, "emitted", 15)
    for step in ("adopted", "packed", "sent"):
        done = run_fork(config.home, "adopt", step)
        assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    flush_left(config)
    found = accepted_ids(config)
    assert set(returned) <= set(found)
    assert set(found.values()) == {1}


def test_a_later_producer_adopts_on_its_own(config: Config):
    returned = killed(config, "packed", 2)
    emitter = make_emitter(config)
    own = emit(emitter)
    deadline = 200
    while not set(returned) <= set(accepted_ids(config)) and deadline:
        emitter.flush(0.1)
        deadline -= 1
    emitter.close()
    assert set(returned + own) <= set(accepted_ids(config))
    assert set(accepted_ids(config).values()) == {1}


def test_a_dead_stream_is_resent_and_never_continued(config: Config):
    killed(config, "emitted", 25)
    flush_left(config)
    openings = [
        j.entry.header for j in judged(config) if j.entry and j.entry.header.seq == 0
    ]
    streams = {header.stream_id for header in openings}
    assert len(streams) == 2
    first = openings[0].stream_id
    kinds = [j.entry.header.kind for j in judged(config) if j.entry]
    assert kinds[-1] == 3  # the adopter closes its own stream
    last = judged(config)[-1].entry
    assert last is not None
    assert last.header.stream_id != first


def test_events_of_another_identity_are_left_for_it(config: Config):
    returned = killed(config, "emitted", 15)
    before = set(accepted_ids(config))
    stranger = Ed25519Signer.generate()
    flushed = flush_left(config, identity="service:other", signer=stranger)
    assert set(accepted_ids(config)) == before
    assert [status.identity for status in flushed.left] == ["service:local"]
    flush_left(config)
    assert set(returned) <= set(accepted_ids(config))


def test_a_process_of_another_identity_does_not_stand_in_the_way(config: Config):
    returned = killed(config, "emitted", 15)
    other = make_emitter(
        config, identity="service:other", signer=Ed25519Signer.generate()
    )
    emit(other)
    assert other.flush(60)
    flush_left(config)
    assert set(returned) <= set(accepted_ids(config))
    other.close()


def test_a_journal_in_use_is_not_adopted(config: Config):
    emitter = make_emitter(config)
    emit(emitter)
    assert [status.is_held for status in journal_status(config)] == [True]
    assert all(adopt(config, known, 0) is None for known in journal_ids(config.journal))
    emitter.close()


def test_a_journal_that_is_being_made_holds_nothing_yet(config: Config):
    config.journal.mkdir(parents=True, exist_ok=True)
    connect(journal_path(config.journal, bytes(16))).close()
    (status,) = journal_status(config)
    assert (status.events, status.new, status.identity, status.damage) == (0, 0, "", "")


def test_a_damaged_journal_is_kept_and_its_intact_rows_are_sent(config: Config):
    returned = killed(config, "sending", 3)
    (journal_id,) = journal_ids(config.journal)
    path = journal_path(config.journal, journal_id)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    data = bytearray(path.read_bytes())
    place = data.index(b"CREATE INDEX entry_state")
    data[place : place + 12] = b"XXXXXX XXXXX"
    path.write_bytes(data)
    flush_left(config)
    kept = quarantine_list(config)
    assert {item.name for item in kept} == {path.name}
    assert all(item.reason.startswith("damaged journal") for item in kept)
    assert set(returned) <= set(accepted_ids(config))


def test_a_journal_without_any_page_left_is_kept_and_its_spool_is_packed(
    config: Config,
):
    returned = killed(config, "emitted", 9)
    (journal_id,) = journal_ids(config.journal)
    path = journal_path(config.journal, journal_id)
    for side in ("-wal", "-shm", "-journal"):  # the last would mend it
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.write_bytes(b"\xff" * 8192)
    flush_left(config)
    assert path.name in {item.name for item in quarantine_list(config)}
    assert set(returned) <= set(accepted_ids(config))


def test_two_processes_that_go_on_with_one_stream_are_a_fork(tmp_path: Path):
    """What a cloned virtual machine does: both copies hold the same open stream."""
    config = make_home(tmp_path)
    killed(config, "packed", 1)
    (journal_id,) = journal_ids(config.journal)
    copied = replace(config, home=tmp_path / "copy")
    shutil.copytree(config.home, copied.home)
    for number, side in enumerate((config, copied)):
        _continue_stream(side, journal_id, into=config, number=number)
    verdicts = [judgement.verdict for judgement in judged(config)]
    assert verdicts.count(Verdict.FORK) == 1


def _continue_stream(
    side: Config, journal_id: bytes, *, into: Config, number: int
) -> None:
    from ledger.codec import encode_fields
    from ledger.entry import EncodedEvent
    from ledger.log import open_log
    from tests.support.producer import decision_class, decision_fields, packer_of

    adopted = adopt(side, journal_id, 0)
    assert adopted is not None
    packer = packer_of(side)
    outbox = Outbox(adopted.journal, adopted.spool, packer, Surroundings(counts=dict))
    (stream,) = adopted.journal.streams()
    from ledger.avro import schema_id

    body = encode_fields(decision_class(), decision_fields(number))
    stream, packed = packer.pack(
        stream, [EncodedEvent(schema_id(decision_class()), body)], 0
    )
    adopted.journal.record(stream, packed, now_ms=0)
    log = open_log(into)
    while outbox.send(log, lambda: None) or outbox.in_flight:
        outbox.collect()
    log.close()
    outbox.finish()
