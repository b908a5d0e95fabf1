"""Send requests at a rate of their own, whether or not answers keep up.

People do not wait for one another: requests arrive when they arrive. A generator that
sends the next request only after the last answer stops asking just when the service is
slow, and so leaves out the latencies that matter ("coordinated omission"). Here every
request has a moment at which it was due, and its latency counts from that moment, be it
that nobody was free to send it.

Source: Tene, How NOT to Measure Latency (2015); Schroeder, Wierman and Harchol-Balter,
Open Versus Closed (NSDI 2006).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import InvalidEventError, LedgerError
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.resampling import SEED
from ledger.evaluation.timing import Ticking

if TYPE_CHECKING:
    from ledger.evaluation.timing import Send

WORKERS = 16
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the requests of one rate.

    Attributes:
        rate: requests per second that were due.
        latencies: seconds from when each was due to its answer, in order.
        service: seconds from when each was sent to its answer: what a generator that
            waits would have reported.
        errors: requests not answered well.
        seconds: from the first due moment to the last answer.
        due_s: from the first due moment to the last.
    """

    rate: float
    latencies: Array
    service: Array
    errors: int
    seconds: float
    due_s: float = 0.0

    @property
    def requests(self) -> int:
        """How many were sent."""
        return len(self.latencies)

    @property
    def achieved(self) -> float:
        """Requests answered per second, well or not."""
        return self.requests / self.seconds if self.seconds > 0 else float("inf")


def arrivals(rate: float, seconds: float, *, seed: int = SEED) -> Array:
    """Return moments at which requests are due, in seconds from 0, ascending.

    Args:
        rate: requests per second, above 0; gaps are exponential, as of many users who
            know nothing of one another.
        seconds: how long; at least one request is due.
        seed: of the draw.

    Raises:
        InvalidEventError: a rate or length that is not above 0, or too many requests.
    """
    if not (rate > 0 and seconds > 0 and rate * seconds <= MOST):
        raise InvalidEventError(
            f"{rate:g} requests per second for {seconds:g} s",
            hint=f"both above 0, together at most {MOST:,} requests",
        )
    numpy = library("numpy")
    count = max(1, round(rate * seconds))
    gaps = numpy.random.default_rng(seed).exponential(1 / rate, count)
    return numpy.cumsum(gaps) - gaps[0]


def open_loop(
    send: Send,
    due: Array,
    *,
    rate: float,
    workers: int = WORKERS,
    ticking: Ticking | None = None,
) -> Loaded:
    """Send each request when it is due, and count its latency from that moment.

    Args:
        send: sends one request; called from several threads where ``workers`` > 1.
        due: moments in seconds from the start, ascending.
        rate: what they amount to per second, for the record.
        workers: requests that can be under way at once; with one, the calling thread
            does all.
        ticking: the clock.
    """
    numpy = library("numpy")
    run = _Run(send, due, ticking or Ticking())
    if workers == 1:
        run.work()
    else:
        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(run.work) for _ in range(workers)]:
                done.result()
    return Loaded(
        rate=rate,
        latencies=numpy.array(run.answered) - due,
        service=numpy.array(run.answered) - numpy.array(run.sent),
        errors=run.errors,
        seconds=max(run.answered),
        due_s=float(due[-1]),
    )


def closed_loop(
    send: Send, *, requests: int, workers: int = 1, ticking: Ticking | None = None
) -> Loaded:
    """Send as many as it can: each worker the next one as soon as it has an answer.

    Args:
        send: sends one request.
        requests: how many, at least 1.
        workers: requests under way at once.
        ticking: the clock.
    """
    numpy = library("numpy")
    made = open_loop(
        send, numpy.zeros(requests), rate=0.0, workers=workers, ticking=ticking
    )
    return Loaded(0.0, made.service, made.service, made.errors, made.seconds)


class _Run:
    """One run of a generator; its workers take requests in the order they are due."""

    def __init__(self, send: Send, due: Array, ticking: Ticking) -> None:
        self._send = send
        self._due = due
        self._ticking = ticking
        self._begun = ticking.now()
        self._next = iter(range(len(due)))
        self._lock = threading.Lock()
        self.sent = [0.0] * len(due)
        self.answered = [0.0] * len(due)
        self.errors = 0

    def work(self) -> None:
        """Send requests until none is left."""
        while (number := self._take()) is not None:
            wait = float(self._due[number]) - self._now()
            if wait > 0:
                self._ticking.pause(wait)
            self.sent[number] = self._now()
            failed = self._failed(number)
            self.answered[number] = self._now()
            if failed:
                with self._lock:
                    self.errors += 1

    def _take(self) -> int | None:
        with self._lock:
            return next(self._next, None)

    def _failed(self, number: int) -> bool:
        try:
            self._send(number)
        except LedgerError:
            return True
        return False

    def _now(self) -> float:
        return self._ticking.now() - self._begun
