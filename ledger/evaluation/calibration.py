"""Whether scores mean what they say: frequency beside probability, bin by bin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from ledger.evaluation.libraries import Array, library


@dataclass(frozen=True, slots=True)
class Bin:
    """The rows whose score falls in one bin.

    Attributes:
        low: least score of the bin, 0 to 1.
        high: where the next bin begins.
        rows: how many.
        mean_score: what the model says on average.
        frequency: how often it was so, 0 to 1.
        frequency_low: lower end of the 95 % interval of that frequency.
        frequency_high: its upper end.
    """

    low: float
    high: float
    rows: int
    mean_score: float
    frequency: float
    frequency_low: float
    frequency_high: float


def reliability(score: Array, true: Array, *, bins: int = 10) -> list[Bin]:
    """Return the bins of equal width that hold rows, in order.

    Args:
        score: probability of the positive class, 0 to 1.
        true: whether the row is positive.
        bins: how many, from 1.
    """
    numpy = library("numpy")
    place = numpy.minimum((score * bins).astype(int), bins - 1)
    found: list[Bin] = []
    for index in range(bins):
        inside = place == index
        rows = int(inside.sum())
        if rows:
            hits = int(true[inside].sum())
            low, high = wilson(hits, rows)
            found.append(
                Bin(
                    index / bins,
                    (index + 1) / bins,
                    rows,
                    float(score[inside].mean()),
                    hits / rows,
                    low,
                    high,
                )
            )
    return found


def wilson(hits: int, rows: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the score interval of a share.

    Args:
        hits: how often, 0 to ``rows``.
        rows: out of how many, at least 1.
        level: share of intervals that hold the true value.

    Source: Wilson, Journal of the American Statistical Association 22 (1927) 209-212.
    """
    z = NormalDist().inv_cdf(1 - (1 - level) / 2)
    share = hits / rows
    middle = share + z * z / (2 * rows)
    spread = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)
