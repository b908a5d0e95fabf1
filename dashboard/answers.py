"""The answer of a question as tables: each cell in words, gaps and lateness said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from dashboard.links import short
from dashboard.reports.render import shown
from dashboard.widgets import linked, plain
from projections.status import NOT_RECORDED, STATUS

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORDS = {"not_recorded": NOT_RECORDED, "withheld": "Withheld", "erased": "Erased"}
_SAID = {"late", "ahead", "conflicting", "erased"}
_PLACE = {"origin", "leaf", "index"}
# Where a row comes from stands behind what it says.
_LAST = ("time", "sealed_at", "identity", "position", "event_id")
_ID = re.compile(r"\[[^]]+\](\(\./\?id=([0-9a-f]{8})[0-9a-f-]{24}([0-9a-f]{4})\))")
_FRACTION = re.compile(r"(:\d\d)\\\.\d+ UTC$")


def blocks(data: object, title: str = "") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Return the tables of an answer, each with its title: rows, then what they hold.

    Args:
        data: plain JSON values; rows carry the status of their fields.
        title: where in the answer the rows stand; empty for the answer itself.

    Returns:
        Titles and rows of Markdown cells; all rows of a table have the same columns.
    """
    rows = _rows(data)
    flat = [_flat(row) for row in rows]
    if any(flat):
        named = dict.fromkeys(name for row in flat for name in row)
        names = sorted(named, key=lambda name: name in _LAST and _LAST.index(name) + 1)
        yield title, [{_said(n): row.get(n, "") for n in names} for row in flat]
    for row in rows:
        for name, value in row.items():
            if _is_nested(value):
                yield from blocks(value, f"{title}, {_said(name)}".strip(", "))


def _rows(data: object) -> list[dict[str, Any]]:
    listed = cast("list[object]", data) if isinstance(data, list) else [data]
    return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]


def _is_nested(value: object) -> bool:
    return any(STATUS in one for one in _rows(value))


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    words = cast("Mapping[str, Mapping[str, str]]", row.get(STATUS, {}))
    return {
        name: _cell(value, words.get(name, {}).get("status", ""))
        for name, value in row.items()
        if name != STATUS and not _is_nested(value)
    }


def _cell(value: object, word: str) -> str:
    if value is None:
        return plain(_WORDS.get(word, ""))
    place = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if set(place) == _PLACE:
        text = f"{place['origin']} leaf {place['leaf']} event {place['index']}"
    else:
        text = short(shown(cast("object", value))).replace("\n", "; ")
    return linked(f"{text} ({word})" if word in _SAID else text)


def _said(name: str) -> str:
    return plain(name.replace("_", " "))


def narrow(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return rows with ids and times cut, so that more columns are seen at once."""
    return [{name: _cut(cell) for name, cell in row.items()} for row in rows]


def _cut(cell: str) -> str:
    return _FRACTION.sub(r"\1 UTC", _ID.sub(r"[\2…\3]\1", cell))


def upright(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return one row as a table of its fields; what is empty is left out."""
    return [
        {"Field": name, "What is recorded": cell}
        for row in rows
        for name, cell in row.items()
        if cell
    ]
