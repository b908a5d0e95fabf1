"""What each verdict makes a producer do, with the real sealer and control log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ledger import administration
from ledger.config import Config
from ledger.emitter import Emitter
from ledger.errors import MissingEvidenceError
from ledger.journal.rows import Waiting
from ledger.journal.sources import Ring
from ledger.journal_admin import quarantine_list
from ledger.keys import Ed25519Signer
from ledger.log import open_log
from ledger.shipping.answers import apply_receipts, resend_silent
from ledger.shipping.outbox import Outbox
from ledger.shipping.receipts import Receipt, ReceiptReader, Reply
from ledger.shipping.surroundings import Surroundings
from ledger.verdict import Verdict
from tests.support.producer import (
    accepted_ids,
    decision_class,
    decision_fields,
    emit,
    judged,
    make_emitter,
    make_home,
    packer_of,
    seal,
    signer_of,
)
from tests.support.waiting import until


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_home(tmp_path)


class Bench:
    """An outbox on a memory journal, and a clock the test turns."""

    def __init__(self, config: Config) -> None:
        from ledger.journal.store import Journal

        self.now_ms = 1_000_000
        journal = Journal(
            None, journal_id=b"j" * 16, identity="service:local", created_ms=0
        )
        around = Surroundings(counts=lambda _signed: {}, now_ms=lambda: self.now_ms)
        self.ring = Ring()
        self.outbox = Outbox(journal, self.ring, packer_of(config), around)
        self.log = open_log(config)
        self.kept: list[str] = []

    def emit(self, count: int) -> list[bytes]:
        from ledger.avro import schema_id
        from ledger.codec import encode_fields
        from ledger.entry import EncodedEvent

        kind, ids = decision_class(), list[bytes]()
        for number in range(count):
            fields = decision_fields(number)
            body = encode_fields(kind, fields)
            self.ring.append([EncodedEvent(schema_id(kind), body)])
            ids.append(fields["id"])
        return ids

    def ship(self) -> None:
        while self.outbox.pack():
            pass
        while self.outbox.send(self.log, lambda: None) or self.outbox.in_flight:
            self.outbox.collect()

    def receive(self, verdict: Verdict, *, is_ours: bool = True) -> str | None:
        row = self.outbox.journal.waiting(1)[0]
        reply = Reply({}, may_sign=lambda _schema: False, is_authorised=False)
        return apply_receipts(
            self.outbox, [Receipt(row, verdict, is_ours)], reply, None
        )

    def states(self) -> dict[str, int]:
        journal = self.outbox.journal
        counts = {
            state: journal.count(state) for state in ("new", "appended", "sealed")
        }
        return {state: count for state, count in counts.items() if count}


@pytest.fixture
def bench(config: Config):
    made = Bench(config)
    made.ids = made.emit(3)  # pyright: ignore
    made.ship()
    yield made
    made.log.close()
    made.outbox.journal.close()


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.DUPLICATE])
def test_accepted_and_duplicate_are_sealed(bench: Bench, verdict: Verdict):
    assert bench.receive(verdict) is None
    assert bench.states() == {"appended": 1, "sealed": 1}


def test_a_gap_is_resent_at_once_and_then_ever_later(bench: Bench):
    pauses: list[int] = []
    for _ in range(4):
        bench.receive(Verdict.SEQ_GAP)
        assert bench.states() == {"new": 2}
        (stream,) = bench.outbox.journal.streams()
        pauses.append(stream.retry_ms - bench.now_ms)
        bench.now_ms = stream.retry_ms
        bench.ship()
    assert pauses == [0, 1_000, 2_000, 4_000]


def test_other_bytes_at_our_offset_mean_resend(bench: Bench):
    trouble = bench.receive(Verdict.ACCEPTED, is_ours=False)
    assert trouble is not None
    assert "other bytes" in trouble
    assert bench.states() == {"new": 2}


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN_KEY, Verdict.UNKNOWN_SCHEMA])
def test_what_is_not_yet_registered_is_tried_again_up_to_every_five_minutes(
    bench: Bench, verdict: Verdict
):
    pauses: list[int] = []
    for _ in range(11):
        bench.receive(verdict)
        (stream,) = bench.outbox.journal.streams()
        pauses.append(stream.retry_ms - bench.now_ms)
        bench.now_ms = stream.retry_ms
        bench.ship()
    assert pauses[:3] == [1_000, 2_000, 4_000]
    assert pauses[-1] == 300_000


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict.MALFORMED,
        Verdict.BAD_SIGNATURE,
        Verdict.WRONG_LOG,
        Verdict.FORK,
        Verdict.BAD_ROOT,
        Verdict.TOO_LARGE,
        Verdict.STREAM_CLOSED,
    ],
)
def test_other_refusals_begin_a_new_stream_with_the_same_events(
    bench: Bench, config: Config, verdict: Verdict
):
    bench.receive(verdict)
    assert bench.states() == {}
    bench.ship()
    first, second = bench.outbox.journal.streams()
    assert (first.state, second.state) == ("refused", "open")
    entries = [judgement.entry for judgement in judged(config) if judgement.entry]
    resigned = [e for e in entries if e.header.stream_id == second.stream_id]
    before = [e for e in entries if e.header.stream_id == first.stream_id]
    assert resigned[1].bodies == before[1].bodies


def test_events_that_are_refused_again_and_again_end_in_quarantine(bench: Bench):
    for _ in range(3):
        bench.receive(Verdict.MALFORMED)
        bench.ship()
    assert len(bench.outbox.journal.streams()) == 3
    assert bench.states() == {}
    assert bench.outbox.journal.count_to_resign() == 0


def test_types_the_key_may_not_write_are_not_signed_anew(bench: Bench):
    bench.receive(Verdict.NOT_AUTHORISED)
    assert bench.outbox.journal.count_to_resign() == 0


def test_silence_is_broken_after_60_s_and_then_ever_later(bench: Bench):
    resent: list[int] = []
    for second in range(400):
        bench.now_ms += 1_000
        resend_silent(bench.outbox, bench.outbox.journal.waiting(9))
        if "new" in bench.states():
            resent.append(second + 1)
            bench.ship()
    assert resent == [61, 61 + 121]


def test_nothing_is_sealed_before_the_ledger_says_so(config: Config):
    emitter = make_emitter(config)
    emit(emitter)
    assert emitter.flush(60)
    assert not emitter.wait_sealed(0.4)
    assert emitter.stats()["last_error"] == ""
    seal(config)
    assert emitter.wait_sealed(60)
    emitter.close()


def test_nothing_is_sealed_under_another_ledger_id(config: Config):
    emitter = make_emitter(replace(config, ledger_id=bytes(32)))
    emit(emitter)
    assert emitter.flush(60)
    seal(config)
    assert not emitter.wait_sealed(0.6)
    assert "another ledger" in str(emitter.stats()["last_error"])
    emitter.close()


def test_an_altered_leaf_is_not_a_receipt(config: Config):
    emitter = make_emitter(config)
    emit(emitter)
    assert emitter.flush(60)
    row_count = emitter.stats()["appended"]
    assert row_count == 2
    emitter.close()
    seal(config)
    folder = config.public / config.origin(0) / "tile" / "entries"
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))
    reader = ReceiptReader(config, open_log)
    row = Waiting(1, 0, config.origin(0), 0, bytes(32), bytes(32), 0)
    with pytest.raises(Exception, match="differs"):
        reader.receipts([row])
    reader.close()


def test_an_unknown_origin_is_missing_not_sealed(config: Config):
    reader = ReceiptReader(config, open_log)
    with pytest.raises(MissingEvidenceError):
        reader.receipts([Waiting(1, 0, "acme/p9", 0, bytes(32), bytes(32), 0)])
    reader.close()


def test_a_key_that_is_authorised_later_gets_its_events_in(config: Config):
    stranger = Ed25519Signer.generate()
    emitter = make_emitter(config, identity="service:new", signer=stranger)
    ids = emit(emitter, 3)
    assert emitter.flush(60)
    seal(config)
    until(lambda: "UNKNOWN_KEY" in str(emitter.stats()["last_error"]))
    _authorise(config, "service:new", stranger)
    seal(config)
    until(lambda: _sealed_all(emitter, config))
    emitter.close()
    assert accepted_ids(config) == dict.fromkeys(ids, 1)


def test_after_a_revocation_events_wait_for_a_new_key(config: Config):
    emitter = make_emitter(config)
    first = emit(emitter, 3)
    assert emitter.flush(60)
    seal(config)
    assert emitter.wait_sealed(60)
    _revoke(config, signer_of(config))
    seal(config)
    second = emit(emitter, 2)
    assert emitter.flush(60)
    seal(config)
    until(lambda: "KEY_REVOKED" in str(emitter.stats()["last_error"]))
    assert not emitter.flush(0.5)
    emitter.close()
    assert quarantine_list(config)
    fresh = Ed25519Signer.generate()
    _authorise(config, "service:local", fresh)
    seal(config)
    follower = make_emitter(config, signer=fresh)
    third = emit(follower)
    until(lambda: set(second) <= set(_accepted_by_rules(config)))
    follower.close()
    assert set(first + second + third) <= set(_accepted_by_rules(config))


def _sealed_all(emitter: Emitter, config: Config) -> bool:
    if emitter.wait_sealed(0.2):
        return True
    seal(config)
    return False


def _accepted_by_rules(config: Config) -> list[bytes]:
    """Ids in accepted leaves; the sealer judged each at its own time."""
    from ledger.log import open_log
    from tests.support.ledger import SmallLedger, sealed_ids

    seal(config)
    ledger = SmallLedger(config, open_log(config))
    try:
        return sealed_ids(ledger)
    finally:
        ledger.close()


def _authorise(config: Config, identity: str, signer: Ed25519Signer) -> None:
    from ledger.events.ledger import KeyAuthorized

    _as_operator(
        config,
        KeyAuthorized.record(
            public_key=signer.public_key,
            identity=identity,
            kind="service",
            event_types=["mlledger.*"],
            attests=False,
        ),
    )


def _revoke(config: Config, signer: object) -> None:
    from ledger.events.ledger import KeyRevoked
    from ledger.keys import key_fingerprint

    public_key = signer.public_key  # pyright: ignore
    _as_operator(
        config,
        KeyRevoked.record(
            key_fp=key_fingerprint(public_key), compromised_since=None, reason="test"
        ),
    )


def _as_operator(config: Config, fact: object) -> None:
    log = open_log(config)
    try:
        administration.append_as_operator(config, log, [fact])  # pyright: ignore
    finally:
        log.close()
