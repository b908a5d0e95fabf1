"""Rows of a batch: read from mappings or columns, and named where they do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from ledger.sdk.handles import DecisionId

CHUNK = 4096


class LeftOutError(InvalidEventError):
    """Rows of a batch do not fit and were left out; all others are recorded.

    Attributes:
        rows: number of each row left out, from 0 → why.
        ids: ids of the rows that were recorded, in order.
    """

    def __init__(
        self, rows: Mapping[int, InvalidEventError], ids: Sequence[DecisionId]
    ) -> None:
        first, error = next(iter(rows.items()))
        more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        about = (
            f"the other {len(ids)} rows are recorded: repeat none of them"
            if ids
            else ""
        )
        hints = [error.hint, about]
        super().__init__(
            f"row {first}: {error}{more}",
            hint="; ".join([hint for hint in hints if hint]),
        )
        self.rows = dict(rows)
        self.ids = list(ids)


def as_rows(
    rows: Iterable[Mapping[str, Any]] | Mapping[str, Sequence[Any]],
) -> Iterator[Mapping[str, Any]]:
    """Yield rows of a batch that is given as rows or as columns.

    Raises:
        InvalidEventError: columns differ in length.
    """
    if not isinstance(rows, Mapping):
        yield from rows
        return
    columns = cast("Mapping[str, Sequence[Any]]", rows)
    lists = [_plain_list(column) for column in columns.values()]
    if len({len(column) for column in lists}) > 1:
        raise InvalidEventError("columns of decisions differ in length")
    names = list(columns)
    for values in zip(*lists, strict=True):
        yield dict(zip(names, values, strict=True))


def chunks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield rows in groups of at most 4,096.

    What comes before a row that cannot even be made is yielded before its error is
    raised.
    """
    chunk: list[Mapping[str, Any]] = []
    try:
        for row in rows:
            chunk.append(row)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    except Exception:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def refuse_no_row(row: object) -> None:
    """Check that a row names its fields.

    Raises:
        InvalidEventError: it is no mapping.
    """
    if not isinstance(row, Mapping):
        kind = type(row).__name__
        raise InvalidEventError(f"a {kind}, where a mapping of fields is needed")


def _plain_list(column: Any) -> list[Any]:
    """Return Python values; arrays and series know how to give them."""
    tolist = getattr(column, "tolist", None)
    return list(column) if tolist is None else tolist()
