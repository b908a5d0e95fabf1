"""Bring the answers of two versions into one form, or say that they have none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.evaluation.agreement import check_form
from ledger.evaluation.answers import THRESHOLD, Answers, with_labels

if TYPE_CHECKING:
    from ledger.evaluation.libraries import Array


def aligned(
    old: Answers, new: Answers, truth: Array, *, threshold: float | None = None
) -> tuple[Answers, Answers]:
    """Return both answers with the same classes, scores and labels.

    Probabilities become classes where the other version gives classes, where a
    threshold is named, or where the known answers are of two kinds and all scores lie
    between 0 and 1. Classes that one version does not name are those of the other.

    Args:
        old: answers of the version in use.
        new: answers of the version that shall follow.
        truth: known answers as text, or None.
        threshold: from which score the second of two classes is meant; 0.5.

    Raises:
        MalformedError: they cannot be compared.
    """
    if _are_numbers(old, new, truth, threshold):
        check_form(old, new)
        return old, new
    classes = _classes(old, new, truth)
    old, new = (_classified(one, classes, threshold) for one in (old, new))
    new = _reordered(new, old.classes or ())
    check_form(old, new)
    return old, new


def _reordered(given: Answers, classes: tuple[str, ...]) -> Answers:
    """Return answers with their classes in this order: a port may list another."""
    named = given.classes or ()
    if sorted(named) != sorted(classes):
        return given
    if named == classes or given.scores is None:
        return replace(given, classes=classes)
    if given.scores.ndim == 1:
        return replace(given, scores=1 - given.scores, classes=classes)
    order = [named.index(name) for name in classes]
    return replace(given, scores=given.scores[:, order], classes=classes)


def _are_numbers(
    old: Answers, new: Answers, truth: Array, threshold: float | None
) -> bool:
    """Tell whether the answers are numbers, not classes."""
    if threshold is not None or old.labels is not None or new.labels is not None:
        return False
    if old.classes or new.classes:
        return False
    if truth is None or len(set(truth.tolist())) != 2:
        return True
    return not all(
        one.scores.ndim == 1 and ((one.scores >= 0) & (one.scores <= 1)).all()
        for one in (old, new)
    )


def _classes(old: Answers, new: Answers, truth: Array) -> tuple[str, ...]:
    """Return the classes that either version names, or all that occur."""
    for one in (old, new):
        if one.classes:
            return one.classes
    found: set[str] = set()
    for labels in (old.labels, new.labels, truth):
        if labels is not None:
            found |= set(labels.tolist())
    return tuple(sorted(found)) if len(found) > 1 else ("0", "1")


def _classified(
    given: Answers, classes: tuple[str, ...], threshold: float | None
) -> Answers:
    named = given.classes or classes
    if given.scores is None:
        return replace(given, classes=named)
    wide = 2 if given.scores.ndim == 1 else given.scores.shape[1]
    if wide != len(named):
        return given  # the check of the form says what does not fit
    if given.labels is None or threshold is not None:
        return with_labels(
            given,
            classes=named,
            threshold=THRESHOLD if threshold is None else threshold,
        )
    return replace(given, classes=named)
