"""How much two sketches of a column differ, and whether it is more than chance.

Numeric columns: Wasserstein-1 distance over the interquartile range of the reference,
and PSI over the reference's deciles. Other columns: PSI over their values. The effect
decides; a test only gates it: for PSI the value that chance alone exceeds once in a
thousand, chi-square with B - 1 degrees of freedom times (1/n + 1/m); for a numeric
column Kolmogorov-Smirnov as well. Over the columns of a table p-values are those of
Holm.

Source: Yurdakul and Naranjo, "Statistical properties of the population stability
index", Journal of Risk Model Validation 14(4), 2020; Holm, Scand. J. Statist. 6, 1979.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from ledger.drift.sketch import RARE
from ledger.errors import InvalidEventError
from ledger.evaluation.libraries import library
from ledger.evaluation.significance import holm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.drift.sketch import ColumnSketch

WATCH_PSI, ACT_PSI = 0.1, 0.25
ACT_WASSERSTEIN = 0.1
ALPHA = 0.001
_BINS = 10
_LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Difference:
    """What was found between two sketches of one column.

    Attributes:
        column: its name.
        metric: ``wasserstein`` (in interquartile ranges), ``psi``, or ``absent``,
            ``new``, ``type``, ``few`` for what cannot be compared.
        effect: size of the difference; 0 is none.
        psi: population stability index, where it can be had.
        p_value: that chance alone gives as much; after Holm in a table.
        limit: effect from which it matters.
        breach: whether it matters and is not chance.
        reference_range: smallest and largest value of the reference.
        range: smallest and largest value now.
        uncovered: share of values now that lie outside the reference's range, or have
            categories it does not have; 0 to 1.
    """

    column: str
    metric: str
    effect: float
    psi: float | None = None
    p_value: float | None = None
    limit: float | None = None
    breach: bool = False
    reference_range: tuple[float, float] | None = None
    range: tuple[float, float] | None = None
    uncovered: float | None = None


def compare_all(
    reference: Sequence[ColumnSketch], current: Sequence[ColumnSketch]
) -> list[Difference]:
    """Compare the columns of two tables by name; absent and new ones are differences.

    A column without any value counts as absent.

    Args:
        reference: what is compared with, such as the training data.
        current: what is looked at, such as a week of requests.
    """
    before = {one.name: one for one in reference if one.count}
    now = {one.name: one for one in current if one.count}
    found = [
        compare(before[name], now[name])
        if name in now
        else Difference(name, "absent", 1.0, breach=True)
        for name in before
    ]
    found += [
        Difference(name, "new", 1.0, breach=True) for name in now if name not in before
    ]
    return _held(found)


def compare(reference: ColumnSketch, current: ColumnSketch) -> Difference:
    """Compare one column; see the module.

    Raises:
        InvalidEventError: a side without any value.
    """
    for side, sketch in (("reference", reference), ("current", current)):
        if not sketch.count:
            raise InvalidEventError(f"{sketch.name}: the {side} holds no value")
    if _is_too_few(reference) or _is_too_few(current):
        return Difference(reference.name, "few", 0.0)
    if reference.is_numeric != current.is_numeric:
        return Difference(reference.name, "type", 1.0, breach=True)
    if reference.is_numeric:
        return _numeric(reference, current)
    return _categories(reference, current)


def _numeric(reference: ColumnSketch, current: ColumnSketch) -> Difference:
    deciles = _deciles(reference.quantiles)
    shares = [(_below(reference, edge), _below(current, edge)) for edge in deciles]
    edges = [(0.0, 0.0), *shares, (1.0, 1.0)]
    cells = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(edges)]
    distance = _wasserstein(reference, current)
    difference = Difference(
        column=reference.name,
        metric="wasserstein",
        effect=distance,
        psi=_psi(cells),
        p_value=_ks_p(reference, current),
        limit=ACT_WASSERSTEIN,
        reference_range=(reference.quantiles[0], reference.quantiles[-1]),
        range=(current.quantiles[0], current.quantiles[-1]),
        uncovered=_outside(reference, current),
    )
    return _judged(difference)


def _is_too_few(sketch: ColumnSketch) -> bool:
    """Tell whether a column had so few values that nothing is said of them."""
    return (
        not sketch.quantiles
        and set(sketch.categories) <= {RARE}
        and (sketch.type == "number")
    )


def _folded(
    counts: Mapping[str, int], other: ColumnSketch, total: int
) -> dict[str, int]:
    """Return counts by value, with those pooled that the other side may have pooled.

    A value that the other side does not name may stand behind its ``(other)``, if that
    is as large: then it is no sign of a difference.
    """
    room = other.categories.get(RARE, 0) / other.count
    kept = {
        name: count
        for name, count in counts.items()
        if name in other.categories or count / total > room
    }
    rest = sum(counts.values()) - sum(kept.values())
    return kept | ({RARE: kept.get(RARE, 0) + rest} if rest else {})


def _categories(reference: ColumnSketch, current: ColumnSketch) -> Difference:
    before = _folded(reference.categories, current, reference.count)
    now = _folded(current.categories, reference, current.count)
    cells = [
        (before.get(name, 0) / reference.count, now.get(name, 0) / current.count)
        for name in sorted({*before, *now})
    ]
    unseen = sum(count for name, count in now.items() if name not in before)
    value = _psi(cells)
    difference = Difference(
        column=reference.name,
        metric="psi",
        effect=value,
        psi=value,
        p_value=_psi_p(value, len(cells), reference.count, current.count),
        limit=ACT_PSI,
        uncovered=unseen / current.count,
    )
    return _judged(difference)


def _judged(found: Difference) -> Difference:
    large = found.effect >= (found.limit or 0.0)
    sure = found.p_value is not None and found.p_value < ALPHA
    return replace(found, breach=large and sure)


def _held(found: Sequence[Difference]) -> list[Difference]:
    """Correct the p-values of a table after Holm, and judge anew."""
    tested = {i: p for i, one in enumerate(found) if (p := one.p_value) is not None}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    return [
        _judged(replace(one, p_value=corrected[i])) if i in corrected else one
        for i, one in enumerate(found)
    ]


def _deciles(quantiles: Sequence[float]) -> list[float]:
    """Return the inner edges of at most ten cells, each edge once."""
    last = len(quantiles) - 1
    edges = [quantiles[round(last * share / _BINS)] for share in range(1, _BINS)]
    return sorted(set(edges))


def _below(sketch: ColumnSketch, value: float) -> float:
    """Return the share of a column at or below a value, read off its quantiles."""
    quantiles = sketch.quantiles
    place = bisect_right(quantiles, value)
    last = len(quantiles) - 1
    if place == 0:
        return 0.0
    if place > last:
        return 1.0
    low, high = quantiles[place - 1], quantiles[place]
    part = (value - low) / (high - low) if high > low else 0.0
    return (place - 1 + part) / last


def _wasserstein(reference: ColumnSketch, current: ColumnSketch) -> float:
    """Return the mean distance of the quantiles, in interquartile ranges."""
    pairs = zip(reference.quantiles, current.quantiles, strict=True)
    distances = [abs(a - b) for a, b in pairs]
    inner = sum(distances[1:-1]) + (distances[0] + distances[-1]) / 2
    distance = inner / (len(distances) - 1)
    last = len(reference.quantiles) - 1
    spread = reference.quantiles[3 * last // 4] - reference.quantiles[last // 4]
    scale = spread or reference.deviation or 0.0
    if scale:
        return distance / scale
    return 0.0 if distance == 0 else float(len(distances))


def _outside(reference: ColumnSketch, current: ColumnSketch) -> float:
    low, high = reference.quantiles[0], reference.quantiles[-1]
    under = sum(value < low for value in current.quantiles)
    over = sum(value > high for value in current.quantiles)
    return (under + over) / len(current.quantiles)


def _psi(cells: Iterable[tuple[float, float]]) -> float:
    """Return the population stability index of pairs of shares."""
    pairs = [(max(a, _LEAST_SHARE), max(b, _LEAST_SHARE)) for a, b in cells]
    return sum((b - a) * log(b / a) for a, b in pairs)


def _psi_p(value: float, cells: int, n: int, m: int) -> float:
    if cells < 2:
        return 1.0
    stats = library("scipy.stats", why="drift")
    return float(stats.chi2.sf(value / (1 / n + 1 / m), cells - 1))


def _ks_p(reference: ColumnSketch, current: ColumnSketch) -> float:
    """Return the p-value of the largest gap between the two distributions."""
    places = sorted({*reference.quantiles, *current.quantiles})
    gap = max(abs(_below(reference, x) - _below(current, x)) for x in places)
    n, m = reference.count, current.count
    stats = library("scipy.stats", why="drift")
    return float(stats.kstwobign.sf(gap * (n * m / (n + m)) ** 0.5))


def psi_limit(cells: int, n: int, m: int, *, alpha: float = ALPHA) -> float:
    """Return the PSI that chance alone exceeds with a probability ``alpha``.

    Args:
        cells: number of cells, 2 or more.
        n: rows of the reference.
        m: rows now.
        alpha: probability, 0 to 1.
    """
    stats = library("scipy.stats", why="drift")
    return float(stats.chi2.ppf(1 - alpha, cells - 1) * (1 / n + 1 / m))


def alpha_of_look(look: int, *, alpha: float = 0.05) -> float:
    """Return what the ``look``-th look may spend of a budget, for daily looks.

    The budgets of all looks together are ``alpha``, however long one goes on: the k-th
    gets 6 / (pi k)^2 of it.

    Args:
        look: 1 for the first.
        alpha: probability of a false alarm over all time, 0 to 1.
    """
    if look < 1:
        raise InvalidEventError(f"look {look}: the first is 1")
    return alpha * 6 / (3.141592653589793 * look) ** 2
