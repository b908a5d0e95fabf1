"""Parts of the population: where two versions differ more than chance would have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ledger.errors import InvalidEventError
from ledger.evaluation.libraries import Array, library
from ledger.evaluation.significance import holm, mcnemar_exact

if TYPE_CHECKING:
    from ledger.evaluation.answers import Answers

MANY = 20
"""Distinct values up to which each is a slice; more numbers are cut into quarters."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the rows.

    Attributes:
        name: such as ``sex = f`` or ``age: 30 to 45``.
        members: whether each row belongs to it.
    """

    name: str
    members: Array


@dataclass(frozen=True, slots=True)
class SliceResult:
    """How two versions answered a slice.

    Attributes:
        name: of the slice.
        rows: in it.
        equal: share of its rows answered exactly alike, 0 to 1.
        flips: rows whose class changed; None without classes.
        old: accuracy of the old version, or its mean score without known answers.
        new: the same of the new version.
        p: exact test that the two kinds of change are equally likely: right against
            wrong where answers are known, else class against class, or up against down.
        adjusted: that value after Holm's correction over all slices.
    """

    name: str
    rows: int
    equal: float
    flips: int | None
    old: float
    new: float
    p: float
    adjusted: float = 1.0


def slices_of(table: Any, columns: Iterable[str]) -> list[Slice]:
    """Return the slices that the values of some columns cut a table into.

    A column of at most twenty distinct values has one slice a value, missing values
    included; a column of more numbers is cut at its quartiles.

    Raises:
        InvalidEventError: no such column, or too many values that are no numbers.
    """
    found: list[Slice] = []
    for column in columns:
        if column not in table.columns:
            raise InvalidEventError(
                f"--slices {column}: no such column",
                hint=f"columns: {', '.join(map(str, table.columns))}",
            )
        found += _cut(column, table[column])
    return found


def _cut(column: str, values: Any) -> Iterator[Slice]:
    distinct = values.nunique(dropna=True)
    if distinct <= MANY:
        for value in sorted(values.dropna().unique(), key=str):
            yield Slice(f"{column} = {value}", (values == value).to_numpy())
        if values.isna().any():
            yield Slice(f"{column} missing", values.isna().to_numpy())
        return
    if values.dtype.kind not in "iuf":
        raise InvalidEventError(
            f"--slices {column}: {distinct} distinct values",
            hint=f"at most {MANY}, unless they are numbers",
        )
    yield from _quarters(column, values.to_numpy())


def _quarters(column: str, values: Array) -> Iterator[Slice]:
    numpy = library("numpy")
    cuts = numpy.unique(numpy.nanquantile(values, [0, 0.25, 0.5, 0.75, 1]))
    for low, high in pairwise(cuts):
        last = high == cuts[-1]
        inside = (values >= low) & ((values <= high) if last else (values < high))
        if inside.any():
            yield Slice(f"{column}: {low:.6g} to {high:.6g}", inside)
    if numpy.isnan(values.astype(float)).any():
        yield Slice(f"{column} missing", numpy.isnan(values.astype(float)))


def slice_results(
    slices: Sequence[Slice], old: Answers, new: Answers, truth: Array = None
) -> list[SliceResult]:
    """Compare two versions on each slice, corrected for looking at all of them.

    Args:
        slices: parts of the rows.
        old: answers of the version in use.
        new: answers of the version that shall follow, in the same form.
        truth: known answers in that form, or None.
    """
    found = [_result(one, old, new, truth) for one in slices]
    adjusted = holm([one.p for one in found])
    return [replace(one, adjusted=p) for one, p in zip(found, adjusted, strict=True)]


def _result(part: Slice, old: Answers, new: Answers, truth: Array) -> SliceResult:
    from ledger.evaluation.agreement import agreement

    inside = part.members
    before, after = _part(old, inside), _part(new, inside)
    agreed = agreement(before, after)
    up, down, left, right = _changes(
        before, after, None if truth is None else truth[inside]
    )
    return SliceResult(
        name=part.name,
        rows=agreed.rows,
        equal=agreed.pi_eq,
        flips=agreed.flips,
        old=left,
        new=right,
        p=mcnemar_exact(up, down),
    )


def _part(answers: Answers, inside: Array) -> Answers:
    labels = None if answers.labels is None else answers.labels[inside]
    scores = None if answers.scores is None else answers.scores[inside]
    return replace(answers, labels=labels, scores=scores)


def _changes(old: Answers, new: Answers, truth: Array) -> tuple[int, int, float, float]:
    """Return rows that changed to and from, and what is shown of either version."""
    numpy = library("numpy")
    if old.labels is None:
        before, after = (
            one.scores if one.scores.ndim == 1 else one.scores[:, 0]
            for one in (old, new)
        )
        if truth is not None:
            before, after = numpy.abs(before - truth), numpy.abs(after - truth)
        up, down = int((after > before).sum()), int((after < before).sum())
        return up, down, _mean(before), _mean(after)
    wanted = _wanted(old, truth)
    before, after = old.labels == wanted, new.labels == wanted
    up, down = int((after & ~before).sum()), int((before & ~after).sum())
    return up, down, _mean(before), _mean(after)


def _wanted(old: Answers, truth: Array) -> Any:
    """Return the right class of each row, or the last class where it is not known."""
    if truth is not None:
        return truth
    return (old.classes or tuple(sorted(set(old.labels.tolist()))) or ("",))[-1]


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else 0.0
