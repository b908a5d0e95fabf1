"""What the columns of a table look like, in little: counts, moments, quantiles.

A sketch is enough to compare two windows and too little to name a person: a category
seen fewer than five times is pooled with other rare ones, and the ends of a numeric
column are the 0.1 % quantiles once there are a thousand rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError
from ledger.evaluation.libraries import library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEPS = 64
"""Steps of probability between two quantiles; 65 quantiles with the ends."""
MIN_CELL = 5
"""Rows that a category needs to be named."""
MAX_CATEGORIES = 50
RARE = "(other)"
_MANY = 1_000
_TAIL = 0.001


@dataclass(frozen=True, slots=True)
class ColumnSketch:
    """One column, as ``monitoring.sketch.recorded`` holds it.

    Attributes:
        name: of the column.
        type: such as ``float64`` or ``string``.
        count: values present.
        missing: values absent; NaN is absent.
        distinct: distinct values.
        minimum: smallest value of a numeric column.
        maximum: largest value of a numeric column.
        mean: of a numeric column.
        deviation: standard deviation of a numeric column, n - 1.
        quantiles: of a numeric column at equal steps of probability, ends included.
        categories: count by value of another column, rare ones under ``(other)``.
    """

    name: str
    type: str
    count: int
    missing: int
    distinct: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    categories: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def is_numeric(self) -> bool:
        """Whether it is compared by quantiles."""
        return bool(self.quantiles)

    def fields(self) -> dict[str, Any]:
        """Return it as a field of the event."""
        listed = {name: getattr(self, name) for name in ColumnSketch.__slots__}
        return listed | {
            "quantiles": list(self.quantiles),
            "categories": dict(self.categories),
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> ColumnSketch:
        """Return it from a field of the event; unknown parts are left out."""
        known = {name: fields[name] for name in cls.__slots__ if name in fields}
        known["quantiles"] = tuple(known.get("quantiles") or ())
        known["categories"] = dict(known.get("categories") or {})
        return cls(**known)


def sketch_table(table: object) -> list[ColumnSketch]:
    """Return a sketch of each column of a table, in order.

    Args:
        table: a pandas DataFrame, or a mapping of column name to a sequence of values.

    Raises:
        ConfigurationError: pandas is not installed.
        InvalidEventError: the table has no columns, two of one name, or columns of
            different lengths.
    """
    pandas = library("pandas", why="drift")
    frame: Any = table if isinstance(table, pandas.DataFrame) else None
    if frame is None:
        try:
            frame = pandas.DataFrame(cast("Mapping[str, object]", table))
        except ValueError as error:
            raise InvalidEventError(f"not a table: {error}") from error
    names = [str(name) for name in frame.columns]
    if not names or len(set(names)) != len(names):
        raise InvalidEventError("a table to be sketched needs columns of one name each")
    return [_sketch(name, series) for name, series in _columns(frame)]


def _columns(frame: Any) -> Iterator[tuple[str, Any]]:
    for place, name in enumerate(frame.columns):
        yield str(name), frame.iloc[:, place]


def _sketch(name: str, series: Any) -> ColumnSketch:
    present = series.dropna()
    kind = str(series.dtype)
    count, missing = len(present), len(series) - len(present)
    if series.dtype.kind in "iuf" and count:
        return _numeric(name, kind, present.to_numpy(dtype=float), missing)
    named = present.astype(str).value_counts()
    return ColumnSketch(
        name=name,
        type="string" if series.dtype.kind == "O" else kind,
        count=count,
        missing=missing,
        distinct=len(named),
        categories=_pooled({str(k): int(v) for k, v in named.items()}),
    )


def _numeric(name: str, kind: str, values: Any, missing: int) -> ColumnSketch:
    numpy = library("numpy", why="drift")
    finite = values[numpy.isfinite(values)]
    missing += len(values) - len(finite)
    if not len(finite):
        return ColumnSketch(name, kind, 0, missing, 0)
    tail = _TAIL if len(finite) >= _MANY else 0.0
    shares = numpy.linspace(tail, 1 - tail, STEPS + 1)
    quantiles = [float(one) for one in numpy.quantile(finite, shares)]
    return ColumnSketch(
        name=name,
        type=kind,
        count=len(finite),
        missing=missing,
        distinct=len(numpy.unique(finite)),
        minimum=quantiles[0],
        maximum=quantiles[-1],
        mean=float(finite.mean()),
        deviation=float(finite.std(ddof=1)) if len(finite) > 1 else 0.0,
        quantiles=tuple(quantiles),
    )


def _pooled(counts: Mapping[str, int]) -> dict[str, int]:
    """Name the frequent values, and pool the rare ones."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = {
        value[:256]: count
        for value, count in ordered[:MAX_CATEGORIES]
        if count >= MIN_CELL
    }
    rest = sum(counts.values()) - sum(named.values())
    return named | ({RARE: rest} if rest else {})
