"""Rows of an answer as RFC 8785 JSON: the same from Postgres and from a replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from ledger.errors import IntegrityError, MalformedError
from ledger.output import to_json

NESTED = {
    "decision_chain": ("fields",),
    "integrity_of_range": (
        "origins",
        "rows",
        "refusals",
        "gaps",
        "streams",
        "conflicts",
        "unreadable",
    ),
}
"""Members of a row that are rows themselves, or lists of rows."""


def format_rows(rows: Sequence[object]) -> bytes:
    """Return rows as they stand in ``answer.json``: ids, times and digests as text."""
    return _spelled(json.loads(to_json(list(rows))))


def _numbers(value: Any) -> Any:
    """Return a value whose whole numbers JSON can hold: beyond 2^53 they are doubles.

    A database gives ``1e20`` back as a whole number, a replay as a double.
    """
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_numbers(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    is_large = type(value) is int and abs(value) >= 1 << 53
    return float(value) if is_large else value


def compare_rows(
    stated: bytes, replayed: Sequence[object], *, question: str = ""
) -> tuple[str, ...]:
    """Check that an answer's rows are those that the replay gives.

    Columns that the replay does not give are let go; they are not proved.

    Returns:
        the names of those columns, each once.

    Raises:
        IntegrityError: they differ; the place names the first row that does.
        MalformedError: the stated rows are no JSON list in its one spelling.
    """
    first, second = _list(stated), json.loads(format_rows(replayed))
    nested, more = NESTED.get(question, ()), dict[str, None]()
    pairs = [
        _agrees(one, other, nested, more)
        for one, other in zip(first, second, strict=False)
    ]
    if all(pairs) and len(first) == len(second):
        return tuple(more)
    number = pairs.index(False) if False in pairs else len(pairs)
    raise IntegrityError(
        f"row {number} of the answer is not what the enclosed entries say",
        place=f"answer.json row {number}",
        expected=_printed(second, number),
        actual=_printed(first, number),
    )


def _agrees(
    stated: Any, replayed: Any, nested: Sequence[str], more: dict[str, None]
) -> bool:
    """Tell whether a row has what the replay gives, whatever else it has."""
    if not isinstance(stated, dict) or not replayed.keys() <= stated.keys():
        return False
    more |= dict.fromkeys(stated.keys() - replayed.keys())  # pyright: ignore[reportUnknownArgumentType]
    return all(
        _within(stated[name], value, more)
        if name in nested
        else _spelled(stated[name]) == _spelled(value)
        for name, value in replayed.items()
    )


def _spelled(value: Any) -> bytes:
    """Return the one spelling of a value: to Python, 1 and true are equal."""
    import rfc8785

    return rfc8785.dumps(_numbers(value))


def _within(stated: Any, replayed: Any, more: dict[str, None]) -> bool:
    if not isinstance(replayed, list):
        return _agrees(stated, replayed, (), more)
    rows, wanted = cast("list[Any]", stated), cast("list[Any]", replayed)
    if not isinstance(stated, list) or len(rows) != len(wanted):
        return False
    pairs = zip(rows, wanted, strict=True)
    return all(_agrees(one, other, (), more) for one, other in pairs)


def _list(data: bytes) -> list[Any]:
    try:
        rows = json.loads(data)
        is_spelled = _spelled(rows) == data
    except (ValueError, OverflowError, RecursionError) as error:
        raise MalformedError("answer.json: no JSON", place="answer.json") from error
    if not is_spelled:
        raise MalformedError("answer.json: not as RFC 8785", place="answer.json")
    if not isinstance(rows, list):
        raise MalformedError("answer.json: no list of rows", place="answer.json")
    return rows  # pyright: ignore[reportUnknownVariableType]


def _printed(rows: list[Any], number: int) -> str:
    return to_json(rows[number])[:500] if number < len(rows) else "no such row"
