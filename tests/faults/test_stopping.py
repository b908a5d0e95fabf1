"""A process that is told to end ends, in whatever instruction the signal finds it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.faults

STORM = """\
import signal
from ledger.stopping import Stopping

stopping = Stopping()
signal.signal(signal.SIGALRM, lambda number, frame: stopping.stop())
signal.setitimer(signal.ITIMER_REAL, 2e-5, 2e-5)
for _ in range(5_000):
    stopping = Stopping()
    assert stopping.wait()
signal.setitimer(signal.ITIMER_REAL, 0)
print("ended", stopping.is_set(), Stopping().is_set(), Stopping().wait(0.01))
"""


def test_a_storm_of_signals_never_makes_the_waiting_thread_wait_for_itself() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STORM],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert ended.stdout == "ended True False False\n"


ELSEWHERE = """\
import signal, threading
from ledger.stopping import Stopping

def end() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

stopping = Stopping.on_signals()
threading.Timer(0.2, end).start()
print("ended", stopping.wait())
"""


def test_a_signal_that_does_not_interrupt_the_waiting_thread_is_not_lost() -> None:
    """Another thread takes it, as when it comes just before the wait begins."""
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "ended True\n"
