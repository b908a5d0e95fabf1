"""How fast a version or deployment answers, and whether it is slower than another.

========== =====================================================================
latency    one request after the other, in turn with the baseline and, so that the
           machine's own unrest is known, with the baseline once more (A/A)
throughput as many as it can, each worker the next one once it has an answer
load       steady rates that do not wait for answers
stress     rising rates, until latency climbs and requests fail
========== =====================================================================

When a target counts as slower stands in :mod:`ledger.evaluation.slowness`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.errors import InvalidEventError
from ledger.evaluation.costs import ratio_figures, single_figures
from ledger.evaluation.latency import PER_ARM, Ratio
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.load import WORKERS, arrivals, closed_loop, open_loop
from ledger.evaluation.ramp import Knee, Step, climb, find_knee, step_of
from ledger.evaluation.resampling import RESAMPLES, SEED, Measured
from ledger.evaluation.slowness import judge
from ledger.evaluation.timing import (
    PER_ROUND,
    Send,
    Ticking,
    interleaved,
    peak_memory,
    sender,
)

if TYPE_CHECKING:
    from ledger.evaluation.tables import Rows
    from ledger.evaluation.targets import Target

KINDS = ("latency", "throughput", "load", "stress")
_MEMORY_ROWS = 2_000
_FEWEST = 50
"""Requests that a rate has at least where rates are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How something is loaded.

    Attributes:
        kind: latency, throughput, load or stress.
        rates: requests per second to try; stress finds its own without any.
        requests: per arm, for latency and throughput.
        seconds: that each rate lasts.
        workers: requests under way at once.
        limit: ratio that must be exceeded for certain; 1 is any difference beyond
            chance.
        resamples: of the bootstrap.
        seed: of arrivals and bootstrap.
    """

    kind: str = "latency"
    rates: tuple[float, ...] = ()
    requests: int = PER_ARM
    seconds: float = 5.0
    workers: int = WORKERS
    limit: float = 1.0
    resamples: int = RESAMPLES
    seed: int = SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What a benchmark came to.

    Attributes:
        load: how it was loaded.
        target: what was measured.
        baseline: what it was measured beside, or None.
        requests: sent, to the target and the baseline.
        errors: requests that the target did not answer well.
        measured: every figure by name.
        ratios: target over baseline; empty without a baseline.
        unrest: the baseline over itself; empty without one.
        steps: what each rate came to.
        knee: where it stops keeping up; None where no rates were tried.
        slower: whether the target is slower beyond chance; None without a baseline.
        samples: latencies in seconds that plots are drawn from, by name.
    """

    load: Load
    target: Target
    baseline: Target | None
    requests: int
    errors: int
    measured: list[Measured]
    ratios: list[Ratio] = field(default_factory=list[Ratio])
    unrest: list[Ratio] = field(default_factory=list[Ratio])
    steps: list[Step] = field(default_factory=list[Step])
    knee: Knee | None = None
    slower: bool | None = None
    samples: dict[str, Array] = field(default_factory=dict[str, Array])


def run_benchmark(
    target: Target,
    rows: Rows,
    *,
    load: Load,
    baseline: Target | None = None,
    ticking: Ticking | None = None,
) -> Benchmark:
    """Measure how fast something answers.

    Args:
        target: what is measured.
        rows: requests are drawn from them.
        load: how.
        baseline: what it is measured beside; for latency and throughput.
        ticking: the clock.

    Raises:
        InvalidEventError: no such kind, rates where none or some are needed, or data
            whose columns the target does not take.
    """
    _check(load, baseline)
    tick = ticking or Ticking()
    if load.kind == "latency":
        return _latency(target, baseline, rows, load, tick)
    if load.kind == "throughput":
        return _throughput(target, baseline, rows, load, tick)
    return _rates(target, rows, load, tick)


def _check(load: Load, baseline: Target | None) -> None:
    if load.kind not in KINDS:
        raise InvalidEventError(f"--kind {load.kind}", hint=", ".join(KINDS))
    if load.kind == "load" and not load.rates:
        raise InvalidEventError(
            "--kind load needs a rate",
            hint="--rate 50, requests per second; repeatable",
        )
    if load.kind in {"latency", "throughput"} and load.rates:
        raise InvalidEventError(
            f"--rate: --kind {load.kind} has no rate", hint="--kind load or stress has"
        )
    if baseline is not None and load.kind in {"load", "stress"}:
        raise InvalidEventError(
            f"--baseline: {load.kind} measures one alone",
            hint="--kind latency compares two in turn",
        )
    if load.requests < 2 * PER_ROUND:
        raise InvalidEventError(f"--requests {load.requests}: at least {2 * PER_ROUND}")


def _latency(
    target: Target, baseline: Target | None, rows: Rows, load: Load, tick: Ticking
) -> Benchmark:
    arms = [target] if baseline is None else [target, baseline, baseline]
    sends = [_sender(one, rows) for one in arms]
    rounds = -(-load.requests // PER_ROUND)
    timed = interleaved(sends, rounds=rounds, ticking=tick)
    new = timed.latencies[0]
    measured = single_figures("", new, resamples=load.resamples, seed=load.seed)
    samples = {"target": new.ravel()}
    found: list[Ratio] = []
    unrest: list[Ratio] = []
    slower = None
    if baseline is not None:
        _, old, again = timed.latencies
        found, unrest, slower = judge(
            new, old, again, limit=load.limit, resamples=load.resamples, seed=load.seed
        )
        measured += single_figures(
            "baseline.", old, resamples=load.resamples, seed=load.seed
        )
        measured += [*ratio_figures(found), *ratio_figures(unrest, "unrest.")]
        samples["baseline"] = old.ravel()
    return Benchmark(
        load=load,
        target=target,
        baseline=baseline,
        requests=timed.requests,
        errors=timed.errors[0],
        measured=[*measured, *_memory(target, rows)],
        ratios=found,
        unrest=unrest,
        slower=slower,
        samples=samples,
    )


def _throughput(
    target: Target, baseline: Target | None, rows: Rows, load: Load, tick: Ticking
) -> Benchmark:
    measured: list[Measured] = []
    samples: dict[str, Array] = {}
    errors = requests = 0
    for prefix, one in (("", target), ("baseline.", baseline)):
        if one is None:
            continue
        made = closed_loop(
            _sender(one, rows),
            requests=load.requests,
            workers=load.workers,
            ticking=tick,
        )
        requests += made.requests
        errors += made.errors if not prefix else 0
        measured.append(Measured(f"{prefix}throughput_per_s", made.achieved))
        # The moments of many workers are not in order: no block keeps neighbours.
        measured += _plain_quantiles(prefix, made.latencies)
        samples[prefix.rstrip(".") or "target"] = made.latencies
    return Benchmark(
        load=load,
        target=target,
        baseline=baseline,
        requests=requests,
        errors=errors,
        measured=[*measured, *_memory(target, rows)],
        samples=samples,
    )


def _rates(target: Target, rows: Rows, load: Load, tick: Ticking) -> Benchmark:
    send = _sender(target, rows)

    def measure(rate: float) -> Step:
        lasting = load.seconds if load.rates else max(load.seconds, _FEWEST / rate)
        due = arrivals(rate, lasting, seed=load.seed)
        return step_of(
            open_loop(send, due, rate=rate, workers=load.workers, ticking=tick)
        )

    steps = climb(measure, rates=load.rates)
    measured: list[Measured] = []
    for step in steps:
        at = f"{step.rate:g}/s"
        for name in ("p50", "p95", "p99"):
            value = getattr(step, name) * 1e6
            measured.append(Measured(f"latency_us.{name}", value, slice=at))
        measured.append(Measured("throughput_per_s", step.achieved, slice=at))
        measured.append(Measured("errors", float(step.errors), slice=at))
    return Benchmark(
        load=load,
        target=target,
        baseline=None,
        requests=sum(step.requests for step in steps),
        errors=sum(step.errors for step in steps),
        measured=measured,
        steps=steps,
        knee=find_knee(steps),
    )


def _sender(target: Target, rows: Rows) -> Send:
    return sender(target, rows.features)


def _memory(target: Target, rows: Rows) -> list[Measured]:
    (peak,) = peak_memory([target], rows.features.head(_MEMORY_ROWS))
    return [] if peak is None else [Measured("memory_bytes", peak)]


def _plain_quantiles(prefix: str, latencies: Array) -> list[Measured]:
    numpy = library("numpy")
    values = numpy.quantile(latencies, [0.5, 0.95, 0.99]) * 1e6
    names = ("p50", "p95", "p99")
    return [
        Measured(f"{prefix}latency_us.{name}", float(value))
        for name, value in zip(names, values, strict=True)
    ]
