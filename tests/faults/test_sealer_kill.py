"""kill -9 at every step of a batch, a disk that fails there, and the start after it."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.administration import authorise
from ledger.audit import audit_ledger
from ledger.errors import DatabaseUnavailableError, UnavailableError
from ledger.keys import Ed25519Signer
from ledger.public import OriginReader
from ledger.seal import STEPS, State, sealers_for
from ledger.verification import exit_code, load_control
from tests.support.forked import run_forked
from tests.support.ledger import (
    SmallLedger,
    copy_ledger,
    make_ledger,
    seal_until,
    sealed_ids,
)

CONTROL_ENTRIES = 3
# Decisions that are sealed already, and those of the batch that fills a tile of 256.
SEALED, BATCH = 245, 15
BEFORE_SWAP = {"read", "judge", "stage", "stage-file", "swap"}


def seal_and_die(ledger: SmallLedger, step: str, partition: int = 0) -> int:
    """Seal in another process that kills itself at a step; returns its exit code."""
    done = run_forked(seal_until, ledger.home, step, partition)
    assert done.stderr == ""
    return done.returncode


def failing_at(step: str, number: int) -> Callable[[str], None]:
    def hook(now: str) -> None:
        if now == step:
            raise OSError(number, "injected")

    return hook


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A closed home and its decisions: the next batch of p0 fills a tile."""
    ledger = make_ledger(tmp_path_factory.mktemp("template"))
    ids = ledger.emit_decisions(SEALED, per_entry=1)
    ledger.seal()
    ids += ledger.emit_decisions(BATCH, per_entry=1)
    authorise(
        ledger.config,
        ledger.log,
        identity="service:second",
        kind="service",
        public_key=Ed25519Signer.generate().public_key,
    )
    ledger.close()
    return ledger.home, ids


@pytest.fixture
def ledger(template: tuple[Path, list[bytes]], tmp_path: Path) -> Iterator[SmallLedger]:
    """Sealed entries, some more to seal, and one new key in the control log."""
    ledger = copy_ledger(template[0], tmp_path / "home")
    yield ledger
    ledger.close()


@pytest.fixture
def ids(template: tuple[Path, list[bytes]]) -> list[bytes]:
    return template[1]


Heads = dict[str, tuple[int, bytes]]


def heads(ledger: SmallLedger) -> Heads:
    """Size and root of each published origin, as its own key signed them."""
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    found: Heads = {}
    for origin, vkey in control.log_vkeys.items():
        if (ledger.config.public / origin / "checkpoint").exists():
            checkpoint = OriginReader(ledger.public, vkey).checkpoint
            found[origin] = (checkpoint.size, checkpoint.root)
    return found


def assert_one_history(ledger: SmallLedger, before: Heads) -> None:
    """A whole audit is clean, and what was published before is how it begins."""
    steps = audit_ledger(ledger.config)
    assert [step for step in steps if step.status != "verified"] == []
    assert exit_code(steps) == 0
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    for origin, (size, root) in before.items():
        reader = OriginReader(ledger.public, control.log_vkeys[origin])
        assert reader.checkpoint.size >= size
        assert reader.root_at(size) == root


STEPS_OF_EVENTS = [step for step in STEPS if step != "policy"]


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS_OF_EVENTS)
def test_a_killed_sealer_leaves_one_history_with_every_event_once(ledger, ids, step):
    before = heads(ledger)
    assert seal_and_die(ledger, step) == -signal.SIGKILL
    assert ledger.exit_code() in {0, 6}, "a kill must never look like a contradiction"
    assert ledger.seal() == CONTROL_ENTRIES + (BATCH if step in BEFORE_SWAP else 0)
    assert_one_history(ledger, before)
    assert sealed_ids(ledger) == ids
    assert not list((ledger.config.staging / "acme/p0").glob("*-*"))


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_control_sealer_goes_on_as_if_nothing_had_happened(ledger, ids, step):
    before = heads(ledger)
    assert seal_and_die(ledger, step, -1) == -signal.SIGKILL
    assert ledger.exit_code() in {0, 6}
    ledger.seal()
    assert_one_history(ledger, before)
    assert sealed_ids(ledger) == ids


# What the disk answers makes no difference; the next test has it fail with EIO.
FAULTS = [*((0, step) for step in STEPS_OF_EVENTS), *((-1, step) for step in STEPS)]


@pytest.mark.faults
@pytest.mark.parametrize(("partition", "step"), FAULTS)
def test_a_failing_disk_loses_nothing_and_the_next_call_goes_on(
    ledger, ids, partition, step
):
    before, broken = heads(ledger), [True]

    def hook(now: str) -> None:
        if broken[0]:
            failing_at(step, errno.ENOSPC)(now)

    with ledger.sealer(partition, hook=hook) as sealer:
        with pytest.raises(UnavailableError, match="injected"):
            sealer.seal_once()
        assert ledger.exit_code() in {0, 6}
        broken[0] = False
        sealer.seal_once()
        sealer.seal_once()
    ledger.seal()
    assert_one_history(ledger, before)
    assert sealed_ids(ledger) == ids


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS_OF_EVENTS)
def test_a_sealer_that_starts_anew_after_a_failing_disk_goes_on(ledger, ids, step):
    before = heads(ledger)
    with (
        ledger.sealer(hook=failing_at(step, errno.EIO)) as sealer,
        pytest.raises(UnavailableError, match="injected"),
    ):
        sealer.seal_once()
    ledger.seal()
    assert_one_history(ledger, before)
    assert sealed_ids(ledger) == ids


@pytest.mark.faults
def test_killed_twice_in_a_row_it_still_recovers(ledger, ids):
    for step in ("copy-file", "publish", "clean-staging"):
        assert seal_and_die(ledger, step) == -signal.SIGKILL
    assert ledger.seal() == CONTROL_ENTRIES
    assert_one_history(ledger, {})
    assert sealed_ids(ledger) == ids


class AnswerLost:
    """A state whose swap happens although it seems to have failed, or the reverse."""

    def __init__(self, inner: State, *, happens: bool) -> None:
        self._inner = inner
        self._happens = happens
        self._lost = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def swap(self, *arguments: object) -> None:
        if self._lost or self._happens:
            self._inner.swap(*arguments)
        if not self._lost:
            self._lost = True
            raise DatabaseUnavailableError("connection lost during commit")


@pytest.mark.faults
@pytest.mark.parametrize("happens", [True, False])
def test_a_swap_whose_answer_was_lost_is_asked_for_again(ledger, ids, happens):
    with ledger.state() as state:
        unsure = AnswerLost(state, happens=happens)
        (sealer,) = sealers_for(ledger.config, ledger.log, unsure, partitions=[0])
        with pytest.raises(DatabaseUnavailableError):
            sealer.seal_once()
        assert sealer.seal_once().leaves == (0 if happens else BATCH)
    ledger.seal()
    assert ledger.exit_code() == 0
    assert sealed_ids(ledger) == ids
