"""Measures of quality, each a function of how often every row counts.

A measure that takes row weights serves the value itself (every row once) and its
bootstrap (rows as often as they were drawn) by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from ledger.evaluation.answers import Answers

BINS = 10
_LEAST = 1e-15
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure on given rows.

    Attributes:
        name: such as ``accuracy``.
        of: takes weights (resamples × rows), gives one value per resample; NaN where
            the drawn rows do not define it.
    """

    name: str
    of: Callable[[Array], Array]


def measures_of(answers: Answers, truth: Array) -> list[Measure]:
    """Return what can be measured of some answers.

    Args:
        answers: of one version.
        truth: known answers: classes as text where the answers have classes, else
            numbers; None where they are not known.
    """
    if answers.labels is None:
        return _of_numbers(answers.scores, truth)
    if truth is None:
        return _without_truth(answers)
    classes = answers.classes or ()
    found = [_mean("accuracy", answers.labels == truth)]
    if len(classes) == 2:
        found += _of_two(answers, truth, classes[1])
    else:
        found.append(_macro_f1(answers.labels, truth))
        found += _of_many(answers, truth)
    return found


def _without_truth(answers: Answers) -> list[Measure]:
    classes = answers.classes or ()
    if len(classes) != 2:
        return []
    found = [_mean("positive_rate", answers.labels == classes[1])]
    if answers.scores is not None:
        found.append(_mean("mean_score", answers.scores))
    return found


def _of_two(answers: Answers, truth: Array, positive: str) -> list[Measure]:
    said, true = answers.labels == positive, truth == positive
    found = [
        _mean("positive_rate", said),
        _ratio("precision", said & true, said),
        _ratio("recall", said & true, true),
        _ratio("f1", 2.0 * (said & true), 1.0 * said + true),
    ]
    if answers.scores is not None:
        found += _of_probabilities(answers.scores, true)
    return found


def _of_probabilities(score: Array, true: Array) -> list[Measure]:
    numpy = library("numpy")
    kept = numpy.clip(score, _LEAST, 1 - _LEAST)
    loss = -numpy.where(true, numpy.log(kept), numpy.log(1 - kept))
    found = [
        Measure("auc", partial(_auc, **_ranked(score, true))),
        _mean("log_loss", loss),
    ]
    if bool(((score >= 0) & (score <= 1)).all()):
        found.append(_mean("brier", (score - true) ** 2))
        found.append(_calibration_error(score, true))
    return found


def _of_many(answers: Answers, truth: Array) -> list[Measure]:
    if answers.scores is None or not answers.classes:
        return []
    numpy = library("numpy")
    hit = truth[:, None] == numpy.array(answers.classes, dtype=str)[None, :]
    kept = numpy.clip(answers.scores, _LEAST, 1)
    return [
        _mean("log_loss", -(numpy.log(kept) * hit).sum(axis=1)),
        _mean("brier", ((answers.scores - hit) ** 2).sum(axis=1)),
    ]


def _of_numbers(score: Array, truth: Array) -> list[Measure]:
    if truth is None:
        return [_mean("mean_score", score if score.ndim == 1 else score[:, 0])]
    numpy = library("numpy")
    error = score - truth
    columns = numpy.stack([error**2, truth**2, truth], axis=1)

    def r2(means: Array) -> Array:
        spread = means[:, 1] - means[:, 2] ** 2
        return 1 - _over(means[:, 0], spread)

    return [
        _mean("mae", numpy.abs(error)),
        Measure("rmse", lambda w: numpy.sqrt(_means(w, error[:, None] ** 2)[:, 0])),
        Measure("r2", lambda w: r2(_means(w, columns))),
        _mean("bias", error),
    ]


def _mean(name: str, values: Array) -> Measure:
    column = library("numpy").asarray(values, dtype=float)[:, None]
    return Measure(name, lambda weights: _means(weights, column)[:, 0])


def _ratio(name: str, above: Array, below: Array) -> Measure:
    numpy = library("numpy")
    columns = numpy.stack([1.0 * above, 1.0 * below], axis=1)

    def value(weights: Array) -> Array:
        means = _means(weights, columns)
        return _over(means[:, 0], means[:, 1])

    return Measure(name, value)


def _macro_f1(labels: Array, truth: Array) -> Measure:
    numpy = library("numpy")
    names = numpy.unique(truth)
    said, true = labels[:, None] == names, truth[:, None] == names
    twice, sums = 2.0 * (said & true), 1.0 * said + true

    def value(weights: Array) -> Array:
        return numpy.nanmean(
            _over(_means(weights, twice), _means(weights, sums)), axis=1
        )

    return Measure("macro_f1", value)


def _calibration_error(score: Array, true: Array) -> Measure:
    """Mean distance of score and frequency over ten equal bins, weighted by rows."""
    numpy = library("numpy")
    bins = numpy.minimum((score * BINS).astype(int), BINS - 1)
    columns = (score - true)[:, None] * (bins[:, None] == numpy.arange(BINS))
    return Measure(
        "calibration_error", lambda w: numpy.abs(_means(w, columns)).sum(axis=1)
    )


def _means(weights: Array, columns: Array) -> Array:
    return (weights @ columns) / weights.sum(axis=1, keepdims=True)


def _over(above: Array, below: Array) -> Array:
    numpy = library("numpy")
    undefined = numpy.full_like(above, numpy.nan)
    return numpy.divide(above, below, out=undefined, where=below > 0)


def _ranked(score: Array, true: Array) -> dict[str, Array]:
    numpy = library("numpy")
    order = numpy.argsort(score, kind="stable")
    ranked = score[order]
    starts = numpy.flatnonzero(numpy.r_[True, ranked[1:] != ranked[:-1]])
    return {"order": order, "true": true[order], "starts": starts}


def _auc(weights: Array, *, order: Array, true: Array, starts: Array) -> Array:
    """Return the chance that a positive row scores above a negative one; ties half."""
    numpy = library("numpy")
    drawn = weights[:, order]
    positive = numpy.add.reduceat(drawn * true, starts, axis=1)
    negative = numpy.add.reduceat(drawn * ~true, starts, axis=1)
    below = numpy.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return _over((positive * below).sum(axis=1), pairs)
