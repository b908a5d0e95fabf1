"""Sketches of rows that come one at a time, of persons who must not be recognised.

What is published cannot be taken back, so it is coarser than :func:`sketch_table`:

* a row is one person; the caller sees to that;
* a column that fewer than ``rare`` persons have is left out, name and all;
* a value that fewer than ``rare`` persons have is pooled under ``(other)``;
* a column of numbers in which fewer than ``rare`` persons have a text is one of
  numbers, and the texts are missing; one without any value has the type ``null``;
* a number is only printed if ``rare`` persons share it, or as the mean of ``rare``
  persons who are neighbours in order; mean and deviation are of values cut to the
  outermost of these. No single value, and no extreme one, is printed.

It needs neither pandas nor numpy, and memory for one number a row and column and for
:data:`MAX_VALUES` texts a column, however long the rows are.

Source: microaggregation, Domingo-Ferrer and Mateo-Sanz, IEEE Transactions on Knowledge
and Data Engineering 14(1), 2002.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, isfinite, sqrt
from typing import TYPE_CHECKING, cast

from ledger.drift.sketch import MAX_CATEGORIES, RARE, STEPS, ColumnSketch

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_COLUMNS = 250
"""Columns that are gathered at most; those that come first."""
MAX_VALUES = 1_000
"""Distinct texts that are counted in a column; later ones are pooled."""
OUTPUT = "output"
"""Name of the column of answers, and front of their names where there are several."""
_DEEPEST = 4
_LONGEST = 256
_NO_NUMBER = frozenset({"NaN", "Infinity", "-Infinity"})
"""How a payload spells numbers that JSON has none for."""


@dataclass(slots=True)
class _Column:
    seen: int = 0
    numbers: array[float] = field(default_factory=lambda: array("d"))
    texts: Counter[str] = field(default_factory=Counter[str])
    pooled: int = 0
    flags: int = 0

    def add(self, value: object) -> None:
        self.seen += 1
        if isinstance(value, bool):
            self.flags += 1
            self._count(str(value))
        elif isinstance(value, int | float):
            if isfinite(value):
                self.numbers.append(value)
        elif isinstance(value, str) and value not in _NO_NUMBER:
            self._count(value[:_LONGEST])

    def _count(self, text: str) -> None:
        if text in self.texts or len(self.texts) < MAX_VALUES:
            self.texts[text] += 1
        else:
            self.pooled += 1


class Gathering:
    """Gathers columns of rows.

    Args:
        rare: persons that a value, and a column, needs to be named, 2 or more.
    """

    def __init__(self, *, rare: int) -> None:
        self._rare = rare
        self._columns: dict[str, _Column] = {}
        self.rows = 0

    def add(self, features: object, output: object = None) -> None:
        """Take in one person's row.

        Args:
            features: JSON value; a mapping gives columns by name, inner ones as
                ``outer.inner``, a list ``x0``, ``x1`` and so on. Lists inside are not
                looked at.
            output: JSON value, likewise, as ``output`` or ``output.name``.
        """
        self.rows += 1
        for name, value in _cells(features, ""):
            self._column(name, value)
        for name, value in _cells(output, OUTPUT):
            self._column(name, value)

    def sketches(self, *, most_categories: int = MAX_CATEGORIES) -> list[ColumnSketch]:
        """Return what may be published, columns by name.

        Args:
            most_categories: values named in a column at most.
        """
        return [
            self._sketch(name, column, most_categories)
            for name, column in sorted(self._columns.items())
            if column.seen >= self._rare
        ]

    def _column(self, name: str, value: object) -> None:
        column = self._columns.get(name)
        if column is None:
            if len(self._columns) >= MAX_COLUMNS or not _is_name(name):
                return
            column = self._columns[name] = _Column()
        column.add(value)

    def _sketch(self, name: str, column: _Column, most: int) -> ColumnSketch:
        texts = Counter(column.texts)
        named = sum(texts.values()) + column.pooled
        if not named or named < self._rare <= len(column.numbers):
            return self._numeric(name, sorted(column.numbers))
        texts.update(str(value) for value in column.numbers)
        count = named + len(column.numbers)
        return ColumnSketch(
            name=name,
            type="boolean" if column.flags == count else "text",
            count=count,
            missing=self.rows - count,
            distinct=None if column.pooled else len(texts),
            categories=_named(texts, count, self._rare, most),
        )

    def _numeric(self, name: str, values: Sequence[float]) -> ColumnSketch:
        missing = self.rows - len(values)
        if len(values) < self._rare:
            # Too few to say anything of, and not to be taken for a forgotten column.
            other = {RARE: len(values)} if values else {}
            kind = "number" if values else "null"
            return ColumnSketch(name, kind, len(values), missing, categories=other)
        quantiles = _quantiles(values, self._rare)
        low, high = quantiles[0], quantiles[-1]
        cut = [min(max(value, low), high) for value in values]
        mean = min(max(fsum(cut) / len(cut), low), high)
        spread = fsum((value - mean) ** 2 for value in cut)
        return ColumnSketch(
            name=name,
            type="number",
            count=len(values),
            missing=missing,
            distinct=len(set(values)),
            minimum=low,
            maximum=high,
            mean=mean,
            deviation=sqrt(spread / (len(cut) - 1)),
            quantiles=tuple(quantiles),
        )


def _cells(value: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        front = f"{name}." if name else "x"
        items = enumerate(cast("list[object]", value))
        value = {f"{front}{place}": inner for place, inner in items}
        name = ""
    if isinstance(value, Mapping):
        yield from _flat(cast("Mapping[str, object]", value), name, 0)
    elif value is not None:
        yield name or "x0", value


def _flat(
    value: Mapping[str, object], name: str, depth: int
) -> Iterator[tuple[str, object]]:
    for key, inner in value.items():
        full = f"{name}.{key}" if name else key
        if not isinstance(inner, Mapping | list):
            yield full, inner
        elif isinstance(inner, Mapping) and depth < _DEEPEST:
            yield from _flat(cast("Mapping[str, object]", inner), full, depth + 1)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and name.isprintable()


def _is_value(text: str) -> bool:
    return text != RARE and (text.isprintable() or not text)


def _named(
    texts: Mapping[str, int], count: int, rare: int, most: int
) -> dict[str, int]:
    ordered = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    kept = {text: n for text, n in ordered[:most] if n >= rare and _is_value(text)}
    rest = count - sum(kept.values())
    return kept | ({RARE: rest} if rest else {})


def _quantiles(values: Sequence[float], rare: int) -> list[float]:
    """Return :data:`STEPS` + 1 quantiles out of groups of ``rare`` or more neighbours.

    Args:
        values: sorted, ``rare`` or more.
        rare: smallest group.
    """
    groups = min(STEPS, len(values) // rare)
    edges = [len(values) * place // groups for place in range(groups + 1)]
    points = [
        _point(values[edges[i] : edges[i + 1]], rare, values) for i in range(groups)
    ]
    return [_between(points, step / STEPS * groups - 0.5) for step in range(STEPS + 1)]


def _point(
    group: Sequence[float], rare: int, values: Sequence[float]
) -> tuple[float, bool]:
    """Return what is printed of a group, and whether ``rare`` persons share it."""
    middle = group[len(group) // 2]
    if bisect_right(values, middle) - bisect_left(values, middle) >= rare:
        return middle, True
    return min(max(fsum(group) / len(group), group[0]), group[-1]), False


def _between(points: Sequence[tuple[float, bool]], place: float) -> float:
    """Return the value at a place between points; beyond the ends, the end.

    Between two values that are shared there is nothing: the nearer one counts.
    """
    place = min(max(place, 0.0), len(points) - 1.0)
    low = min(int(place), len(points) - 2)
    if low < 0:
        return points[0][0]
    (a, is_step), (b, is_next) = points[low], points[low + 1]
    part = place - low
    if is_step and is_next:
        part = round(part)
    return a + (b - a) * part if part < 1 else b
