"""How far two columns of answers agree, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.evaluation.floor import noise_floor
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.significance import mcnemar_exact

if TYPE_CHECKING:
    from ledger.evaluation.answers import Answers


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two versions answered the same rows.

    Attributes:
        rows: rows both answered.
        equal_rows: rows whose class and scores are the same to the last bit.
        flips: rows whose class changed; None where no classes are given.
        directions: (old class, new class) → rows, the most frequent first.
        flips_to_adverse: flips to the class that is to the person's disadvantage.
        max_difference: largest absolute difference of scores; infinite where one
            version gives a number and the other none; None without scores.
        p99_difference: its 99th percentile over rows.
        floor: see :func:`ledger.evaluation.floor.noise_floor`.
        disagreeing_gaps: rows for which one version alone gives no number.
        only_old: rows that the old version alone gets right, with ``only_new`` what
            McNemar's test compares; None without known answers.
        only_new: rows that the new version alone gets right.
    """

    rows: int
    equal_rows: int
    flips: int | None
    directions: dict[tuple[str, str], int]
    flips_to_adverse: int | None
    max_difference: float | None
    p99_difference: float | None
    floor: float | None
    disagreeing_gaps: int
    only_old: int | None = None
    only_new: int | None = None

    @property
    def pi_eq(self) -> float:
        """Share of rows exactly equal, 0 to 1."""
        return self.equal_rows / self.rows if self.rows else 0.0

    @property
    def mcnemar_p(self) -> float | None:
        """See :func:`ledger.evaluation.significance.mcnemar_exact`."""
        if self.only_old is None or self.only_new is None:
            return None
        return mcnemar_exact(self.only_old, self.only_new)


def check_form(old: Answers, new: Answers) -> None:
    """Check that two columns of answers can be compared at all.

    Raises:
        MalformedError: other numbers of rows, of scores or other classes.
    """
    if old.rows != new.rows:
        raise _differing("rows", str(old.rows), str(new.rows))
    if old.form != new.form:
        raise _differing("form of the answers", old.described(), new.described())


def _differing(what: str, old: str, new: str) -> MalformedError:
    return MalformedError(
        f"{what}: the old version gives {old}, the new one {new}",
        place="answers",
        expected=old,
        actual=new,
        hint="compare versions that answer in one form",
    )


def agreement(
    old: Answers, new: Answers, *, truth: Array = None, adverse: str | None = None
) -> Agreement:
    """Compare two columns of answers.

    Args:
        old: of the version in use.
        new: of the version that shall follow; in the same form.
        truth: known class of each row as text, or None.
        adverse: the class that is to the disadvantage of the person it is about.

    Raises:
        MalformedError: the answers cannot be compared.
    """
    check_form(old, new)
    numpy = library("numpy")
    changed = None if old.labels is None else old.labels != new.labels
    delta = row_differences(old, new)
    same = numpy.ones(old.rows, dtype=bool) if delta is None else delta == 0.0
    if changed is not None:
        same &= ~changed
    right = None if truth is None or old.labels is None else _right(old, new, truth)
    return Agreement(
        rows=old.rows,
        equal_rows=int(same.sum()),
        flips=None if changed is None else int(changed.sum()),
        directions={} if changed is None else _directions(old, new, changed),
        flips_to_adverse=None
        if changed is None or adverse is None
        else int((changed & (new.labels == adverse)).sum()),
        max_difference=_quantile(delta, 1.0),
        p99_difference=_quantile(delta, 0.99),
        floor=_floor(old, new),
        disagreeing_gaps=0 if delta is None else int(numpy.isinf(delta).sum()),
        only_old=right[0] if right else None,
        only_new=right[1] if right else None,
    )


def row_differences(old: Answers, new: Answers) -> Array:
    """Return the largest absolute difference of each row's scores; None without any.

    Two NaN are alike; a NaN beside a number is an infinite difference, as is another
    infinity.
    """
    if old.scores is None:
        return None
    numpy = library("numpy")
    with numpy.errstate(invalid="ignore"):
        delta = numpy.abs(new.scores - old.scores)
    alike = (old.scores == new.scores) | (
        numpy.isnan(old.scores) & numpy.isnan(new.scores)
    )
    delta = numpy.where(alike, 0.0, numpy.where(numpy.isnan(delta), numpy.inf, delta))
    return delta if delta.ndim == 1 else delta.max(axis=1)


def _right(old: Answers, new: Answers, truth: Array) -> tuple[int, int]:
    right_old, right_new = old.labels == truth, new.labels == truth
    return int((right_old & ~right_new).sum()), int((right_new & ~right_old).sum())


def _directions(
    old: Answers, new: Answers, changed: Array
) -> dict[tuple[str, str], int]:
    numpy = library("numpy")
    pairs = numpy.stack([old.labels[changed], new.labels[changed]], axis=1)
    if len(pairs) == 0:
        return {}
    found, counts = numpy.unique(pairs, axis=0, return_counts=True)
    order = numpy.argsort(-counts, kind="stable")
    return {(str(found[i][0]), str(found[i][1])): int(counts[i]) for i in order}


def _quantile(delta: Array, share: float) -> float | None:
    """Return a quantile that is one of the values, so that infinity stays infinity."""
    if delta is None or len(delta) == 0:
        return None
    return float(library("numpy").quantile(delta, share, method="higher"))


def _floor(old: Answers, new: Answers) -> float | None:
    """Return the noise floor; of several score columns the largest."""
    if old.scores is None:
        return None
    if old.scores.ndim == 1:
        return noise_floor(old.scores, new.scores)
    columns = range(old.scores.shape[1])
    floors = [noise_floor(old.scores[:, c], new.scores[:, c]) for c in columns]
    return max((one for one in floors if one is not None), default=None)
