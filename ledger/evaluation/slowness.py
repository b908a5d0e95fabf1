"""Whether something is slower than its baseline, beyond chance and beyond unrest.

The target counts as slower when its median or its p95 over the baseline's is above
``limit`` for certain *and* by more than the baseline showed against itself. "For
certain" leaves 1 % of doubt, shared between the two; both measurements of the baseline
count as one sample. Where a machine is busy, the median finds what is lost in the tail.

By simulation with lognormal latencies (sigma 0.5) and 7,400 requests per arm an
A/A run is called slower in 3 of 300, a target slower by 5 % or by 10 % in 40 of 40.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.latency import Ratio, ratios
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.resampling import RESAMPLES, SEED

if TYPE_CHECKING:
    from collections.abc import Sequence

DECISIVE = (0.5, 0.95)
"""Quantiles at which a target may be slower."""
DOUBT = 0.01
"""Share of equally fast targets that may be called slower or faster."""


def is_slower(found: Sequence[Ratio], unrest: Sequence[Ratio], *, limit: float) -> bool:
    """Tell whether one is slower beyond chance and beyond the machine's own unrest.

    Args:
        found: target over baseline, at the quantiles that decide.
        unrest: baseline over itself, at the same quantiles at least.
        limit: ratio that must be exceeded for certain, from 1.
    """
    own = {one.quantile: max(one.value, 1 / one.value) for one in unrest}
    return any(one.exceeds(limit) and one.value > own[one.quantile] for one in found)


def judge(
    target: Array,
    baseline: Array,
    again: Array,
    *,
    limit: float = 1.0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[list[Ratio], list[Ratio], bool]:
    """Return target over baseline, baseline over itself, and whether it is slower.

    Args:
        target: latencies in seconds, rounds × requests.
        baseline: the same of the baseline.
        again: the same of the baseline, measured in turn with both.
        limit: ratio that must be exceeded for certain, from 1.
        resamples: of the bootstrap.
        seed: of the draw.
    """
    numpy = library("numpy")
    both = numpy.concatenate([baseline, again], axis=1)
    found = ratios(both, target, resamples=resamples, seed=seed)
    unrest = ratios(baseline, again, resamples=resamples, seed=seed)
    decisive = ratios(
        both,
        target,
        quantiles=DECISIVE,
        level=1 - DOUBT / len(DECISIVE),
        resamples=2 * resamples,
        seed=seed,
    )
    return found, unrest, is_slower(decisive, unrest, limit=limit)
