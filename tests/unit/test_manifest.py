"""Manifests: consistent cuts, when they are written, and what dates an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.administration import authorise, operator_signer, revoke
from ledger.checkpoint import Checkpoint
from ledger.errors import (
    IntegrityError,
    LogUnavailableError,
    MissingEvidenceError,
    SignatureError,
)
from ledger.events.ledger import ManifestPublished, SeenCheckpoint
from ledger.keys import Ed25519Signer, key_fingerprint
from ledger.leaf import parse_leaf
from ledger.log import MANIFEST, Log
from ledger.merkle import EMPTY_ROOT
from ledger.note import Vkey
from ledger.public import OriginReader, read_checkpoint
from ledger.seal.manifest import ManifestWriter
from ledger.verification import Step, exit_code, load_control
from ledger.verification.clocks import verify_fresh
from ledger.verification.dating import OPERATOR
from tests.support.dating import (
    believe,
    dated_steps,
    dated_verifier,
    newest_size,
    say_in_manifest_log,
    stamp,
    write_manifest,
)
from tests.support.ledger import SmallLedger, copy_ledger, make_ledger
from tests.support.tsa import Authority, now


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed home with four leaves in p0 and nothing in the manifest log."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ledger.emit_decisions(12, per_entry=4)
    ledger.seal()
    ledger.close()
    return ledger.home


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template, tmp_path / "home")
    yield ledger
    ledger.close()


def grow(ledger: SmallLedger, count: int = 1) -> None:
    """One more entry in p0, sealed."""
    stream = ledger.stream(new=True)
    assert stream
    for _ in range(count - 1):
        ledger.stream(new=True)
    ledger.seal()


def head(ledger: SmallLedger, origin: str) -> Checkpoint:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    return read_checkpoint(ledger.public, control.known_vkeys(origin))


def manifest_step(ledger: SmallLedger, leaf: int, origin: str = "acme/p0") -> Step:
    steps = dated_verifier(ledger).steps_for_event(origin=origin, leaf=leaf, index=0)
    (found,) = [step for step in steps if step.name == "manifest"]
    return found


def findings(ledger: SmallLedger) -> list[Step]:
    return [step for step in dated_steps(ledger) if step.is_finding]


# ── when a manifest is written ───────────────────────────────────────────────


def test_a_manifest_names_every_other_origin_as_published(ledger):
    assert write_manifest(ledger)
    newest = dated_verifier(ledger).manifests.newest()
    assert newest
    assert newest.checkpoints == {
        origin: head(ledger, origin) for origin in ("acme/control", "acme/p0")
    }


def test_only_growth_of_other_origins_makes_a_manifest(ledger):
    assert write_manifest(ledger)
    size = newest_size(ledger)
    assert not write_manifest(ledger)
    assert newest_size(ledger) == size
    grow(ledger)
    assert write_manifest(ledger)
    assert newest_size(ledger) == 2 * size


def test_a_manifest_covers_a_minute_of_growth(ledger):
    clock = [1_000_000]
    writer = ManifestWriter(
        ledger.config,
        log=ledger.log,
        signer=operator_signer(ledger.config),
        now_ms=lambda: clock[0],
    )
    assert writer.write_if_due()
    grow(ledger)
    clock[0] += 59_999
    assert not writer.write_if_due()
    assert writer.write_if_due(at_once=True)
    grow(ledger)
    clock[0] += 60_000
    assert writer.write_if_due()
    clock[0] += 60_000
    assert not writer.write_if_due()


def test_a_clock_that_went_back_does_not_end_manifests(ledger):
    clock = [10_000_000]
    writer = ManifestWriter(
        ledger.config,
        log=ledger.log,
        signer=operator_signer(ledger.config),
        now_ms=lambda: clock[0],
    )
    assert writer.write_if_due()
    grow(ledger)
    clock[0] = 5
    assert writer.write_if_due()


class AnswerLost:
    """A log that stores the second record of a manifest, and once does not say so."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._fails = True

    def append(self, partition: int, value: bytes) -> object:
        found = self._log.append(partition, value)
        if self._fails and self._log.bounds(MANIFEST)[1] == 2:
            self._fails = False
            raise LogUnavailableError("gone")
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def test_an_entry_whose_fate_is_unknown_is_sent_again_byte_equal(ledger):
    signer = operator_signer(ledger.config)
    writer = ManifestWriter(ledger.config, log=AnswerLost(ledger.log), signer=signer)
    with pytest.raises(LogUnavailableError):
        writer.write_if_due()
    assert not writer.write_if_due()
    ledger.seal()
    reader = OriginReader(ledger.public, _vkeys(ledger, "acme/manifest"))
    verdicts = [parse_leaf(data).verdict.name for data in reader.leaves(0, 4)]
    assert verdicts == ["ACCEPTED", "ACCEPTED", "DUPLICATE", "ACCEPTED"]
    assert reader.checkpoint.size == 4
    newest = dated_verifier(ledger).manifests.newest()
    assert newest
    assert newest.checkpoints["acme/p0"] == head(ledger, "acme/p0")
    assert findings(ledger) == []


def test_a_cut_is_of_one_moment_though_origins_grow_meanwhile(tmp_path, monkeypatch):
    """A checkpoint that moves between two readings makes the writer read again."""
    ledger = make_ledger(tmp_path, partitions=2)
    ledger.emit_decisions(4)
    ledger.emit_decisions(4, partition=1)
    ledger.seal()
    from ledger.verification.evidence import Evidence

    real, left = Evidence.checkpoint, [3]

    def moving(self: Evidence, origin: str) -> Checkpoint:
        found = real(self, origin)
        if origin == "acme/p0" and left[0]:
            left[0] -= 1
            for partition in (0, 1):
                ledger.stream(partition, new=True)
            ledger.seal()
        return found

    monkeypatch.setattr(Evidence, "checkpoint", moving)
    assert write_manifest(ledger)
    newest = dated_verifier(ledger).manifests.newest()
    assert newest
    for origin in ("acme/p0", "acme/p1"):
        assert newest.checkpoints[origin] == head(ledger, origin)
    ledger.close()


def test_a_ledger_that_runs_away_gets_its_manifest_later(ledger, monkeypatch):
    from ledger.verification.evidence import Evidence

    real = Evidence.checkpoint

    def moving(self: Evidence, origin: str) -> Checkpoint:
        found = real(self, origin)
        if origin == "acme/p0":
            grow(ledger)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Evidence, "checkpoint", moving)
        assert not write_manifest(ledger)
    assert write_manifest(ledger)


# ── what covers an event, and by when it was sealed ──────────────────────────


def test_an_event_without_a_manifest_yet_is_valid_and_says_so(ledger):
    step = manifest_step(ledger, 1)
    assert (step.status, step.is_finding) == ("not_established", False)
    assert "not in a manifest yet" in step.detail
    assert OPERATOR in step.detail
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert (found.attested_ms, found.attested_by) == (None, OPERATOR)


def test_a_manifest_without_a_token_is_verified_and_attests_no_time(ledger):
    write_manifest(ledger)
    step = manifest_step(ledger, 1)
    assert step.status == "verified"
    assert "acme/manifest leaf 1 names acme/p0 at size 4" in step.detail
    assert OPERATOR in step.detail
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert (found.attested_ms, found.attested_by) == (None, OPERATOR)


def test_the_time_of_an_event_is_that_of_the_first_token_after_it(ledger, authority):
    """Between two manifests the later one counts: it is the first that saw it."""
    believe(ledger, authority)
    write_manifest(ledger)
    first, second = (now() + timedelta(seconds=n) for n in (10, 90))
    stamp(ledger, authority, at=first)
    grow(ledger)
    write_manifest(ledger)
    stamp(ledger, authority, at=second)
    check = dated_verifier(ledger)
    for leaf, at in ((0, first), (3, first), (4, second)):
        found = check.event(origin="acme/p0", leaf=leaf, index=0)
        assert found.attested_ms == int(at.timestamp() * 1_000) + 1_500
        assert found.attested_by == "time authority CN=test tsa"
        assert found.claimed_at_ms <= found.sealed_at_ms <= found.attested_ms
    assert check.manifests.covering("acme/p0", 3).leaf == 1
    assert check.manifests.covering("acme/p0", 4).leaf == 4
    assert check.manifests.covering("acme/p0", 5) is None


def test_a_token_that_came_late_dates_what_came_before(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    grow(ledger)
    write_manifest(ledger)
    at = now() + timedelta(seconds=30)
    stamp(ledger, authority, at=at)
    for leaf in (1, 4):
        found = dated_verifier(ledger).event(origin="acme/p0", leaf=leaf, index=0)
        assert found.attested_ms == int(at.timestamp() * 1_000) + 1_500


def test_control_and_manifest_logs_are_dated_as_well(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority)
    for origin in ("acme/control", "acme/manifest"):
        step = manifest_step(ledger, 1, origin)
        assert step.status == "verified"
        assert "by time authority CN=test tsa" in step.detail


def test_without_a_root_the_time_of_a_token_is_said_and_not_believed(ledger, authority):
    write_manifest(ledger)
    stamp(ledger, authority)
    step = manifest_step(ledger, 1)
    assert step.status == "verified"
    assert "not established" in step.detail
    assert "CN=test tsa says" in step.detail
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert (found.attested_ms, found.attested_by) == (None, OPERATOR)
    assert findings(ledger) == []


def test_a_verifier_sees_manifests_that_came_with_newer_leaves(ledger):
    check = dated_verifier(ledger)
    assert check.manifests.covering("acme/p0", 1) is None
    write_manifest(ledger)
    grow(ledger)
    check.event(origin="acme/p0", leaf=4, index=0)
    assert check.manifests.covering("acme/p0", 1)


def test_the_first_of_many_manifests_is_found(ledger):
    check = []
    for _ in range(9):
        grow(ledger)
        write_manifest(ledger)
        check.append(newest_size(ledger) - 2)
    reader = dated_verifier(ledger).manifests
    leaves = [reader.covering("acme/p0", leaf).leaf for leaf in range(4, 13)]
    assert leaves == check


def test_what_was_attested_after_a_key_leaked_is_suspect(ledger, authority):
    """Sealed before, by the operator's word alone: that is not enough."""
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority, at=now() + timedelta(minutes=5))
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    since = int((now() + timedelta(minutes=3)).timestamp()) * 1_000_000
    revoke(
        ledger.config,
        ledger.log,
        control,
        key_fp=key_fingerprint(ledger.producer.public_key),
        compromised_since=since,
    )
    ledger.seal()
    check = dated_verifier(ledger)
    assert check.event(origin="acme/p0", leaf=1, index=0).suspect
    steps = check.steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert exit_code(steps) == 13
    assert [s.name for s in steps if s.code == "LDG-V013"] == ["manifest"]


# ── contradictions ───────────────────────────────────────────────────────────


def manifest_of(*named: Checkpoint) -> ManifestPublished:
    return ManifestPublished.record(
        checkpoints=[
            SeenCheckpoint(origin=one.origin, size=one.size, root=one.root)
            for one in named
        ]
    )


def cut_of(ledger: SmallLedger) -> list[Checkpoint]:
    return [head(ledger, name) for name in ("acme/control", "acme/p0")]


def test_a_manifest_of_another_history_is_a_contradiction(ledger):
    control, events = cut_of(ledger)
    other = Checkpoint(events.origin, events.size, b"x" * 32)
    say_in_manifest_log(ledger, [manifest_of(control, other)])
    (found,) = findings(ledger)
    assert (found.status, found.place) == ("failed", "acme/manifest leaf 1")
    assert found.expected == (b"x" * 32).hex()
    assert found.actual == events.root.hex()
    assert manifest_step(ledger, 1).status == "failed"
    with pytest.raises(IntegrityError):
        dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)


def test_a_manifest_of_more_than_is_published_is_a_contradiction(ledger):
    control, events = cut_of(ledger)
    more = Checkpoint(events.origin, 5, b"x" * 32)
    say_in_manifest_log(ledger, [manifest_of(control, more)])
    (found,) = findings(ledger)
    assert "history went back" in found.detail
    assert (found.expected, found.actual) == ("size 5 or more", "size 4")
    assert manifest_step(ledger, 1).status == "failed"


def test_a_manifest_that_takes_back_what_one_before_it_said(ledger):
    control, events = cut_of(ledger)
    root = OriginReader(ledger.public, _vkeys(ledger, "acme/p0")).root_at(3)
    less = Checkpoint(events.origin, 3, root)
    for named in (events, less):
        say_in_manifest_log(ledger, [manifest_of(control, named)])
    (found,) = findings(ledger)
    assert (found.place, found.actual) == ("acme/manifest leaf 4", "size 3")


def test_a_cut_without_the_keys_its_leaves_rest_on_is_no_consistent_cut(ledger):
    control, _ = cut_of(ledger)
    authorise(
        ledger.config,
        ledger.log,
        identity="service:other",
        kind="service",
        public_key=Ed25519Signer.generate().public_key,
    )
    grow(ledger)
    _, events = cut_of(ledger)
    say_in_manifest_log(ledger, [manifest_of(control, events)])
    (found,) = findings(ledger)
    assert "no consistent cut" in found.detail
    assert found.actual == f"size {control.size}"


def test_a_manifest_may_name_an_empty_tree(ledger):
    control, events = cut_of(ledger)
    empty = Checkpoint("acme/p0", 0, EMPTY_ROOT)
    for named in (empty, events):
        say_in_manifest_log(ledger, [manifest_of(control, named)])
    assert findings(ledger) == []


def test_a_producer_cannot_write_manifests(ledger):
    control, events = cut_of(ledger)
    facts = [manifest_of(control, Checkpoint(events.origin, 4, b"x" * 32))]
    say_in_manifest_log(ledger, facts, signer=ledger.producer)
    assert findings(ledger) == []
    assert dated_verifier(ledger).manifests.newest() is None
    assert manifest_step(ledger, 1).status == "not_established"


def test_a_token_for_another_text_is_a_contradiction(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    path = stamp(ledger, authority)
    path.write_bytes(authority.stamp(b"something else"))
    place = f"acme/manifest/{path.name}"
    (found,) = findings(ledger)
    assert (found.status, found.place) == ("failed", place)
    step = manifest_step(ledger, 1)
    assert (step.status, step.place) == ("failed", place)
    with pytest.raises(SignatureError):
        dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)


def test_a_token_under_the_name_of_another_size_is_a_contradiction(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority, size=2)
    assert [step.place for step in findings(ledger)] == [
        "acme/manifest/checkpoint.2.tsr"
    ]


def test_a_token_of_a_stranger_does_not_pass_where_roots_are_given(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, Authority("stranger"))
    (found,) = findings(ledger)
    assert (found.status, found.code) == ("failed", "LDG-V004")
    believe(ledger)
    assert findings(ledger) == []


def test_a_token_beyond_the_newest_checkpoint_is_a_contradiction(ledger, authority):
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority, size=99)
    (found,) = findings(ledger)
    assert "history went back" in found.detail


def test_a_token_that_is_no_der_is_a_contradiction(ledger, authority):
    write_manifest(ledger)
    stamp(ledger, authority).write_bytes(b"nonsense")
    (found,) = findings(ledger)
    assert (found.status, found.code) == ("failed", "LDG-V001")


def test_a_manifest_record_that_is_lost_could_not_be_checked(ledger):
    import sqlite3

    write_manifest(ledger)
    ledger.log.close()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("DROP TRIGGER IF EXISTS record_keeps_all")
        db.execute("DROP TRIGGER IF EXISTS record_keeps_rows")
        db.execute("DELETE FROM record WHERE partition = -2 AND offset = 1")
    db.close()
    ledger.reopen()
    step = manifest_step(ledger, 1)
    assert step.status == "not_checked"
    assert exit_code(dated_steps(ledger)) == 6
    with pytest.raises(MissingEvidenceError):
        dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)


def test_a_manifest_log_that_was_taken_away_could_not_be_checked(ledger):
    import shutil

    write_manifest(ledger)
    shutil.rmtree(ledger.folder(MANIFEST))
    step = manifest_step(ledger, 1)
    assert (step.status, step.place) == ("not_checked", "acme/manifest/checkpoint")
    assert exit_code(dated_steps(ledger)) == 6


def test_a_token_is_kept_for_ever_with_its_checkpoint(ledger, authority):
    from ledger.seal.retention import CheckpointRetention

    write_manifest(ledger)
    stamp(ledger, authority)
    grow(ledger)
    write_manifest(ledger)
    folder = ledger.folder(MANIFEST)
    now_ms = int(datetime.now(UTC).timestamp() * 1_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.seal.retention.KEPT_SIZES", 1)
        gone = CheckpointRetention(folder, lambda _: now_ms).retire()
    assert 3 not in gone
    assert (folder / "checkpoint.3").exists()


def _vkeys(ledger: SmallLedger, origin: str) -> tuple[Vkey, ...]:
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    return control.known_vkeys(origin)


def test_an_old_registry_is_a_contradiction_for_one_event_as_well(ledger):
    """What a revocation forbids must not pass for want of having seen it."""
    reader = OriginReader(ledger.public, _vkeys(ledger, "acme/p0"))
    sealed = parse_leaf(reader.leaf(1))
    verify_fresh(sealed, sealed.sealed_at_ms - 59_999, "acme/p0 leaf 1")
    with pytest.raises(IntegrityError, match="revocation") as caught:
        verify_fresh(sealed, sealed.sealed_at_ms - 60_000, "acme/p0 leaf 1")
    assert caught.value.place == "acme/p0 leaf 1"
