"""One event: every step, in order, each of them able to fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import clock
from ledger.administration import revoke
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.keys import key_fingerprint
from ledger.log import CONTROL
from ledger.public import PublicFolder
from ledger.tree import leaf_hash, verify_inclusion
from ledger.verification import LedgerVerifier, exit_code, load_control
from tests.support.ledger import (
    SmallLedger,
    copy_ledger,
    decision,
    encoded,
    make_ledger,
)

STEPS = [
    "parse",
    "events",
    "signature",
    "leaf",
    "inclusion",
    "key",
    "manifest",
    "decode",
]
NO_MANIFEST = ["verified"] * 6 + ["not_established", "verified"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A closed home: leaf 0 opens the stream, leaves 1 to 3 hold four events each."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ids = ledger.emit_decisions(12, per_entry=4)
    ledger.seal()
    ledger.close()
    return ledger.home, ids


@pytest.fixture
def ledger(template: tuple[Path, list[bytes]], tmp_path: Path) -> Iterator[SmallLedger]:
    ledger = copy_ledger(template[0], tmp_path / "home")
    yield ledger
    ledger.close()


@pytest.fixture
def ids(template: tuple[Path, list[bytes]]) -> list[bytes]:
    return template[1]


def verifier(ledger: SmallLedger) -> LedgerVerifier:
    return LedgerVerifier(
        log=ledger.log, public=ledger.public, ledger_id=ledger.config.ledger_id
    )


def sql(ledger: SmallLedger, statement: str) -> None:
    ledger.log.close()
    with sqlite3.connect(ledger.config.log_path) as db:
        db.execute("DROP TRIGGER IF EXISTS record_keeps_rows")
        db.execute("DROP TRIGGER IF EXISTS record_keeps_all")
        db.execute(statement)
    db.close()
    ledger.reopen()


def test_an_event_is_what_was_emitted_and_says_who_signed_it(ledger, ids):
    found = verifier(ledger).event(origin="acme/p0", leaf=2, index=1)
    assert found.decoded.id == ids[5]
    assert found.decoded.name == "prediction.decision.recorded"
    assert (found.identity, found.kind, found.suspect) == (
        "service:local",
        "service",
        False,
    )
    assert found.sealed_at_ms == found.seal_leaf.sealed_at_ms
    verify_inclusion(
        index=2,
        size=found.checkpoint.size,
        leaf=leaf_hash(found.seal_leaf.to_bytes()),
        proof=found.proof,
        root=found.checkpoint.root,
    )


def test_every_event_of_the_control_log_verifies(ledger):
    check = verifier(ledger)
    genesis = check.event(origin="acme/control", leaf=0, index=1)
    assert (genesis.decoded.name, genesis.identity) == ("ledger.root.set", "root")
    fact = check.event(origin="acme/control", leaf=2, index=0)
    assert (fact.decoded.name, fact.identity) == ("ledger.key.authorized", "operator")


def test_the_steps_are_those_of_an_auditor_in_order(ledger):
    steps = verifier(ledger).steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert [step.name for step in steps] == STEPS
    assert [step.status for step in steps] == NO_MANIFEST
    assert exit_code(steps) == 0
    assert all(step.detail for step in steps)


def test_what_follows_a_failed_step_is_not_checked(ledger):
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 1")
    steps = verifier(ledger).steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert [step.status for step in steps] == ["failed"] + ["not_checked"] * 7
    assert steps[0].place == "log acme/p0 offset 1"
    assert exit_code(steps) == 5


def test_an_altered_record_is_named_with_both_hashes(ledger):
    sql(ledger, "UPDATE record SET value = x'00' WHERE partition = 0 AND offset = 1")
    with pytest.raises(IntegrityError) as caught:
        verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert caught.value.place == "log acme/p0 offset 1"
    assert caught.value.expected
    assert caught.value.expected != caught.value.actual


def test_a_lost_record_is_missing_evidence(ledger):
    sql(ledger, "DELETE FROM record WHERE partition = 0 AND offset = 1")
    check = verifier(ledger)
    with pytest.raises(MissingEvidenceError) as caught:
        check.event(origin="acme/p0", leaf=1, index=0)
    assert caught.value.place == "log acme/p0 offset 1"
    steps = check.steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert exit_code(steps) == 6
    assert check.event(origin="acme/p0", leaf=2, index=0)


@pytest.mark.parametrize(
    "name", ["tile/0/000.p/4", "tile/entries/000.p/4", "checkpoint"]
)
def test_altered_and_lost_public_files_are_told_apart(ledger, name):
    path = ledger.folder() / name
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises((IntegrityError, MalformedError)) as altered:
        verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert altered.value.place == f"acme/p0/{name}"
    path.unlink()
    with pytest.raises(MissingEvidenceError) as lost:
        verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert lost.value.place == f"acme/p0/{name}"


def test_an_event_beyond_its_entry_is_a_contradiction(ledger):
    for index in (4, -1):
        with pytest.raises(IntegrityError, match="no such event"):
            verifier(ledger).event(origin="acme/p0", leaf=1, index=index)


def test_a_leaf_beyond_the_checkpoint_is_not_published_yet(ledger):
    check = verifier(ledger)
    check.event(origin="acme/p0", leaf=1, index=0)
    with pytest.raises(MissingEvidenceError, match="not published"):
        check.event(origin="acme/p0", leaf=4, index=0)
    ledger.emit_decisions(1)
    ledger.seal()
    assert check.event(origin="acme/p0", leaf=5, index=0).checkpoint.size == 6


def test_an_origin_nobody_knows_is_a_contradiction(ledger):
    with pytest.raises(IntegrityError, match="no such origin"):
        verifier(ledger).event(origin="acme/p9", leaf=0, index=0)


def test_another_ledger_id_verifies_nothing(ledger):
    check = LedgerVerifier(log=ledger.log, public=ledger.public, ledger_id=b"x" * 32)
    with pytest.raises(IntegrityError, match="another ledger"):
        check.event(origin="acme/p0", leaf=1, index=0)


def test_a_refused_entry_proves_nothing(ledger):
    stream = ledger.stream(new=True)
    stream.seq += 1
    stream.append([decision()])
    ledger.log.append(0, b"nonsense")
    ledger.seal()
    check = verifier(ledger)
    steps = check.steps_for_event(origin="acme/p0", leaf=5, index=0)
    assert [step.name for step in steps if step.status == "failed"] == ["leaf"]
    assert steps[3].actual == "SEQ_GAP"
    steps = check.steps_for_event(origin="acme/p0", leaf=6, index=0)
    assert [step.name for step in steps if step.status == "failed"] == ["parse"]


def test_a_key_that_is_revoked_later_leaves_what_was_sealed_valid(ledger):
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    key_fp = key_fingerprint(ledger.producer.public_key)
    revoke(ledger.config, ledger.log, control, key_fp=key_fp)
    ledger.seal()
    steps = verifier(ledger).steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert exit_code(steps) == 0


def test_what_was_sealed_in_a_suspect_window_is_valid_and_marked(ledger):
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    key_fp = key_fingerprint(ledger.producer.public_key)
    since = clock.now_us() - 3_600_000_000
    revoke(ledger.config, ledger.log, control, key_fp=key_fp, compromised_since=since)
    ledger.seal()
    check = verifier(ledger)
    assert check.event(origin="acme/p0", leaf=1, index=0).suspect
    steps = check.steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert [step.status for step in steps] == NO_MANIFEST
    assert exit_code(steps) == 13
    assert "compromised" in steps[5].detail


def test_a_verifier_that_saw_an_older_control_log_reads_on(ledger):
    check = verifier(ledger)
    size = check.control.size
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    authorise_one_more(ledger)
    ledger.seal()
    assert (
        load_control(ledger.log, ledger.public, ledger.config.ledger_id).size
        > control.size
    )
    stream = ledger.stream(new=True)
    stream.append([decision()])
    ledger.seal()
    found = check.event(origin="acme/p0", leaf=5, index=0)
    assert found.seal_leaf.registry_size > size


def authorise_one_more(ledger: SmallLedger) -> None:
    """Authorise one more key, so that the control log grows."""
    from ledger.administration import authorise
    from ledger.keys import Ed25519Signer

    key = Ed25519Signer.generate().public_key
    authorise(
        ledger.config,
        ledger.log,
        identity="service:other",
        kind="service",
        public_key=key,
    )


def test_many_events_of_few_entries_are_read_once(ledger):
    reads: list[str] = []

    class Counting(PublicFolder):
        def read(self, origin: str, path: str) -> bytes:
            reads.append(f"{origin}/{path}")
            return super().read(origin, path)

    check = LedgerVerifier(
        log=ledger.log,
        public=Counting(ledger.config.public),
        ledger_id=ledger.config.ledger_id,
    )
    for index in range(4):
        for leaf in (1, 2, 3):
            check.event(origin="acme/p0", leaf=leaf, index=index)
    assert len(reads) == len(set(reads))


def test_the_genesis_of_the_log_is_checked_against_the_id_alone(ledger):
    """Whoever swaps log and public folder alike is found by the pinned id."""
    other = make_ledger(ledger.home.parent / "other")
    other.emit_decisions(1)
    other.seal()
    check = LedgerVerifier(
        log=other.log, public=other.public, ledger_id=ledger.config.ledger_id
    )
    with pytest.raises(IntegrityError) as caught:
        check.event(origin="acme/p0", leaf=1, index=0)
    assert caught.value.place == "log control offset 0"
    other.close()


def test_a_body_that_does_not_decode_is_a_finding_of_the_last_step(ledger):
    stream = ledger.stream(new=True)
    good = encoded(decision())
    value = stream.pack([good._replace(body=good.body + b"\0")])
    ledger.log.append(0, value)
    ledger.seal()
    check = verifier(ledger)
    steps = check.steps_for_event(origin="acme/p0", leaf=5, index=0)
    assert [step.status for step in steps] == [*NO_MANIFEST[:-1], "failed"]
    assert steps[-1].place == "acme/p0 leaf 5 event 0"
    with pytest.raises(MalformedError):
        check.event(origin="acme/p0", leaf=5, index=0)


def test_records_of_the_control_partition_are_named_by_their_origin(ledger):
    sql(
        ledger,
        f"UPDATE record SET value = x'00' WHERE partition = {CONTROL} AND offset = 2",
    )
    with pytest.raises(IntegrityError) as caught:
        verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert caught.value.place == "log acme/control offset 2"
