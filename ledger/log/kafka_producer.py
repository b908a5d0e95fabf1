"""Sending to Kafka so that nothing is lost, reordered for good, or stuck for ever.

Around kafka-python's producer stand three things it lacks: a bound on the bytes in
flight, a watchdog, and the memory of what is un-acknowledged. When the producer breaks,
or does not get on although the broker answers, it is closed by force; a new one resends
the un-acknowledged records in their order, with the same bytes. A record may then stand
in the log twice, which the sealer sees (``DUPLICATE``).
"""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka.errors import KafkaError

from ledger import clock
from ledger.errors import LogUnavailableError
from ledger.log import Position
from ledger.log.kafka_client import is_permanent, is_unauthorised, translate
from ledger.log.kafka_refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka import KafkaProducer, TopicPartition

IN_FLIGHT_BYTES = 32 << 20
STUCK_SECONDS = 15.0
_FORCE_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class _Sent:
    partition: int
    to: TopicPartition
    value: bytes
    since: float
    future: Future[Position] = field(default_factory=Future[Position])


class SafeProducer:
    """Sends values; used by any number of threads, made for one process.

    Args:
        connect: makes a kafka-python producer; raises KafkaError when it cannot.
        answers: whether the broker answers another, fresh client.
        stuck_after: seconds the oldest record may wait *while the broker answers*.

    Attributes:
        replaced: how often a broken or stuck producer was replaced.
    """

    def __init__(
        self,
        connect: Callable[[], KafkaProducer],
        answers: Callable[[], bool],
        *,
        stuck_after: float = STUCK_SECONDS,
        in_flight: int = IN_FLIGHT_BYTES,
    ) -> None:
        self.replaced = 0
        self._connect = connect
        self._answers = answers
        self._stuck_after = stuck_after
        self._in_flight = in_flight
        self._order = threading.RLock()  # sending, in order; may be held for seconds
        self._state = threading.Condition()  # what follows; held for moments only
        self._pending: dict[_Sent, None] = {}
        self._bytes = 0
        self._generation = 0
        self._broken = False
        self._closed = False
        self._producer: KafkaProducer | None = None
        self._suspect: tuple[_Sent, float] | None = None
        self._alarm = threading.Event()
        self._watchdog: threading.Thread | None = None

    def send(
        self, partition: int, to: TopicPartition, value: bytes
    ) -> Future[Position]:
        """See :meth:`ledger.log.Log.send`; waits while too many bytes are in flight.

        Must not be called from a callback of a future.
        """
        sent = _Sent(partition, to, value, clock.monotonic())
        sent.future.set_running_or_notify_cancel()
        with self._state:
            self._state.wait_for(lambda: self._closed or self._has_room(value))
            if self._closed:
                raise LogUnavailableError("the log is closed")
            self._bytes += len(value)
        with self._order:
            try:
                self._first(sent)
            except KafkaError as error:
                self._fail(sent, error)
        return sent.future

    def close(self, timeout: float) -> None:
        """Wait for acknowledgements up to ``timeout`` seconds; then fail the rest."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._alarm.set()
        with self._order:
            if self._producer is not None:
                close_producer(self._producer, timeout)
                self._producer = None
        for sent in self._waiting():
            self._resolve(
                sent, LogUnavailableError("closed before the broker acknowledged")
            )

    def _has_room(self, value: bytes) -> bool:
        return not self._bytes or self._bytes + len(value) <= self._in_flight

    def _first(self, sent: _Sent) -> None:
        """Hand a record over, behind those that wait for a new producer."""
        waiting = bool(self._pending)
        if self._producer is None and not waiting:
            self._producer = self._connect()
        with self._state:
            self._pending[sent] = None
        if self._watchdog is None:
            self._watchdog = threading.Thread(
                target=self._watch, name="mlledger-log-watchdog", daemon=True
            )
            self._watchdog.start()
        if self._producer is not None:
            self._hand_over(sent)

    def _hand_over(self, sent: _Sent) -> None:
        assert self._producer is not None  # noqa: S101  our bug, not an input
        topic, number = sent.to
        future = self._producer.send(topic, value=sent.value, partition=number)
        future.add_callback(self._acknowledged, sent)
        future.add_errback(self._failed, sent, self._generation)

    def _acknowledged(self, sent: _Sent, metadata: object) -> None:
        offset: int = metadata.offset  # type: ignore[attr-defined]
        timestamp: int = metadata.timestamp  # type: ignore[attr-defined]
        self._resolve(sent, Position(sent.partition, offset, timestamp))

    def _failed(self, sent: _Sent, generation: int, error: Exception) -> None:
        if is_permanent(error):
            self._fail(sent, error)
            if not is_unauthorised(error):
                return  # the producer is none the worse for it
        with self._state:
            if generation != self._generation:
                return  # of a producer that was replaced: the resend decides
            self._broken = True  # the watchdog sees it at its next round

    def _fail(self, sent: _Sent, error: Exception) -> None:
        known = translate(error, sent.to.topic)
        if not is_permanent(error):
            known = LogUnavailableError(str(known), hint=known.hint)
        self._resolve(sent, known)

    def _resolve(self, sent: _Sent, outcome: Position | Exception) -> None:
        with self._state:
            self._pending.pop(sent, None)
            if sent.future.done():
                return
            self._bytes -= len(sent.value)
            self._state.notify_all()
        if isinstance(outcome, Position):
            sent.future.set_result(outcome)
        else:
            sent.future.set_exception(outcome)

    def _watch(self) -> None:
        while not self._closed:
            self._alarm.wait(min(1.0, self._stuck_after / 5))
            self._alarm.clear()
            if not self._closed and self._is_stuck():
                with self._order:
                    self._replace()

    def _is_stuck(self) -> bool:
        with self._state:
            oldest = next(iter(self._pending), None)
            if self._broken or (oldest is not None and self._producer is None):
                return True
        now = clock.monotonic()
        if (
            oldest is None
            or now - oldest.since < self._stuck_after
            or not self._answers()
        ):
            self._suspect = None
        elif self._suspect is None or self._suspect[0] is not oldest:
            self._suspect = (oldest, now)
        return self._suspect is not None and now - self._suspect[1] >= self._stuck_after

    def _replace(self) -> None:
        with self._state:
            if self._closed:
                return
            self._generation += 1
            self._broken = False
            self._suspect = None
        old, self._producer = self._producer, None
        if old is not None:
            self.replaced += 1
            close_producer(old, 0)
        try:
            self._producer = self._connect()
            self._resend()
        except RefusedError as error:
            # Who waits is told why, and sends again when that may have been mended.
            for sent in self._waiting():
                self._fail(sent, error)
        except KafkaError:
            # The broker is away; the watchdog tries again at its next round.
            self._broken = True

    def _waiting(self) -> list[_Sent]:
        with self._state:
            return list(self._pending)

    def _resend(self) -> None:
        for sent in self._waiting():
            sent.since = clock.monotonic()
            self._hand_over(sent)


def close_producer(producer: KafkaProducer, timeout: float) -> None:
    """Close a producer within bounds, a stuck one by force.

    kafka-python's own ``close`` raises when records are left, and then leaks its
    sender thread; the thread's ``force_close`` is private but the only way to end it.
    """
    with contextlib.suppress(KafkaError):
        if timeout > 0:
            producer.close(timeout=timeout)
            return
    sender = producer._sender  # noqa: SLF001  see above; the version is pinned
    sender.force_close()
    sender.join(_FORCE_SECONDS)
    with contextlib.suppress(KafkaError):
        producer.close(timeout=0)
    disown(producer)


def disown(producer: KafkaProducer) -> None:
    """Keep a producer from doing anything when it is collected or Python ends."""
    producer._unregister_cleanup()  # noqa: SLF001  its atexit hook would flush
    producer._closed = True  # noqa: SLF001  and so would its __del__
