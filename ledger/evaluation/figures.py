"""Figures of a comparison, in the names under which they are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.evaluation.calibration import Bin, reliability
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.measures import measures_of
from ledger.evaluation.resampling import Measured, paired_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.evaluation.agreement import Agreement
    from ledger.evaluation.answers import Answers
    from ledger.evaluation.slices import SliceResult


def agreement_figures(agreed: Agreement) -> list[Measured]:
    """Return agreement as figures, so that limits can be held against it."""
    flips = None if agreed.flips is None else agreed.flips / agreed.rows
    found = {
        "pi_eq": agreed.pi_eq,
        "flip_rate": flips,
        "max_difference": agreed.max_difference,
        "p99_difference": agreed.p99_difference,
        "s_floor": agreed.floor,
        "mcnemar_p": agreed.mcnemar_p,
    }
    return [Measured(name, v) for name, v in found.items() if v is not None]


def quality(
    old: Answers, new: Answers, truth: Array, *, resamples: int, seed: int
) -> list[Measured]:
    """Return what can be measured of both versions, with paired intervals."""
    left, right = measures_of(old, truth), measures_of(new, truth)
    names = {one.name for one in left} & {one.name for one in right}
    return paired_intervals(
        [one for one in left if one.name in names],
        [one for one in right if one.name in names],
        rows=old.rows,
        resamples=resamples,
        seed=seed,
    )


def trivial(old: Answers, truth: Array) -> list[Measured]:
    """Measure the trivial rule: the most frequent class, or the middle number."""
    if truth is None:
        return []
    numpy = library("numpy")
    if old.labels is None:
        middle = float(numpy.median(truth))
        return [Measured("trivial.mae", float(numpy.abs(truth - middle).mean()))]
    _, counts = numpy.unique(truth, return_counts=True)
    return [Measured("trivial.accuracy", float(counts.max()) / len(truth))]


def slice_figures(
    slices: Sequence[SliceResult], old: Answers, truth: Array
) -> list[Measured]:
    """Return what was found of each slice as figures of that slice."""
    if old.labels is None:
        shown = "mean_score" if truth is None else "mae"
    else:
        shown = "class_rate" if truth is None else "accuracy"
    found: list[Measured] = []
    for one in slices:
        found.append(Measured(f"old.{shown}", one.old, slice=one.name))
        found.append(Measured(f"new.{shown}", one.new, slice=one.name))
        found.append(Measured("pi_eq", one.equal, slice=one.name))
        found.append(Measured("holm_p", one.adjusted, slice=one.name))
        if one.flips is not None and one.rows:
            rate = one.flips / one.rows
            found.append(Measured("flip_rate", rate, slice=one.name))
    return found


def calibration(
    old: Answers, new: Answers, truth: Array
) -> tuple[list[Bin], list[Bin]]:
    """Return the reliability of both versions; nothing without probabilities."""
    if truth is None or old.labels is None or len(old.classes or ()) != 2:
        return [], []
    if old.scores is None or not all(
        ((one.scores >= 0) & (one.scores <= 1)).all() for one in (old, new)
    ):
        return [], []
    true = truth == (old.classes or ("",))[-1]
    return reliability(old.scores, true), reliability(new.scores, true)


def histogram(old: Answers, new: Answers) -> tuple[list[float], list[int]]:
    """Return edges and counts of the differences of scores; nothing without any."""
    if old.scores is None:
        return [], []
    numpy = library("numpy")
    delta = (new.scores - old.scores).ravel()
    delta = delta[numpy.isfinite(delta)]
    if len(delta) == 0:
        return [], []
    counts, edges = numpy.histogram(delta, bins=30)
    return [float(edge) for edge in edges], [int(count) for count in counts]
