"""What a sealer promises about the leaves, files and clocks of a batch."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import seal
from ledger.administration import authorise, revoke
from ledger.checkpoint import parse_checkpoint
from ledger.config import DatabaseConfig, LogConfig, SealConfig
from ledger.errors import ConfigurationError, ConflictError, IntegrityError
from ledger.keys import Ed25519Signer, key_fingerprint, load_signer
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL, Record
from ledger.public import OriginReader
from ledger.seal import files
from ledger.seal.batch import MAX_RECORDS
from ledger.seal.retention import CheckpointRetention
from ledger.seal.sealer import Sealer
from ledger.seal.service import log_key_uri
from ledger.seal.state_sqlite import SqliteState
from ledger.verdict import Verdict
from ledger.verification import ControlReader, load_control
from tests.support.ledger import (
    SmallLedger,
    copy_ledger,
    decision,
    encoded,
    make_ledger,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_ledger(tmp_path_factory.mktemp("template"), partitions=2)
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    """A new ledger with two partitions and nothing in them."""
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def leaves(ledger: SmallLedger, partition: int = 0) -> list[SealLeaf]:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(
        ledger.public, control.log_vkeys[ledger.config.origin(partition)]
    )
    return [parse_leaf(data) for data in reader.leaves(0, reader.checkpoint.size)]


def verdicts(ledger: SmallLedger, partition: int = 0) -> list[str]:
    return [leaf.verdict.name for leaf in leaves(ledger, partition)]


def custom_sealer(
    ledger: SmallLedger, state: seal.State, partition: int = 0, **options: object
) -> Sealer:
    uri = log_key_uri(ledger.config, partition)
    return Sealer(
        ledger.config,
        partition=partition,
        log=options.pop("log", ledger.log),
        state=state,
        signer=load_signer(uri, base=ledger.home),
        control=ControlReader(
            log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
        ),
        **options,
    )


class AlteredLog:
    """A log that gives other records than the real one, as Kafka can."""

    def __init__(self, inner, change):
        self._inner = inner
        self._change = change

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def read(self, partition, start, **limits):
        for record in self._inner.read(partition, start, **limits):
            if (changed := self._change(record)) is not None:
                yield changed


def test_every_offset_has_one_leaf_in_order(ledger):
    ledger.emit_decisions(7, per_entry=2)
    assert ledger.seal() == 5
    assert [leaf.offset for leaf in leaves(ledger)] == [0, 1, 2, 3, 4]
    assert set(verdicts(ledger)) == {"ACCEPTED"}


def test_leaves_pin_the_sealed_control_log(ledger):
    ledger.emit_decisions(1)
    ledger.seal()
    size = len(leaves(ledger, CONTROL))
    assert {leaf.registry_size for leaf in leaves(ledger)} == {size}
    assert [leaf.registry_size for leaf in leaves(ledger, CONTROL)] == [*range(size)]


def test_without_growth_nothing_is_published(ledger):
    ledger.emit_decisions(3)
    ledger.seal()
    before = {p: p.stat().st_mtime_ns for p in ledger.config.public.rglob("*")}
    assert ledger.seal() == 0
    assert {p: p.stat().st_mtime_ns for p in ledger.config.public.rglob("*")} == before


def test_a_batch_ends_after_5000_records(ledger):
    stream = ledger.stream()
    value = stream.pack([encoded(decision())])
    for _ in range(MAX_RECORDS + 9):
        sent = ledger.log.send(0, value[:100])
    sent.result()
    with ledger.sealer() as sealer:
        assert sealer.seal_once().leaves == MAX_RECORDS
        assert sealer.seal_once().leaves == 10
        assert sealer.seal_once().leaves == 0


def test_a_batch_ends_after_one_second(ledger):
    ledger.emit_decisions(9, per_entry=1)
    clock = iter(range(100))
    with ledger.state() as state:
        sealer = custom_sealer(ledger, state, monotonic=lambda: next(clock) * 0.4)
        assert sealer.seal_once().leaves == 3


def test_draining_takes_turns_and_ends_although_more_is_appended(ledger):
    order: list[str] = []

    def busy(sealer: Sealer) -> None:
        inner = sealer.seal_once

        def seal_once():
            order.append(sealer.origin)
            ledger.emit_decisions(1, partition=ledger.config.partition(sealer.origin))
            return inner()

        sealer.seal_once = seal_once

    with ledger.state() as state:
        sealers = seal.sealers_for(ledger.config, ledger.log, state, partitions=[0, 1])
        for sealer in sealers:
            busy(sealer)
        assert seal.drain(sealers) == 4
    assert order == ["acme/p0", "acme/p1"]
    assert ledger.exit_code() == 0


def test_missing_offsets_are_covered_by_a_gap_leaf(ledger):
    ledger.emit_decisions(5, per_entry=1)
    ledger.log.close()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("DROP TRIGGER record_keeps_all")
        db.execute("DELETE FROM record WHERE partition = 0 AND offset IN (2, 3)")
    db.close()
    ledger.reopen()
    ledger.seal()
    gap = leaves(ledger)[2]
    assert (gap.verdict, gap.offset, gap.aux) == (Verdict.GAP, 2, 3)
    assert (gap.broker_timestamp_ms, gap.record_hash, gap.env) == (0, bytes(32), b"")
    assert verdicts(ledger) == ["ACCEPTED", "ACCEPTED", "GAP", "SEQ_GAP", "SEQ_GAP"]
    assert ledger.exit_code() == 0


def test_a_tombstone_is_malformed_and_hashes_as_nothing(ledger):
    ledger.emit_decisions(2, per_entry=1)

    def tombstone(record: Record) -> Record:
        return replace(record, value=None) if record.offset == 1 else record

    with ledger.state() as state:
        custom_sealer(ledger, state, log=AlteredLog(ledger.log, tombstone)).seal_once()
    leaf = leaves(ledger)[1]
    assert leaf.verdict == Verdict.MALFORMED
    assert leaf.record_hash.hex().startswith("e3b0c442")


def test_a_log_that_goes_back_is_refused(ledger):
    ledger.emit_decisions(3, per_entry=1)

    def back(record: Record) -> Record:
        return replace(record, offset=0) if record.offset == 2 else record

    with ledger.state() as state:
        sealer = custom_sealer(ledger, state, log=AlteredLog(ledger.log, back))
        with pytest.raises(IntegrityError) as caught:
            sealer.seal_once()
    assert caught.value.place == "log acme/p0 offset 0"
    assert not (ledger.folder() / "checkpoint").exists()


def test_the_sealed_clock_never_goes_back(ledger):
    now = max(leaf.sealed_at_ms for leaf in leaves(ledger, CONTROL))
    times = iter([now + 5_000, now - 86_400_000, now + 6_000])
    with ledger.state() as state:
        sealer = custom_sealer(ledger, state, now_ms=lambda: next(times))
        for _ in range(3):
            ledger.emit_decisions(1)
            sealer.seal_once()
    sealed = [leaf.sealed_at_ms - now for leaf in leaves(ledger)]
    assert sealed == [5_000, 5_000, 5_000, 6_000]
    assert ledger.exit_code() == 0


def test_a_clock_set_back_does_not_look_like_a_stale_registry(ledger):
    """The control log is sealed after the clock went back by an hour."""
    now = max(leaf.sealed_at_ms for leaf in leaves(ledger, CONTROL))
    ledger.emit_decisions(1)
    with ledger.state() as state:
        custom_sealer(ledger, state, now_ms=lambda: now + 3_600_000).seal_once()
        key = Ed25519Signer.generate().public_key
        authorise(
            ledger.config,
            ledger.log,
            identity="service:late",
            kind="service",
            public_key=key,
        )
        custom_sealer(ledger, state, CONTROL, now_ms=lambda: now).seal_once()
    assert leaves(ledger, CONTROL)[-1].sealed_at_ms == now + 3_600_000
    assert ledger.exit_code() == 0


def test_a_clock_set_back_does_not_seal_before_the_control_log(ledger):
    """The clock went back by an hour after the control log was sealed."""
    now = max(leaf.sealed_at_ms for leaf in leaves(ledger, CONTROL))
    ledger.emit_decisions(1)
    with ledger.state() as state:
        custom_sealer(ledger, state, now_ms=lambda: now - 3_600_000).seal_once()
    assert leaves(ledger)[-1].sealed_at_ms == now
    assert ledger.exit_code() == 0


def test_a_resend_is_a_duplicate_of_its_leaf_even_in_a_later_batch(ledger):
    stream = ledger.stream()
    value = stream.pack([encoded(decision())])
    for _ in range(2):
        ledger.log.append(0, value)
    ledger.seal()
    ledger.log.append(0, value)
    ledger.seal()
    assert verdicts(ledger) == ["ACCEPTED", "ACCEPTED", "DUPLICATE", "DUPLICATE"]
    assert [leaf.aux for leaf in leaves(ledger)] == [0, 0, 1, 1]
    assert ledger.exit_code() == 0


def test_a_fork_freezes_its_stream_for_all_later_batches(ledger):
    stream = ledger.stream()
    first, second = (stream.pack([encoded(decision())]) for _ in range(2))
    ledger.log.append(0, first)
    ledger.seal()
    ledger.log.append(0, second)
    ledger.seal()
    stream.seq, stream.prev = 2, files_header_hash(first)
    stream.append([decision()])
    ledger.seal()
    assert verdicts(ledger) == ["ACCEPTED", "ACCEPTED", "FORK", "FORK"]
    assert ledger.stream(new=True).seq == 1
    ledger.seal()
    assert verdicts(ledger)[-1] == "ACCEPTED"
    assert ledger.exit_code() == 0


def files_header_hash(value: bytes) -> bytes:
    from ledger.entry import header_hash

    return header_hash(value[8:180])


def test_a_closed_stream_takes_nothing_more(ledger):
    stream = ledger.stream()
    stream.close()
    ledger.seal()
    stream.append([decision()])
    ledger.seal()
    assert verdicts(ledger) == ["ACCEPTED", "ACCEPTED", "STREAM_CLOSED"]


def test_a_revoked_key_is_refused_from_the_next_sealed_control_leaf_on(ledger):
    ledger.emit_decisions(1)
    ledger.seal()
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    key_fp = key_fingerprint(ledger.producer.public_key)
    revoke(ledger.config, ledger.log, control, key_fp=key_fp)
    ledger.emit_decisions(1)
    ledger.seal()
    assert verdicts(ledger) == ["ACCEPTED", "ACCEPTED", "KEY_REVOKED"]
    assert ledger.exit_code() == 0


def test_streams_of_two_partitions_are_apart(ledger):
    stream = ledger.stream(0)
    value = stream.pack([encoded(decision())])
    ledger.log.append(1, value)
    ledger.seal()
    assert verdicts(ledger, 0) == ["ACCEPTED"]
    assert verdicts(ledger, 1) == ["WRONG_LOG"]
    assert ledger.exit_code() == 0


def test_partial_tiles_go_when_their_full_tile_comes(ledger):
    ledger.emit_decisions(200, per_entry=1)
    ledger.seal()
    assert (ledger.folder() / "tile/0/000.p/201").exists()
    ledger.emit_decisions(60, per_entry=1)
    ledger.seal()
    names = [path.relative_to(ledger.folder()) for path in ledger.folder().rglob("*")]
    assert sorted(str(name) for name in names if "tile" in str(name)) == [
        "tile",
        "tile/0",
        "tile/0/000",
        "tile/0/001.p",
        "tile/0/001.p/5",
        "tile/1",
        "tile/1/000.p",
        "tile/1/000.p/1",
        "tile/entries",
        "tile/entries/000",
        "tile/entries/001.p",
        "tile/entries/001.p/5",
    ]
    assert ledger.exit_code() == 0


def test_the_newest_checkpoint_lies_there_under_its_size_as_well(ledger):
    for count in (1, 2, 3):
        ledger.emit_decisions(count, per_entry=1)
        ledger.seal()
    newest = (ledger.folder() / "checkpoint").read_bytes()
    assert parse_checkpoint(newest)[0].size == 7
    assert (ledger.folder() / "checkpoint.7").read_bytes() == newest
    kept = sorted(path.name for path in ledger.folder().glob("checkpoint.*"))
    assert kept == ["checkpoint.2", "checkpoint.4", "checkpoint.7"]


def test_old_checkpoints_are_thinned_to_one_an_hour(tmp_path):
    hour = 3_600_000
    sizes = range(1, 1_301)
    for size in sizes:
        (tmp_path / f"checkpoint.{size}").touch()
    (tmp_path / "checkpoint").touch()
    (tmp_path / "checkpoint.7.tsr").touch()
    retention = CheckpointRetention(tmp_path, lambda leaf: leaf * hour // 100)
    gone = retention.retire()
    kept = {
        int(p.name[11:]) for p in tmp_path.glob("checkpoint.*") if p.suffix != ".tsr"
    }
    assert kept == {1, 101, 201, 7, *range(301, 1_301)}
    assert set(gone) == set(sizes) - kept
    assert retention.retire() == []


def test_a_policy_that_was_altered_is_written_anew_by_the_control_sealer(ledger):
    policy = ledger.config.public / "policy"
    text = policy.read_text()
    policy.write_text(text + "# another\n")
    ledger.seal()
    assert policy.read_text() == text
    assert [line.split("+")[0] for line in text.splitlines()] == [
        f"log acme/{tail}" for tail in ("control", "manifest", "p0", "p1")
    ]


def test_a_file_system_without_links_is_named_as_the_problem(ledger, monkeypatch):
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "cross-device link")

    ledger.emit_decisions(1)
    monkeypatch.setattr(files.os, "link", refuse)
    with ledger.sealer() as sealer, pytest.raises(ConfigurationError) as caught:
        sealer.seal_once()
    assert "one file system" in caught.value.hint
    monkeypatch.undo()
    assert ledger.seal() == 0
    assert ledger.exit_code() == 0


def test_a_second_sealer_waits_for_the_first_and_then_gives_up(ledger, monkeypatch):
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.05)
    ledger.emit_decisions(1)
    with (
        files.locked(ledger.config.staging / "acme/p0/lock"),
        ledger.sealer() as sealer,
        pytest.raises(ConflictError, match="another sealer holds"),
    ):
        sealer.seal_once()
    assert ledger.seal() == 2


def test_results_say_what_was_sealed(ledger):
    ledger.emit_decisions(10, per_entry=5)
    ledger.log.append(0, b"not an entry")
    with ledger.sealer() as sealer:
        result = sealer.seal_once()
    assert (result.origin, result.leaves, result.size) == ("acme/p0", 4, 4)
    assert result.events == 11
    assert result.verdicts == {Verdict.ACCEPTED: 3, Verdict.MALFORMED: 1}


def test_state_lies_in_the_embedded_log_or_beside_a_kafka_log(ledger, tmp_path):
    with ledger.state() as state:
        assert isinstance(state, SqliteState)
        assert state.head("acme/control")
    kafka = replace(ledger.config, home=tmp_path, log=LogConfig(kind="kafka"))
    seal.open_state(kafka).close()
    assert (tmp_path / "seal.sqlite").exists()


def test_state_in_postgres_without_an_address_is_a_configuration_error(ledger):
    config = replace(
        ledger.config, seal=SealConfig(state="postgres"), database=DatabaseConfig()
    )
    with pytest.raises(ConfigurationError, match="Postgres") as caught:
        seal.open_state(config)
    assert "seal_dsn" in caught.value.hint
