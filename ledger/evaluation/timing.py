"""Measure how long answers take and what memory they need, versions side by side.

Versions answer in turn, a block of requests each: A B, B A, A B and so on, so neither
is always the first. What the machine does meanwhile meets all alike.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import LedgerError
from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from ledger.evaluation.targets import Target

Send = Callable[[int], None]
"""Sends the request of that number and waits for its answer."""
PER_ROUND = 20
_WARM_UP = 10
_PREPARED = 64
_MEMORY_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Ticking:
    """The clock of a measurement: seconds, and a way to wait.

    Attributes:
        now: seconds of a clock that never goes back.
        pause: waits so many seconds.
    """

    now: Callable[[], float] = clock.monotonic
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Timed:
    """The latencies of several versions, measured in turn.

    Attributes:
        latencies: of each version: seconds, rounds × requests in a round; a failed
            request lasts as long as it took to fail.
        errors: failed requests of each version.
    """

    latencies: tuple[Array, ...]
    errors: tuple[int, ...]

    @property
    def requests(self) -> int:
        """Requests sent to all of them."""
        return sum(int(one.size) for one in self.latencies)


def interleaved(
    sends: Sequence[Send],
    *,
    rounds: int,
    per_round: int = PER_ROUND,
    ticking: Ticking | None = None,
) -> Timed:
    """Measure versions in turn, one request after the other.

    Args:
        sends: one per version; each is warmed up first.
        rounds: blocks per version, at least 2.
        per_round: requests in a block, at least 1.
        ticking: the clock.
    """
    numpy = library("numpy")
    tick = ticking or Ticking()
    count = len(sends)
    errors = [0] * count
    for send in sends:
        for number in range(_WARM_UP):
            _timed(send, number, tick)
    found = numpy.zeros((count, rounds, per_round))
    gc.collect()
    for turn in range(rounds):
        order = range(count) if turn % 2 == 0 else range(count - 1, -1, -1)
        for arm in order:
            for place in range(per_round):
                seconds, failed = _timed(sends[arm], turn * per_round + place, tick)
                found[arm, turn, place] = seconds
                errors[arm] += failed
    return Timed(tuple(found), tuple(errors))


def _timed(send: Send, number: int, tick: Ticking) -> tuple[float, bool]:
    begun = tick.now()
    failed = False
    try:
        send(number)
    except LedgerError:
        failed = True
    return tick.now() - begun, failed


def sender(target: Target, table: Any) -> Send:
    """Return what sends a row of a frame, the first again after the last.

    Rows are put in the target's form beforehand: that is not part of an answer.

    Args:
        target: answers.
        table: rows to draw requests from; the first 64 are used.
    """
    count = min(len(table), _PREPARED)
    prepared = [target.predictor.prepare(table.iloc[i : i + 1]) for i in range(count)]

    def send(number: int) -> None:
        target.predictor.serve(prepared[number % count])

    return send


def peak_memory(targets: Sequence[Target], table: Any) -> list[float | None]:
    """Return the most bytes that Python and NumPy held beyond the start, per version.

    What a library allocates past Python's allocators (XGBoost, ONNX, PyTorch) and what
    an endpoint uses is not seen; an endpoint has None. The least of three passes, taken
    in turn, is told: what else the process did can only add to it.

    Args:
        targets: versions.
        table: rows that each answers at once.
    """
    found: list[list[float]] = [[] for _ in targets]
    for turn in range(_MEMORY_ROUNDS):
        order = list(enumerate(targets))
        for index, target in order if turn % 2 == 0 else reversed(order):
            if target.kind != "endpoint":
                found[index].append(_peak(target, table))
    return [min(one) if one else None for one in found]


def _peak(target: Target, table: Any) -> float:
    prepared = target.predictor.prepare(table)
    gc.collect()
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        target.predictor.serve(prepared)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not running:
            tracemalloc.stop()
    return float(max(0, peak - before))
