"""The worker writes manifests and fetches tokens, and nothing of it stops sealing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import doctor
from ledger.administration import operator_signer
from ledger.config import FILE_NAME, format_config
from ledger.log import MANIFEST
from ledger.seal.manifest import ManifestWriter
from ledger.settings import TimeConfig
from ledger.verification import exit_code
from projections.worker import Worker
from tests.support.dating import dated_steps, dated_verifier, newest_size
from tests.support.ledger import SmallLedger, make_ledger
from tests.support.tsa import Authority, Running, serving
from tests.support.waiting import until

RUN = """
import sys
from pathlib import Path
from ledger.config import load_config
from projections.worker import Worker

with Worker(load_config(Path(sys.argv[1])), project=False, watch=False, once=True) as w:
    w.step()
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with serving(Authority()) as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path, running: Running) -> Iterator[SmallLedger]:
    running.authority.mode = "ok"
    ledger = make_ledger(tmp_path)
    (ledger.home / "roots.pem").write_bytes(running.authority.pem)
    wanted = TimeConfig(tsa=running.url, roots="roots.pem")
    ledger.config = replace(ledger.config, time=wanted)
    (ledger.home / FILE_NAME).write_text(format_config(ledger.config))
    yield ledger
    ledger.close()


def worker(ledger: SmallLedger, said: list[str], *, once: bool = True) -> Worker:
    return Worker(ledger.config, project=False, watch=False, once=once, say=said.append)


def tokens(ledger: SmallLedger) -> list[str]:
    return sorted(path.name for path in ledger.folder(MANIFEST).glob("*.tsr"))


def test_one_step_leaves_a_ledger_that_is_dated(ledger):
    said: list[str] = []
    ledger.emit_decisions(4)
    with worker(ledger, said) as one:
        assert one.step()
        assert (one.done["manifests"], one.done["time tokens"]) == (1, 1)
        assert not one.step()
    assert said == []
    assert tokens(ledger) == ["checkpoint.3.tsr"]
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert found.attested_by == "time authority CN=test tsa"
    assert exit_code(dated_steps(ledger)) == 0


def test_a_worker_that_is_told_to_stop_covers_what_has_grown(ledger):
    """Else what was sealed since the last manifest would wait for the next start."""
    from ledger.commands.working import _run
    from ledger.stopping import Stopping

    stop = Stopping()
    with worker(ledger, [], once=False) as one:
        one.step()
        assert one.done["manifests"] == 1
        ledger.emit_decisions(4)
        one.step()
        assert one.done["manifests"] == 1, "not due yet"
        stop.stop()
        _run(one, stop)
        assert one.done["manifests"] == 2
    assert newest_size(ledger) == 6, "two streams of three entries"
    with worker(ledger, [], once=False) as one:
        one.step()
        one.finish()
        assert one.done["manifests"] == 0, "nothing has grown"


def test_another_worker_goes_on_where_the_last_one_ended(ledger):
    ledger.emit_decisions(4)
    for manifests in (1, 0):
        with worker(ledger, []) as one:
            one.step()
            assert one.done["manifests"] == manifests
    assert newest_size(ledger) == 3


def test_an_authority_that_is_away_is_said_and_asked_again(ledger, running):
    said: list[str] = []
    running.authority.mode = "error"
    ledger.emit_decisions(4)
    with worker(ledger, said) as one:
        one.step()
        assert one.done["manifests"] == 1
        assert tokens(ledger) == []
        ledger.emit_decisions(4)
        one.step()
        assert one.done["manifests"] == 2
    assert len(said) == 1
    assert "no time token" in said[0]
    assert exit_code(dated_steps(ledger)) == 0
    running.authority.mode = "ok"
    with worker(ledger, said) as one:
        one.step()
    assert tokens(ledger) == ["checkpoint.6.tsr"]
    found = dated_verifier(ledger).event(origin="acme/p0", leaf=1, index=0)
    assert found.attested_ms is not None


def test_a_token_of_a_stranger_is_not_kept(ledger):
    said: list[str] = []
    (ledger.home / "roots.pem").write_bytes(Authority("stranger").pem)
    ledger.emit_decisions(4)
    with worker(ledger, said) as one:
        one.step()
    assert tokens(ledger) == []
    assert "does not verify" in said[0]


def test_sealing_does_not_wait_for_an_authority_that_says_nothing(ledger, running):
    running.authority.mode = "hang"
    ledger.emit_decisions(4)
    with worker(ledger, [], once=False) as one:
        one.step()
        assert one.done["manifests"] == 1
        until(lambda: running.authority.served)
        ledger.emit_decisions(4)
        begun = time.monotonic()
        assert one.step()
        assert time.monotonic() - begun < 9  # its time-out: 10
        running.authority.mode = "ok"
        until(lambda: one.step() and one.done["time tokens"])
    assert tokens(ledger) == ["checkpoint.3.tsr"]


@pytest.mark.faults
def test_a_worker_killed_between_manifest_and_token_is_made_up_for(ledger, running):
    """Whoever comes next fetches the token; the manifest is not written twice."""
    running.authority.mode, running.authority.served = "hang", 0
    ledger.emit_decisions(4)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(ledger.home)], env=environment
    )
    until(lambda: running.authority.served)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert newest_size(ledger) == 3
    assert tokens(ledger) == []
    running.authority.mode = "ok"
    with worker(ledger, []) as one:
        one.step()
        assert one.done["manifests"] == 0
    assert tokens(ledger) == ["checkpoint.3.tsr"]
    assert exit_code(dated_steps(ledger)) == 0


def test_a_manifest_that_was_appended_and_not_sealed_is_not_written_again(ledger):
    ledger.emit_decisions(4)
    ledger.seal()
    signer = operator_signer(ledger.config)
    assert ManifestWriter(ledger.config, log=ledger.log, signer=signer).write_if_due()
    with worker(ledger, []) as one:
        one.step()
        assert one.done["manifests"] == 0
    assert newest_size(ledger) == 3
    assert tokens(ledger) == ["checkpoint.3.tsr"]


def test_without_the_operators_key_it_seals_and_says_that_manifests_are_missing(ledger):
    (ledger.config.keys / "operator.key").unlink()
    said: list[str] = []
    ledger.emit_decisions(4)
    with worker(ledger, said) as one:
        one.step()
        assert (one.done["leaves sealed"], one.done["manifests"]) == (2, 0)
    assert len(said) == 1
    assert "operator's key" in said[0]
    assert exit_code(dated_steps(ledger)) == 0
    found = {item.part: item for item in doctor.examine(ledger.home)}
    assert found["manifest"].state == "warning"
    assert "writes no manifests" in found["manifest"].detail


def test_doctor_says_who_dates_the_ledger(ledger, running):
    def said() -> str:
        (ledger.home / FILE_NAME).write_text(format_config(ledger.config))
        (found,) = [f for f in doctor.examine(ledger.home) if f.part == "time"]
        return f"{found.state}: {found.detail}"

    assert said() == f"ok: {running.url} dates manifests; 1 roots"
    ledger.config = replace(ledger.config, time=TimeConfig(tsa=running.url))
    assert said().startswith("warning: tokens of")
    ledger.config = replace(ledger.config, time=TimeConfig())
    assert said().startswith("ok: no time authority")
    ledger.config = replace(ledger.config, time=TimeConfig(roots="absent.pem"))
    assert said().startswith("failed: ")
