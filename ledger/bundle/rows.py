"""Rows of an answer as RFC 8785 JSON: the same from Postgres and from a replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ledger.errors import IntegrityError, MalformedError
from ledger.output import to_json


def format_rows(rows: Sequence[object]) -> bytes:
    """Return rows as they stand in ``answer.json``: ids, times and digests as text."""
    import rfc8785

    return rfc8785.dumps(_numbers(json.loads(to_json(list(rows)))))


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


def compare_rows(stated: bytes, replayed: Sequence[object]) -> None:
    """Check that an answer's rows are those that the replay gives.

    Raises:
        IntegrityError: they differ; the place names the first row that does.
        MalformedError: the stated rows are no JSON list.
    """
    found = format_rows(replayed)
    if stated == found:
        return
    first, second = _list(stated), _list(found)
    number = next(
        (
            n
            for n, pair in enumerate(zip(first, second, strict=False))
            if pair[0] != pair[1]
        ),
        min(len(first), len(second)),
    )
    raise IntegrityError(
        f"row {number} of the answer is not what the enclosed entries say",
        place=f"answer.json row {number}",
        expected=_printed(second, number),
        actual=_printed(first, number),
    )


def _list(data: bytes) -> list[Any]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError("answer.json: no JSON", place="answer.json") from error
    if not isinstance(rows, list):
        raise MalformedError("answer.json: no list of rows", place="answer.json")
    return rows  # pyright: ignore[reportUnknownVariableType]


def _printed(rows: list[Any], number: int) -> str:
    return to_json(rows[number])[:500] if number < len(rows) else "no such row"
