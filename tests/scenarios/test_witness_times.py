"""Witnesses date what no time authority did, and hold the sealer's clock to theirs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.errors import IntegrityError
from ledger.leaf import parse_leaf
from ledger.note import Note, cosign, parse_note
from ledger.public import OriginReader
from ledger.verification.dating import WITNESSES
from tests.support.dating import (
    believe,
    dated_steps,
    dated_verifier,
    stamp,
    write_manifest,
)
from tests.support.ledger import SmallLedger, make_ledger
from tests.support.tsa import Authority, now
from tests.support.witnesses import (
    RunningWitness,
    log_vkeys,
    running_witness,
    use_witnesses,
)


@dataclass
class Witnessed:
    """A ledger and its one witness."""

    ledger: SmallLedger
    witness: RunningWitness

    @property
    def sealed_s(self) -> int:
        """When the first data was sealed, seconds since 1970."""
        vkey = next(v for v in log_vkeys(self.ledger) if v.name == "acme/p0")
        (data,) = OriginReader(self.ledger.public, vkey).leaves(1, 2)
        return parse_leaf(data).sealed_at_ms // 1_000

    def sign_again(self, size: int, time_s: int) -> None:
        """Let the witness say that it signed an older checkpoint at another time."""
        path = self.ledger.folder() / f"checkpoint.{size}"
        note = parse_note(path.read_bytes())
        line = cosign(
            note.text,
            name=self.witness.vkey.name,
            signer=self.witness.witness._signer,
            time_s=time_s,
        )
        kept = [old for old in note.signatures if old.name != line.name]
        path.write_bytes(Note(note.text, (*kept, line)).to_bytes())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Witnessed]:
    ledger = make_ledger(tmp_path)
    logs = log_vkeys(ledger)
    with running_witness(tmp_path / "w", logs) as witness:
        use_witnesses(ledger, [witness.config()])
        ledger.seal()
        for _ in range(2):
            ledger.emit_decisions(4)
            ledger.seal()
        yield Witnessed(ledger, witness)
    ledger.close()


def test_a_quorum_dates_what_no_authority_did(world):
    at = int(time.time()) + 7
    world.sign_again(2, at)
    found = dated_verifier(world.ledger).event(origin="acme/p0", leaf=1, index=0)
    assert found.attested_by == WITNESSES
    assert found.attested_ms == at * 1_000 + 999


def test_a_token_goes_before_the_witnesses(world):
    authority, ledger = Authority(), world.ledger
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority, at=now())
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert found.attested_by == "time authority CN=test tsa"
    assert [step for step in dated_steps(ledger) if step.is_finding] == []


@pytest.mark.parametrize(("behind", "finds"), [(55, False), (65, True)])
def test_the_sealers_clock_is_at_most_a_minute_ahead(world, behind, finds):
    world.sign_again(2, world.sealed_s - behind)
    steps = [step for step in dated_steps(world.ledger) if step.is_finding]
    assert [step.name for step in steps] == ["acme/p0 witness times"] * finds
    if finds:
        assert (steps[0].status, steps[0].place) == ("failed", "acme/p0 leaf 1")


@pytest.mark.parametrize("leaf", [0, 1])
@pytest.mark.parametrize(("behind", "finds"), [(55, False), (65, True)])
def test_an_event_cannot_be_sealed_after_its_witnesses_signed(
    world, leaf, behind, finds
):
    """The opening entry and the first data are both in the tree of two leaves."""
    world.sign_again(2, world.sealed_s - behind)
    verifier = dated_verifier(world.ledger)
    where = {"origin": "acme/p0", "leaf": leaf, "index": 0}
    steps = {step.name: step for step in verifier.steps_for_event(**where)}
    failed = [step for step in steps.values() if step.status == "failed"]
    assert failed == [steps["manifest"]] * finds
    if not finds:
        assert verifier.event(**where).attested_by == WITNESSES
        return
    assert failed[0].place == f"acme/p0 leaf {leaf}"
    with pytest.raises(IntegrityError, match="had not come when witness quorum signed"):
        verifier.event(**where)


def test_nor_after_a_time_authority_did(world):
    authority, ledger = Authority(), world.ledger
    believe(ledger, authority)
    write_manifest(ledger)
    stamp(ledger, authority, at=now() - timedelta(seconds=90))
    with pytest.raises(IntegrityError, match="when time authority CN=test tsa signed"):
        dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)


def test_manifests_that_wait_for_witnesses_are_not_there_yet(tmp_path):
    """An event whose manifest no witness has signed yet is not in one: no finding."""
    ledger = make_ledger(tmp_path)
    with running_witness(tmp_path / "w", log_vkeys(ledger)) as witness:
        use_witnesses(ledger, [witness.config()])
        ledger.seal()
        ledger.emit_decisions(4)
        ledger.seal()
    write_manifest(ledger)
    steps = dated_verifier(ledger).steps_for_event(origin="acme/p0", leaf=1, index=0)
    assert [step.status for step in steps if step.name == "manifest"] == [
        "not_established"
    ]
    ledger.close()
