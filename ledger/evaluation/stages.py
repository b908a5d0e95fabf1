"""Where a port first differs: the outputs of two pipelines, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.evaluation.libraries import Array, library

if TYPE_CHECKING:
    from ledger.evaluation.predictors import Stage


@dataclass(frozen=True, slots=True)
class StageResult:
    """How two pipelines agree after a step.

    Attributes:
        name: of the step; both names where they differ.
        difference: largest absolute difference; infinite where shapes or texts differ.
        rows: rows that differ by more than the tolerance.
        same: whether none does.
        note: why it was not compared value by value, or nothing.
    """

    name: str
    difference: float
    rows: int
    same: bool
    note: str = ""


def compare_stages(
    old: Sequence[Stage], new: Sequence[Stage], *, tolerance: float
) -> list[StageResult]:
    """Compare the steps of two pipelines in order, as far as both have them.

    Steps are compared by place: a port may have renamed them, and says so by two names.

    Args:
        old: steps of the original.
        new: steps of the port.
        tolerance: largest absolute difference that counts as the same, from 0.
    """
    pairs = zip(old, new, strict=False)
    found = [_compare(one, other, tolerance) for one, other in pairs]
    if len(old) != len(new):
        left, right = len(old), len(new)
        more = (old if left > right else new)[min(left, right)]
        note = f"{left} steps against {right}"
        found.append(StageResult(more.name, float("inf"), 0, same=False, note=note))
    return found


def first_difference(stages: Sequence[StageResult]) -> str | None:
    """Return the name of the first step that differs, None if none does."""
    return next((one.name for one in stages if not one.same), None)


def _compare(old: Stage, new: Stage, tolerance: float) -> StageResult:
    name = old.name if old.name == new.name else f"{old.name} / {new.name}"
    if old.values.shape != new.values.shape:
        note = f"shape {_shape(old.values)} against {_shape(new.values)}"
        rows = max(len(old.values), len(new.values))
        return StageResult(name, float("inf"), rows, same=False, note=note)
    delta = _differences(old.values, new.values)
    worst = float(delta.max()) if delta.size else 0.0
    rows = int((delta > tolerance).any(axis=1).sum()) if delta.size else 0
    return StageResult(name, worst, rows, same=worst <= tolerance)


def _differences(old: Array, new: Array) -> Array:
    numpy = library("numpy")
    if old.dtype.kind != "f" or new.dtype.kind != "f":
        return numpy.where(old.astype(str) == new.astype(str), 0.0, numpy.inf)
    with numpy.errstate(invalid="ignore"):
        delta = numpy.abs(old - new)
    alike = (old == new) | (numpy.isnan(old) & numpy.isnan(new))
    return numpy.where(alike, 0.0, numpy.where(numpy.isnan(delta), numpy.inf, delta))


def _shape(values: Array) -> str:
    return " × ".join(map(str, values.shape))
