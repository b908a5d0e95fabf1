"""Raise the rate until a service no longer keeps up: its knee and its first error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.evaluation.libraries import library

if TYPE_CHECKING:
    from ledger.evaluation.load import Loaded

CLIMB = 3.0
"""Latency climbs when its p95 is more than this many times that of the lowest rate."""
BEHIND = 0.1
"""A service is behind when it still answers for this share of the time at the end."""
GROWTH = 1.5
_STEPS = 24


@dataclass(frozen=True, slots=True)
class Step:
    """What a rate came to.

    Attributes:
        rate: requests per second that were due.
        achieved: answers per second.
        requests: sent.
        errors: of these not answered well.
        p50: median latency in seconds, from when a request was due.
        p95: its 95th percentile.
        p99: its 99th.
        behind: share of the time that answering went on after the last was due.
    """

    rate: float
    achieved: float
    requests: int
    errors: int
    p50: float
    p95: float
    p99: float
    behind: float = 0.0


@dataclass(frozen=True, slots=True)
class Knee:
    """Where a service stops keeping up.

    Attributes:
        per_s: highest rate that was tried, before latency climbs or answers fall
            behind; None where the lowest rate was already too much, or none was.
        first_error_per_s: lowest rate at which a request was not answered well.
        reached: whether a rate beyond the knee was tried.
    """

    per_s: float | None
    first_error_per_s: float | None
    reached: bool


def step_of(loaded: Loaded) -> Step:
    """Return the figures of one rate."""
    numpy = library("numpy")
    p50, p95, p99 = numpy.quantile(loaded.latencies, [0.5, 0.95, 0.99])
    return Step(
        loaded.rate,
        loaded.achieved,
        loaded.requests,
        loaded.errors,
        float(p50),
        float(p95),
        float(p99),
        1 - loaded.due_s / loaded.seconds if loaded.due_s > 0 else 0.0,
    )


def find_knee(steps: Sequence[Step]) -> Knee:
    """Return where a service stops keeping up.

    Args:
        steps: in the order of rising rates, at least one.
    """
    calm = min((one.p95 for one in steps[:1]), default=0.0)
    kept: float | None = None
    for one in steps:
        if is_beyond(one, calm):
            return Knee(kept, _first_error(steps), reached=True)
        kept = one.rate
    return Knee(kept, _first_error(steps), reached=False)


def is_beyond(step: Step, calm_p95: float) -> bool:
    """Tell whether a rate is too much.

    Args:
        step: the rate.
        calm_p95: 95th percentile at the lowest rate, in seconds.
    """
    return step.p95 > CLIMB * calm_p95 or step.behind > BEHIND


def _first_error(steps: Sequence[Step]) -> float | None:
    return next((one.rate for one in steps if one.errors), None)


def climb(
    measure: Callable[[float], Step],
    *,
    rates: Sequence[float] = (),
    start: float = 10.0,
) -> list[Step]:
    """Measure rising rates until one is too much and one has failed requests.

    Args:
        measure: measures one rate, requests per second.
        rates: rates to measure, all of them, in rising order; without any, ``start``
            and half as much again each time, up to two rates beyond the knee and 24 in
            all.
        start: the first rate.
    """
    found: list[Step] = []
    beyond = 0
    for rate in sorted(rates) or _rising(start):
        found.append(measure(rate))
        beyond += is_beyond(found[-1], found[0].p95)
        if not rates and beyond >= 2:
            break
    return found


def _rising(start: float) -> Iterator[float]:
    for power in range(_STEPS):
        yield start * GROWTH**power
