"""Limits that were set before a test, and whether what was measured keeps them.

A criteria file is TOML with one table ``[[criteria]]`` per limit, or JSON with a list
``criteria`` (or the list itself)::

    [[criteria]]
    metric = "new.accuracy"     # as in the results; a bare name means the new version
    limit = 0.93
    direction = "at_least"      # or at_most
    slice = "sex = f"           # left out: all rows
    baseline = "human"          # human, trivial or current, or what it was taken from
    baseline_value = 0.91

The end of an interval is named ``.low`` or ``.high``: ``difference.accuracy.low`` at
least -0.01 asks that the new version be no worse by more than a hundredth, with the
interval's certainty.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.evaluation.records import RecordedCriterion
    from ledger.evaluation.resampling import Measured

_FIELDS = {"metric", "limit", "direction", "slice", "baseline", "baseline_value"}
_NUMBERS = {"limit", "baseline_value"}


@dataclass(frozen=True, slots=True)
class Judged:
    """A limit beside what was measured.

    Attributes:
        criterion: the limit.
        measured: the value, None where the test does not measure it.
        met: None where it was not measured.
    """

    criterion: RecordedCriterion
    measured: float | None
    met: bool | None


def read_criteria(path: Path) -> list[dict[str, Any]]:
    """Return the limits of a criteria file, as fields of ``evaluation.criteria.set``.

    Raises:
        InvalidEventError: the file or a limit does not fit; the text says which.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        text = data.decode()
        found: object = (
            tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
        )
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(f"{path}: {error}") from error
    if isinstance(found, dict):
        found = cast("dict[str, Any]", found).get("criteria")
    if not isinstance(found, list) or not found:
        raise InvalidEventError(f"{path}: no list `criteria` in it")
    rows = cast("list[Any]", found)
    return [_limit(row, f"{path}: criterion {n}") for n, row in enumerate(rows, 1)]


def _limit(row: object, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InvalidEventError(f"{where}: not a table of fields")
    fields = cast("dict[str, Any]", row)
    if unknown := sorted(fields.keys() - _FIELDS):
        raise InvalidEventError(
            f"{where}: {unknown[0]}: no such field", hint=", ".join(sorted(_FIELDS))
        )
    for name in ("metric", "limit"):
        if name not in fields:
            raise InvalidEventError(f"{where}: {name} is missing")
    for name in _NUMBERS & fields.keys():
        if isinstance(fields[name], bool) or not isinstance(fields[name], int | float):
            raise InvalidEventError(f"{where}: {name} must be a number")
    direction = fields.get("direction", "at_least")
    if direction not in {"at_least", "at_most"}:
        raise InvalidEventError(f"{where}: direction is at_least or at_most")
    return {**fields, "direction": direction}


def judged(
    criteria: Sequence[RecordedCriterion], measured: Sequence[Measured]
) -> list[Judged]:
    """Hold what was measured against limits.

    Args:
        criteria: limits that were set before.
        measured: with the names and slices of the test.
    """
    values = _by_name(measured)
    found: list[Judged] = []
    for one in criteria:
        value = values.get((one.metric, one.slice))
        if value is None:
            value = values.get((f"new.{one.metric}", one.slice))
        found.append(Judged(one, value, None if value is None else one.is_met(value)))
    return found


def verdict(rows: Sequence[Judged]) -> bool | None:
    """Return whether all limits are kept; None without limits, or with one unmeasured.

    A limit that is not kept decides, whatever else was not measured.
    """
    if any(row.met is False for row in rows):
        return False
    return True if rows and all(row.met for row in rows) else None


def _by_name(measured: Sequence[Measured]) -> dict[tuple[str, str | None], float]:
    values: dict[tuple[str, str | None], float] = {}
    for one in measured:
        values[one.name, one.slice] = one.value
        if one.low is not None:
            values[f"{one.name}.low", one.slice] = one.low
        if one.high is not None:
            values[f"{one.name}.high", one.slice] = one.high
    return values
