"""A fork waits for threads inside the gate, and they for it."""

from __future__ import annotations

import threading
import time

from ledger.forks import ForkGate


def inside(gate: ForkGate, entered: threading.Event, leave: threading.Event) -> None:
    with gate:
        entered.set()
        leave.wait(60)


def test_a_fork_waits_until_every_thread_is_outside():
    gate, entered, leave = ForkGate(), threading.Event(), threading.Event()
    thread = threading.Thread(target=inside, args=(gate, entered, leave))
    thread.start()
    assert entered.wait(60)
    shut = threading.Event()
    forking = threading.Thread(target=lambda: (gate.shut(), shut.set()))
    forking.start()
    assert not shut.wait(0.1)
    leave.set()
    assert shut.wait(60)
    thread.join()
    forking.join()


def test_nobody_enters_during_a_fork():
    gate, entered, leave = ForkGate(), threading.Event(), threading.Event()
    gate.shut()
    thread = threading.Thread(target=inside, args=(gate, entered, leave))
    thread.start()
    assert not entered.wait(0.1)
    gate.open()
    assert entered.wait(60)
    leave.set()
    thread.join()


def test_who_is_inside_may_enter_again_while_a_fork_waits():
    gate = ForkGate()
    with gate:
        forking = threading.Thread(target=gate.shut)
        forking.start()
        time.sleep(0.05)
        began = time.monotonic()
        with gate:
            assert time.monotonic() - began < 20
    forking.join(60)
    assert not forking.is_alive()


def test_a_child_begins_with_an_open_gate():
    gate = ForkGate()
    gate.shut()
    gate.renew()
    entered, leave = threading.Event(), threading.Event()
    leave.set()
    thread = threading.Thread(target=inside, args=(gate, entered, leave))
    thread.start()
    assert entered.wait(60)
    thread.join()
