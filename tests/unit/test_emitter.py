"""What an emitter promises to its caller, against the real embedded log and sealer."""

from __future__ import annotations

import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ledger.config import Config
from ledger.emitter import Emitter
from ledger.errors import (
    ConfigurationError,
    InvalidEventError,
    JournalError,
    TooLargeError,
)
from ledger.events.base import event_class
from ledger.verdict import Verdict
from tests.support.producer import (
    AwayLog,
    accepted_ids,
    decision_class,
    decision_fields,
    emit,
    journal_files,
    judged,
    make_emitter,
    make_home,
    seal,
    with_producer,
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_home(tmp_path)


@pytest.fixture
def emitter(config: Config):
    made = make_emitter(config)
    yield made
    made.close()


def kinds(config: Config) -> list[int]:
    return [j.entry.header.kind for j in judged(config) if j.entry is not None]


def test_making_one_neither_connects_nor_writes(config: Config):
    away = AwayLog()
    emitter = make_emitter(config, log_factory=away)
    assert emitter.flush(0.0)
    assert emitter.wait_sealed(0.0)
    emitter.close()
    assert (away.tries, journal_files(config)) == (0, [])


@pytest.mark.parametrize("mode", ["fire", "spool", "strict"])
def test_events_are_sealed_and_leave_no_trace_on_the_disk(config: Config, mode: str):
    emitter = make_emitter(config, mode=mode)
    ids = emit(emitter, 30)
    assert emitter.flush(60)
    seal(config)
    assert emitter.wait_sealed(60)
    emitter.close()
    assert accepted_ids(config) == dict.fromkeys(ids, 1)
    assert {j.verdict for j in judged(config)} == {Verdict.ACCEPTED}
    assert kinds(config)[0] == 2
    assert kinds(config)[-1] == 3
    # The close entry alone waits for its seal.
    assert len(journal_files(config)) == (0 if mode == "fire" else 2)


def test_a_reference_is_the_id_and_the_digest_of_the_signed_body(
    config: Config, emitter: Emitter
):
    fields = decision_fields()
    encoded = emitter.emit_encoded(decision_class(), fields)
    whole = emitter.emit(decision_class().record(**decision_fields()))
    emitter.flush(60)
    bodies = {
        sha256(body).digest()
        for judgement in judged(config)
        if judgement.entry
        for body in judgement.entry.bodies
    }
    assert encoded.id == fields["id"]
    assert {encoded.digest, whole.digest} <= bodies


def test_a_full_event_is_emitted_and_referred_to(config: Config, emitter: Emitter):
    source = event_class("data.source.registered")
    made: Any = source
    event = made.record(basis="declared", source="s3", title="Source", kind="bucket")
    reference = emitter.emit(event)
    assert reference.id == event.event_id
    assert emitter.flush(60)
    assert {j.verdict for j in judged(config)} == {Verdict.ACCEPTED}


def test_many_at_once_are_all_or_none(config: Config, emitter: Emitter):
    from ledger.avro import schema_id
    from ledger.codec import encode_fields

    kind = decision_class()
    fields = [decision_fields(number) for number in range(9_000)]
    pairs = [(schema_id(kind), encode_fields(kind, item)) for item in fields]
    with pytest.raises(TooLargeError):
        emitter.emit_many([*pairs, (schema_id(kind), bytes(524_289))])
    assert emitter.stats()["emitted"] == 0
    emitter.emit_many(pairs)
    assert emitter.flush(60)
    assert accepted_ids(config) == dict.fromkeys([item["id"] for item in fields], 1)


def test_an_event_that_is_too_large_breaks_nothing(config: Config, emitter: Emitter):
    kind = decision_class()
    with pytest.raises(TooLargeError, match="524288"):
        emitter.emit_encoded(kind, {**decision_fields(), "output": "x" * 600_000})
    ids = emit(emitter, 2)
    assert emitter.flush(60)
    assert set(accepted_ids(config)) == set(ids)


def test_the_ledgers_own_stream_types_are_refused(config: Config, emitter: Emitter):
    closed: Any = event_class("ledger.stream.closed")
    with pytest.raises(InvalidEventError, match="ledger itself"):
        emitter.emit(closed.record(counts={}))


def test_a_closed_emitter_says_so(config: Config):
    emitter = make_emitter(config)
    emit(emitter)
    emitter.close()
    emitter.close()
    with pytest.raises(JournalError, match="closed"):
        emit(emitter)


def test_a_mode_that_is_none_is_refused(config: Config):
    with pytest.raises(ConfigurationError, match="loud"):
        make_emitter(config, mode="loud")


def test_threads_share_one_stream(config: Config, emitter: Emitter):
    found: list[list[bytes]] = []
    threads = [
        threading.Thread(target=lambda: found.append(emit(emitter, 200)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert emitter.flush(60)
    ids = [item for group in found for item in group]
    assert accepted_ids(config) == dict.fromkeys(ids, 1)
    streams = {j.entry.header.stream_id for j in judged(config) if j.entry}
    assert len(streams) == 1


def test_two_emitters_have_two_clean_streams(config: Config):
    one, two = make_emitter(config), make_emitter(config)
    ids = emit(one, 5) + emit(two, 5)
    assert one.flush(60)
    assert two.flush(60)
    one.close()
    two.close()
    assert accepted_ids(config) == dict.fromkeys(ids, 1)
    assert {j.verdict for j in judged(config)} == {Verdict.ACCEPTED}


def test_an_idle_stream_reports(config: Config):
    emitter = make_emitter(with_producer(config, heartbeat_s=1))
    emit(emitter)
    deadline = time.monotonic() + 60
    while 4 not in kinds(config):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    emitter.close()
    assert {j.verdict for j in judged(config)} == {Verdict.ACCEPTED}


def test_events_are_packed_together(config: Config, emitter: Emitter):
    emit(emitter, 300)
    assert emitter.flush(60)
    assert emitter.stats()["packed"] == 300
    assert len(kinds(config)) < 40


def test_stats_tell_the_way_of_events(config: Config, emitter: Emitter):
    emit(emitter, 3)
    emitter.flush(60)
    seal(config)
    assert emitter.wait_sealed(60)
    stats = emitter.stats()
    assert (stats["mode"], stats["emitted"], stats["packed"]) == ("spool", 3, 3)
    assert stats["appended"] == stats["sealed"] == 2
    assert (stats["dropped"], stats["refused"], stats["last_error"]) == (0, 0, "")


def test_at_the_end_events_are_sent_before_anything_else_is_done(config: Config):
    steps = list[str]()
    emitter = make_emitter(config, on_step=steps.append)
    emit(emitter, 2)
    emitter.close(20)
    assert steps.index("appended") < steps.index("closed")
    assert accepted_ids(config).total() == 2
    assert kinds(config)[-1] == 3
