"""Whether one answers more slowly than another: ratios of latencies with intervals.

Both are measured in alternating blocks, a block of the one and a block of the other
being a *round*. Whole rounds are drawn again, in runs of neighbours, so neither what
disturbed both at once nor what lasted for a while is mistaken for a difference.

Sizes, by simulation with lognormal latencies (sigma 0.5), 95 % intervals, 300 draws and
201 or 400 runs each; "found" says that the whole interval of the p95 ratio is above 1:

=================================  =================  ===========
requests per arm                   truly slower by    found
=================================  =================  ===========
2,000                              10 %               76 %
7,400                              5 %                76 %
7,400                              10 %               201 of 201
7,400                              nothing (A/A)      4 %
4,000, correlated with 0.9         nothing (A/A)      4 %
=================================  =================  ===========
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.evaluation.libraries import Array, library
from ledger.evaluation.resampling import (
    LEVEL,
    RESAMPLES,
    SEED,
    block_length,
    moving_blocks,
    percentile_interval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

PER_ARM = 7_400
"""Requests per arm that find a p95 that is 5 % higher with a power of 0.8."""
MARGIN = 1.05
"""A ratio up to which a new version does not count as slower in a comparison."""
QUANTILES = (0.5, 0.95, 0.99)
_LEAST_BLOCK_S = 5.0
_LEAST_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much longer one takes than another, at one quantile.

    Attributes:
        quantile: 0 to 1.
        value: new over old; above 1 is slower.
        low: lower end of its interval.
        high: its upper end.
    """

    quantile: float
    value: float
    low: float
    high: float

    def exceeds(self, limit: float) -> bool:
        """Tell whether the whole interval is above a limit."""
        return self.low > limit


def ratios(
    old: Array,
    new: Array,
    *,
    quantiles: Sequence[float] = QUANTILES,
    block_s: float = _LEAST_BLOCK_S,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = SEED,
) -> list[Ratio]:
    """Return new over old at each quantile, with moving-block bootstrap intervals.

    Args:
        old: latencies in seconds, rounds × requests in a round, in the order of time;
            at least two rounds.
        new: the same of the other, the same number of rounds.
        quantiles: each between 0 and 1.
        block_s: seconds that a run of neighbours lasts at least, where the whole
            lasted twenty times as long.
        resamples: times that rounds are drawn.
        level: share of intervals that hold the true ratio.
        seed: of the draw.

    Source: Künsch (1989); lengths after Politis and White (2004), but at most a
    twentieth of the rounds; Student's factor for the number of blocks.
    """
    numpy = library("numpy")
    length = max(_run_length(old, new, quantile=q, block_s=block_s) for q in quantiles)
    positions = moving_blocks(
        count=len(old), length=length, resamples=resamples, seed=seed
    )
    above = _drawn_quantiles(new, positions, quantiles)
    below = _drawn_quantiles(old, positions, quantiles)
    found: list[Ratio] = []
    for index, quantile in enumerate(quantiles):
        value = float(numpy.quantile(new, quantile) / numpy.quantile(old, quantile))
        drawn = above[:, index] / below[:, index]
        low, high = _interval(drawn, value, blocks=len(old) / length, level=level)
        found.append(Ratio(quantile, value, low, high))
    return found


def quantile_intervals(
    latencies: Array,
    *,
    quantiles: Sequence[float] = QUANTILES,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = SEED,
) -> list[tuple[float, float, float]]:
    """Return value, low and high of each quantile of one's latencies.

    Args:
        latencies: seconds, rounds × requests in a round, in the order of time.
        quantiles: each between 0 and 1.
        resamples: times that rounds are drawn.
        level: share of intervals that hold the true quantile.
        seed: of the draw.
    """
    numpy = library("numpy")
    length = max(
        _run_length(latencies, latencies, quantile=q, block_s=_LEAST_BLOCK_S)
        for q in quantiles
    )
    positions = moving_blocks(
        count=len(latencies), length=length, resamples=resamples, seed=seed
    )
    drawn = _drawn_quantiles(latencies, positions, quantiles)
    found: list[tuple[float, float, float]] = []
    for index, quantile in enumerate(quantiles):
        value = float(numpy.quantile(latencies, quantile))
        blocks = len(latencies) / length
        low, high = _interval(drawn[:, index], value, blocks=blocks, level=level)
        found.append((value, low, high))
    return found


def _interval(
    drawn: Array, value: float, *, blocks: float, level: float
) -> tuple[float, float]:
    """Return the interval of a value above 0, widened for the number of blocks.

    The spread over few blocks is itself uncertain: Student's factor for that many, and
    the share by which drawing with replacement narrows it.
    """
    special = library("scipy.special")
    low, high = percentile_interval(drawn, level=level)
    if low is None or high is None or low <= 0 or value <= 0:
        return 0.0, float("inf")
    tail = 1 - (1 - level) / 2
    freedom = max(blocks - 1, 1.0)
    student = float(special.stdtrit(freedom, tail) / special.ndtri(tail))
    factor = student * math.sqrt(blocks / freedom)
    return value * (low / value) ** factor, value * (high / value) ** factor


def _run_length(old: Array, new: Array, *, quantile: float, block_s: float) -> int:
    """Return rounds in a run: as long as what exceeds the quantile hangs together."""
    numpy = library("numpy")
    rounds = len(old)
    if rounds < _LEAST_BLOCKS:
        return 1
    shares = [(one > numpy.quantile(one, quantile)).mean(axis=1) for one in (old, new)]
    wanted = max(block_length(share) for share in shares)
    whole_s = float(old.sum() + new.sum())
    if whole_s > 0:
        wanted = max(wanted, rounds * block_s / whole_s)
    return int(max(1, min(wanted, rounds / _LEAST_BLOCKS)))


def _drawn_quantiles(
    values: Array, positions: Array, quantiles: Sequence[float]
) -> Array:
    """Return resamples × quantiles of the drawn rounds.

    Each round counts its values up to each of some thresholds, so a resample's
    distribution is a sum of rows of that table; between thresholds it is taken as a
    straight line. Sorting every resample would take a hundred times as long.
    """
    numpy = library("numpy")
    rounds = len(values)
    thresholds = _thresholds(values, quantiles)
    table = _counts(values, thresholds)
    numbered = positions + rounds * numpy.arange(len(positions))[:, None]
    times = numpy.bincount(numbered.ravel(), minlength=rounds * len(positions))
    shares = (times.reshape(len(positions), rounds) @ table) / values.size
    return numpy.array([numpy.interp(quantiles, row, thresholds) for row in shares])


def _counts(values: Array, thresholds: Array) -> Array:
    """Return rounds × thresholds: how many values of a round are at most each."""
    numpy = library("numpy")
    first = numpy.searchsorted(thresholds, values)
    numbered = first + len(thresholds) * numpy.arange(len(values))[:, None]
    each = numpy.bincount(numbered.ravel(), minlength=len(values) * len(thresholds))
    rows = each.reshape(len(values), len(thresholds)).astype(float)
    return numpy.cumsum(rows, axis=1)


def _thresholds(values: Array, quantiles: Sequence[float]) -> Array:
    """Return values over the whole range, dense around each quantile."""
    numpy = library("numpy")
    near = [
        numpy.linspace(max(0.0, q - 0.2), min(1.0, q + 0.2), 257) for q in quantiles
    ]
    levels = numpy.unique(numpy.concatenate([numpy.linspace(0.0, 1.0, 65), *near]))
    return numpy.unique(numpy.quantile(values, levels))
