"""pandas columns as the ``table1`` digest sees them, without need of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, timedelta, timezone
from importlib import import_module
from typing import Any

from ledger.errors import InvalidEventError
from ledger.table_digest import ROWS_AT_ONCE, Column, Piece, unsupported

_EPOCH = date(1970, 1, 1)
_INFERRED = {
    "string": "string",
    "bytes": "binary",
    "boolean": "bool",
    "integer": "int64",
    "floating": "float64",
    "date": "date",
    "empty": "null",
}


def pandas_columns(frame: Any) -> Iterator[Column]:
    """Yield the columns of a DataFrame, then those of its index.

    Raises:
        InvalidEventError: a column's type is refused.
    """
    if frame.columns.nlevels != 1:
        raise InvalidEventError("column names of several levels have no table1 digest")
    for place, name in enumerate(frame.columns):
        yield pandas_column(str(name), frame.iloc[:, place])
    pandas: Any = import_module("pandas")
    if not isinstance(frame.index, pandas.RangeIndex):
        for level, name in enumerate(frame.index.names):
            label = f"__index_level_{level}__" if name is None else str(name)
            values = frame.index.get_level_values(level).to_series()
            yield pandas_column(label, values)


def pandas_column(name: str, series: Any) -> Column:
    """Return one Series as a column."""
    dtype = series.dtype
    kind = type(dtype).__name__
    if kind == "ArrowDtype":
        from ledger.table_arrow import arrow_column

        return arrow_column(name, series.array.__arrow_array__())
    if kind == "CategoricalDtype":
        return _categorical(name, series)
    if dtype.kind == "O" or kind == "StringDtype":
        return _objects(name, series)
    read = _fixed_reader(dtype)
    return Column(name, _fixed_name(name, dtype), _pieces(series, read))


def _fixed_name(name: str, dtype: Any) -> str:
    numpy: Any = import_module("numpy")
    zone = getattr(dtype, "tz", None)
    if zone is not None:
        return f"timestamp[{dtype.unit}, {_zone_name(zone)}]"
    plain = getattr(dtype, "numpy_dtype", dtype)
    if not isinstance(plain, numpy.dtype) or plain.kind not in "biufmM":
        raise unsupported(name, f"pandas type {dtype}")
    if plain.kind in "mM":
        unit = numpy.datetime_data(plain)[0]
        return f"{'timestamp' if plain.kind == 'M' else 'duration'}[{unit}]"
    if plain.itemsize > 8:
        raise unsupported(name, f"pandas type {dtype}")
    return str(plain.newbyteorder("="))


def _fixed_reader(dtype: Any) -> Callable[[Any], Any]:
    if dtype.kind in "mM":
        return lambda part: part.array.asi8
    plain = getattr(dtype, "numpy_dtype", dtype)
    if plain is dtype:
        return lambda part: part.to_numpy()
    return lambda part: part.to_numpy(dtype=plain, na_value=plain.type(0))


def _pieces(series: Any, read: Callable[[Any], Any]) -> Iterator[Piece]:
    for start in range(0, len(series), ROWS_AT_ONCE):
        part = series.iloc[start : start + ROWS_AT_ONCE]
        yield Piece(part.notna().to_numpy(dtype=bool), read(part))


def _objects(name: str, series: Any) -> Column:
    pandas: Any = import_module("pandas")
    inferred = pandas.api.types.infer_dtype(series, skipna=True)
    is_text = type(series.dtype).__name__ == "StringDtype"
    kind = "string" if is_text else _INFERRED.get(inferred)
    if kind is None:
        raise unsupported(name, f"{inferred} objects")
    return Column(name, kind, _pieces(series, _object_reader(name, kind)))


def _object_reader(name: str, kind: str) -> Callable[[Any], Any]:
    numpy: Any = import_module("numpy")
    convert, empty, dtype = _CONVERTERS[kind]

    def read(part: Any) -> Any:
        pairs = zip(part.isna().tolist(), part.to_numpy(dtype=object), strict=True)
        try:
            values = [empty if gone else convert(value) for gone, value in pairs]
            return values if dtype is None else numpy.array(values, dtype=dtype)
        except (OverflowError, UnicodeEncodeError) as error:
            raise unsupported(name, f"one of its values ({error})") from error

    return (lambda _: None) if kind == "null" else read


def _same(value: Any) -> Any:
    return value


def _days(day: date) -> int:
    return (day - _EPOCH).days


_CONVERTERS: dict[str, tuple[Callable[[Any], Any], Any, str | None]] = {
    "string": (str.encode, b"", None),
    "binary": (bytes, b"", None),
    "bool": (_same, False, "bool"),
    "int64": (_same, 0, "int64"),
    "float64": (_same, 0.0, "float64"),
    "date": (_days, 0, "int32"),
    "null": (_same, None, None),
}


def _categorical(name: str, series: Any) -> Column:
    categories = series.cat.categories
    kind = pandas_column(name, categories.to_series()).type
    pieces = (
        _decoded(name, series.cat.codes, categories)
        if len(categories)
        else (
            Piece(part.valid, _no_values(kind, len(part.valid)))
            for part in _pieces(series, lambda _: None)
        )
    )
    return Column(name, kind, pieces)


def _decoded(name: str, codes: Any, categories: Any) -> Iterator[Piece]:
    for start in range(0, len(codes), ROWS_AT_ONCE):
        code = codes.iloc[start : start + ROWS_AT_ONCE].to_numpy()
        valid = code >= 0
        taken = categories.take(code * valid).to_series()
        for piece in pandas_column(name, taken).pieces:
            yield Piece(valid, piece.values)


def _no_values(kind: str, rows: int) -> Any:
    if kind in {"string", "binary", "null"}:
        return None if kind == "null" else [b""] * rows
    numpy: Any = import_module("numpy")
    stored = {"date": "int32"}.get(kind, "int64" if "[" in kind else kind)
    return numpy.zeros(rows, dtype=stored)


def _zone_name(zone: Any) -> str:
    """Return a zone's name as Arrow spells it."""
    if isinstance(zone, timezone):
        if zone == UTC:
            return "UTC"
        sign = "-" if zone.utcoffset(None) < timedelta(0) else "+"
        minutes = abs(zone.utcoffset(None)) // timedelta(minutes=1)
        return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
