"""A broker that hangs, dies or wedges the client, under load: nothing is lost.

These tests stop and kill a broker of their own, not the one the session shares.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from ledger import broker
from ledger.errors import LogUnavailableError
from ledger.log.kafka import KafkaLog
from ledger.log.kafka_client import SAFE_PRODUCER, connect
from ledger.log.kafka_producer import SafeProducer
from tests.support.kafka import kafka_config, running_broker
from tests.support.waiting import until

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from ledger.config import Config
    from ledger.log import Position

pytestmark = [pytest.mark.kafka, pytest.mark.faults]
WAIT = 200
# A hung broker is noticed after the request time-out: 2 s here, in place of 10.
HASTE = {"request_timeout_ms": 2_000}


@pytest.fixture
def folder(own_kafka: Path) -> Path:
    return own_kafka


@pytest.fixture
def config(folder: Path) -> Config:
    config = kafka_config(running_broker(folder).bootstrap, **HASTE)
    broker.apply(config)
    return config


class Load(threading.Thread):
    """Sends numbered values to both partitions until told to stop."""

    def __init__(self, log: KafkaLog) -> None:
        super().__init__(daemon=True)
        self.futures: list[tuple[int, bytes, Future[Position]]] = []
        self._log = log
        self._end = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._end.wait(0.002):
            value = b"%08d" % number + os.urandom(400)
            partition = number % 2
            self.futures.append((partition, value, self._log.send(partition, value)))
            number += 1

    def finish(self) -> None:
        self._end.set()
        self.join(WAIT)
        for _, _, future in self.futures:
            future.result(WAIT)


def verify_nothing_lost(log: KafkaLog, load: Load) -> None:
    """Each value is there; repeats are of identical bytes; first ones are in order."""
    for partition in (0, 1):
        sent = [value for number, value, _ in load.futures if number == partition]
        found = [r.value for r in log.read(partition, 0, max_records=1_000_000)]
        assert list(dict.fromkeys(found)) == sent
        for number, value, future in load.futures:
            if number == partition:
                assert found[future.result().offset] == value


def test_a_hung_broker_delays_and_loses_nothing(config: Config, folder: Path):
    broker_pid = running_broker(folder).pid
    with closing(KafkaLog(config)) as log:
        load = Load(log)
        load.start()
        time.sleep(1)
        os.kill(broker_pid, signal.SIGSTOP)
        time.sleep(5)
        os.kill(broker_pid, signal.SIGCONT)
        time.sleep(1)
        load.finish()
        verify_nothing_lost(log, load)


def test_a_broker_killed_under_load_loses_nothing(config: Config, folder: Path):
    broker_pid = running_broker(folder).pid
    with closing(KafkaLog(config)) as log:
        load = Load(log)
        load.start()
        time.sleep(1)
        os.kill(broker_pid, signal.SIGKILL)
        time.sleep(1)
        running_broker(folder)
        load.finish()
        verify_nothing_lost(log, load)


def test_a_wedged_producer_is_replaced_and_resends_the_same_bytes(
    config: Config, folder: Path
):
    """A delivery time-out makes kafka-python's producer hang for good; ours goes on."""
    broker_pid = running_broker(folder).pid
    wedging = {**SAFE_PRODUCER, "delivery_timeout_ms": 3_000}
    log = KafkaLog(config)
    log._producer = SafeProducer(
        lambda: connect(KafkaProducer, config, max_block_ms=2_000, **wedging),
        log._answers,
        stuck_after=1.0,
    )
    with closing(log):
        load = Load(log)
        load.start()
        time.sleep(0.5)
        os.kill(broker_pid, signal.SIGSTOP)
        time.sleep(6)
        os.kill(broker_pid, signal.SIGCONT)
        load.finish()
        assert log.replaced >= 1
        verify_nothing_lost(log, load)


def test_a_producer_that_never_answers_is_replaced(config: Config):
    """The watchdog alone: futures of the first producer stay silent for ever."""
    made: list[KafkaProducer] = []

    def deaf_first() -> KafkaProducer:
        made.append(connect(KafkaProducer, config, **SAFE_PRODUCER))
        if len(made) == 1:
            made[0]._sender._send_producer_data = lambda now=None: 50
        return made[-1]

    log = KafkaLog(config)
    log._producer = SafeProducer(deaf_first, log._answers, stuck_after=0.5)
    with closing(log):
        futures = [log.send(0, b"%d" % n) for n in range(50)]
        assert [f.result(WAIT).offset for f in futures] == list(range(50))
        assert log.replaced == 1


def test_a_slow_broker_is_not_taken_for_a_wedge(config: Config, folder: Path):
    """While the broker does not answer at all, the producer is left alone."""
    broker_pid = running_broker(folder).pid
    with closing(KafkaLog(config, stuck_after=0.5)) as log:
        log.append(0, b"first")
        os.kill(broker_pid, signal.SIGSTOP)
        future = log.send(0, b"second")
        time.sleep(4)
        assert log.replaced == 0
        os.kill(broker_pid, signal.SIGCONT)
        assert future.result(WAIT).offset == 1


def test_close_is_bounded_while_the_broker_is_away(config: Config, folder: Path):
    broker_pid = running_broker(folder).pid
    log = KafkaLog(config)
    log.append(0, b"first")
    os.kill(broker_pid, signal.SIGSTOP)
    try:
        future = log.send(0, b"second")
        began = time.monotonic()
        log.close()
        assert time.monotonic() - began < 60
        assert isinstance(future.exception(0), LogUnavailableError)
    finally:
        os.kill(broker_pid, signal.SIGCONT)


def test_bytes_in_flight_are_bounded_and_send_waits(config: Config, folder: Path):
    broker_pid = running_broker(folder).pid
    log = KafkaLog(config)
    log._producer = SafeProducer(log._connect, log._answers, in_flight=1_000_000)
    with closing(log):
        log.append(0, b"first")
        os.kill(broker_pid, signal.SIGSTOP)
        sender = threading.Thread(
            target=lambda: [log.send(0, b"x" * 400_000) for _ in range(4)], daemon=True
        )
        sender.start()
        until(lambda: log._producer._bytes == 800_000)
        sender.join(1)
        assert sender.is_alive()
        assert log._producer._bytes == 800_000
        os.kill(broker_pid, signal.SIGCONT)
        sender.join(WAIT)
        assert not sender.is_alive()
    with closing(KafkaLog(config)) as log:
        assert log.bounds(0) == (0, 5)


def test_a_forked_child_sends_with_its_own_producer(config: Config):
    with closing(KafkaLog(config)) as log:
        log.append(0, b"parent")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                log.append(0, b"child")
                log.close()
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        log.append(0, b"parent again")
        found = [r.value for r in log.read(0, 0)]
    assert found == [b"parent", b"child", b"parent again"]
