"""Intervals by drawing again: rows for quality, blocks of time for speed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from ledger.evaluation.measures import Measure

LEVEL = 0.95
RESAMPLES = 1_000
SEED = 20_260_101
_CELLS = 4_000_000
"""Weights held in memory at once."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its interval.

    Attributes:
        name: such as ``new.accuracy`` or ``difference.accuracy``.
        value: on the rows as they are.
        low: lower end of the interval; None where it is not known.
        high: its upper end.
        slice: part of the population; None is all.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    slice: str | None = None


def paired_intervals(
    old: Sequence[Measure],
    new: Sequence[Measure],
    *,
    rows: int,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = SEED,
) -> list[Measured]:
    """Return ``old.x``, ``new.x`` and ``difference.x`` of every measure.

    Both versions are measured on the same drawn rows, so what both find hard does not
    widen the interval of their difference.

    Args:
        old: measures of the version in use.
        new: the same measures of the version that shall follow.
        rows: rows that were answered, at least 1.
        resamples: times that rows are drawn with replacement.
        level: share of intervals that hold the true value, 0 to 1.
        seed: of the draw.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), 13.3.
    """
    numpy = library("numpy")
    every = numpy.ones((1, rows))
    both = [*old, *new]
    points = numpy.array([float(one.of(every)[0]) for one in both])
    drawn = numpy.concatenate(
        [
            numpy.stack([one.of(weights) for one in both])
            for weights in _weights(rows, resamples, seed)
        ],
        axis=1,
    )
    found: list[Measured] = []
    for i, measure in enumerate(old):
        j = len(old) + i
        found += [
            _measured(f"old.{measure.name}", points[i], drawn[i], level),
            _measured(f"new.{measure.name}", points[j], drawn[j], level),
            _measured(
                f"difference.{measure.name}",
                points[j] - points[i],
                drawn[j] - drawn[i],
                level,
            ),
        ]
    return found


def _weights(rows: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield how often each row was drawn, some resamples at once."""
    numpy = library("numpy")
    source = numpy.random.default_rng(seed)
    at_once = max(1, _CELLS // rows)
    for first in range(0, resamples, at_once):
        count = min(at_once, resamples - first)
        yield numpy.stack(
            [
                numpy.bincount(source.integers(0, rows, rows), minlength=rows)
                for _ in range(count)
            ]
        ).astype(float)


def _measured(name: str, point: float, drawn: Array, level: float) -> Measured:
    low, high = percentile_interval(drawn, level=level)
    return Measured(name, float(point), low, high)


def percentile_interval(
    drawn: Array, *, level: float = LEVEL
) -> tuple[float | None, float | None]:
    """Return the middle ``level`` share of values; None where none is a number."""
    numpy = library("numpy")
    kept = drawn[numpy.isfinite(drawn)]
    if len(kept) == 0:
        return None, None
    tail = (1 - level) / 2
    low, high = numpy.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)


def moving_blocks(*, count: int, length: int, resamples: int, seed: int) -> Array:
    """Return positions of resampled rounds: resamples × count, in runs of ``length``.

    Runs of neighbours are drawn with replacement and laid end to end, so that what
    holds together over ``length`` rounds is kept together.

    Args:
        count: rounds that were measured, at least 1.
        length: rounds in a run, 1 to ``count``.
        resamples: how often.
        seed: of the draw.

    Source: Künsch, Annals of Statistics 17 (1989) 1217-1241.
    """
    numpy = library("numpy")
    source = numpy.random.default_rng(seed)
    runs = -(-count // length)
    starts = source.integers(0, count - length + 1, (resamples, runs))
    positions = starts[:, :, None] + numpy.arange(length)
    return positions.reshape(resamples, runs * length)[:, :count]


def block_length(series: Array) -> float:
    """Return how many neighbours of a series should stay together when it is resampled.

    The longer its values hang together, the longer the blocks: at least 1, at most a
    tenth of its length.

    Args:
        series: one number per moment, at least 8 of them.

    Source: Politis and White, Econometric Reviews 23 (2004) 53-70, corrected by
    Patton, Politis and White, ibid. 28 (2009) 372-375; flat-top window, b for the
    circular bootstrap.
    """
    numpy = library("numpy")
    count = len(series)
    most = max(1.0, count / 10)
    centred = series - numpy.mean(series)
    variance = float(centred @ centred) / count
    if variance == 0.0:
        return 1.0
    lags = min(count - 1, math.ceil(math.sqrt(count)) + 5)
    rho = _autocorrelations(centred, lags)
    cut = _last_lag(rho, count)
    k = numpy.arange(1, min(2 * cut, lags) + 1)
    window = numpy.clip(2 * (1 - k / (2 * cut)), 0, 1)
    covariance = variance * rho[k - 1]
    spectrum = variance + 2 * float((window * covariance).sum())
    slope = 2 * float((window * k * covariance).sum())
    if spectrum <= 0:
        return most
    best = (1.5 * slope**2 / spectrum**2) ** (1 / 3) * count ** (1 / 3)
    return min(max(best, 1.0), most)


def _autocorrelations(centred: Array, lags: int) -> Array:
    numpy = library("numpy")
    whole = float(centred @ centred)
    return numpy.array(
        [float(centred[k:] @ centred[:-k]) / whole for k in range(1, lags + 1)]
    )


def _last_lag(rho: Array, count: int) -> int:
    """Return the lag after which five correlations in a row are within chance."""
    limit = 2.0 * math.sqrt(math.log10(count) / count)
    quiet = 0
    for lag, value in enumerate(rho, 1):
        quiet = quiet + 1 if abs(float(value)) < limit else 0
        if quiet == 5:
            return max(1, lag - 5)
    return max(1, len(rho) // 2)
