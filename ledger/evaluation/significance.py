"""Whether differences are more than chance: exact tests, and many tests at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.libraries import library

if TYPE_CHECKING:
    from collections.abc import Sequence


def mcnemar_exact(only_old: int, only_new: int) -> float:
    """Return the two-sided p-value that two kinds of disagreement are equally likely.

    Under the null hypothesis the smaller count is binomial with one half; the value is
    twice the lower tail, at most 1.

    Args:
        only_old: rows on which the old version alone is right (or alone says yes).
        only_new: rows on which the new version alone does; both from 0.

    Source: McNemar, Psychometrika 12 (1947) 153-157, in its exact form.
    """
    total = only_old + only_new
    if total == 0:
        return 1.0
    special = library("scipy.special")
    lower = float(special.bdtr(min(only_old, only_new), total, 0.5))
    return min(1.0, 2.0 * lower)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for having looked at all of them, in the same order.

    Declaring those below a level keeps the chance of any false declaration below that
    level, however the tests depend on one another.

    Args:
        p_values: each from 0 to 1.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(ranked):
        highest = max(highest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, highest)
    return adjusted
