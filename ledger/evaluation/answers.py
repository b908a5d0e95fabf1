"""What a model answered to some rows: classes, scores, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import MalformedError
from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from collections.abc import Sequence

THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to some rows, in their order.

    Attributes:
        labels: class of each row as text; None for a model that gives numbers alone.
        scores: one number per row, or one per row and class; None for classes alone.
        classes: names of the score columns, or the two classes of which ``scores`` is
            the probability of the second; None for numbers that are no probabilities.
    """

    labels: Array = None
    scores: Array = None
    classes: tuple[str, ...] | None = None

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return len(self.labels if self.scores is None else self.scores)

    @property
    def form(self) -> tuple[bool, int, tuple[str, ...] | None]:
        """What must be equal so that answers can be compared."""
        width = 0 if self.scores is None else _width(self.scores)
        return self.labels is not None, width, self.classes

    def described(self) -> str:
        """Say in words what was answered."""
        has_labels, width, classes = self.form
        parts = ["classes"] if has_labels else []
        if width:
            parts.append("one score" if width == 1 else f"{width} scores")
        named = f" of {', '.join(classes)}" if classes else ""
        return (" and ".join(parts) or "nothing") + named


def _width(scores: Array) -> int:
    return 1 if scores.ndim == 1 else int(scores.shape[1])


def answers_of(raw: Any, *, rows: int, where: str) -> Answers:
    """Return the answers that a function or endpoint gave, in one form.

    Texts, booleans and integers are classes, real numbers are scores, a table of real
    numbers is one probability per class. Objects name what they give: ``label``,
    ``score``, ``probabilities`` (a list, or class → probability).

    Args:
        raw: a list or array, one item a row.
        rows: how many were asked.
        where: who answered, for errors.

    Raises:
        MalformedError: another number of rows, or items of no such form.
    """
    numpy = library("numpy")
    plain: Any = raw.tolist() if hasattr(raw, "tolist") else raw
    items = list(cast("Sequence[Any]", plain)) if _is_row_by_row(plain) else []
    if len(items) != rows:
        found = len(items) if items else type(raw).__name__
        raise MalformedError(
            f"{where}: one answer per row is needed",
            place=where,
            expected=f"{rows} answers",
            actual=str(found),
        )
    if items and isinstance(items[0], dict):
        return _from_objects(items, where)
    if items and isinstance(items[0], list | tuple):
        return Answers(scores=_numbers(items, where))
    if all(isinstance(item, str | bool | int) for item in items):
        return Answers(labels=numpy.array([label_text(i) for i in items], dtype=str))
    return Answers(scores=_numbers(items, where))


def _is_row_by_row(value: object) -> bool:
    return isinstance(value, list | tuple)


def label_text(value: Any) -> str:
    """Return a class as text, so that 1, 1.0, True and NumPy's 1 are one class."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _from_objects(items: list[dict[str, Any]], where: str) -> Answers:
    numpy = library("numpy")
    labels = scores = classes = None
    if all("label" in item for item in items):
        texts = [label_text(item["label"]) for item in items]
        labels = numpy.array(texts, dtype=str)
    if all("probabilities" in item for item in items):
        table = [item["probabilities"] for item in items]
        if isinstance(table[0], dict):
            keys = list(cast("dict[Any, Any]", table[0]))
            classes = tuple(label_text(key) for key in keys)
            table = [[row.get(key) for key in keys] for row in table]
        scores = _numbers(table, where)
    elif all("score" in item for item in items):
        scores = _numbers([item["score"] for item in items], where)
    if labels is None and scores is None:
        raise MalformedError(
            f"{where}: no answer in {sorted(items[0])}",
            place=where,
            expected="label, score or probabilities in every item",
            actual=", ".join(sorted(items[0])),
        )
    return binary(Answers(labels, scores, classes))


def _numbers(items: list[Any], where: str) -> Array:
    numpy = library("numpy")
    try:
        found = numpy.array(items, dtype=float)  # None becomes NaN
    except (TypeError, ValueError) as error:
        raise MalformedError(
            f"{where}: answers are not numbers, classes or objects: {error}",
            place=where,
        ) from error
    if found.ndim == 2 and found.shape[1] == 1:
        return found[:, 0]
    if found.ndim not in {1, 2}:
        raise MalformedError(
            f"{where}: answers of {found.ndim} dimensions", place=where
        )
    return found


def binary(given: Answers) -> Answers:
    """Return two columns of probabilities as that of the second class; others as is."""
    if given.scores is None or _width(given.scores) != 2:
        return given
    return Answers(given.labels, given.scores[:, 1], given.classes)


def with_labels(
    given: Answers, *, classes: tuple[str, ...], threshold: float = THRESHOLD
) -> Answers:
    """Return answers with the classes that their probabilities mean.

    Args:
        given: answers without labels.
        classes: names of the classes, in the order of the score columns; two for one
            score, which is the probability of the second.
        threshold: the second of two classes is meant from here on; 0 to 1.
    """
    numpy = library("numpy")
    names = numpy.array(classes, dtype=str)
    if given.scores.ndim == 1:
        chosen = (given.scores >= threshold).astype(int)
    else:
        chosen = numpy.argmax(given.scores, axis=1)
    return Answers(names[chosen], given.scores, classes)
