"""How the answer of a question is printed: with the status of every field."""

from __future__ import annotations

import dataclasses
from io import StringIO
from typing import TYPE_CHECKING, Any, cast

from ledger.output import cell
from projections.commands.opening import row_of
from projections.filled import sources_of
from projections.status import (
    AHEAD_AFTER,
    LATE_AFTER,
    NOT_RECORDED,
    STATUS,
    field_status,
    is_row,
    marks_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from projections.database import Connection
    from projections.evidence import Bounds
    from projections.status import Marks

_WORDS = {"not_recorded": NOT_RECORDED, "withheld": "Withheld", "erased": "Erased"}
_SAID = {"late", "ahead", "conflicting", "erased"}
_WIDTH = 200
_KEPT = {"kind", "event_id", "object_id", "time", "identity", "position"}


def stated(connection: Connection, answer: object, bounds: Bounds) -> object:
    """Return an answer as rows, each with the status of its fields.

    Args:
        connection: of any role.
        answer: rows, or what holds rows at any depth.
        bounds: which facts count.
    """
    return _stated(answer, marks_of(connection, answer, bounds=bounds))


def _stated(answer: object, marks: Marks) -> object:
    if isinstance(answer, list | tuple):
        return [_stated(one, marks) for one in cast("Sequence[object]", answer)]
    if not is_row(answer):
        return _link(cast("Mapping[str, Any]", answer)) if _is_link(answer) else answer
    row = {name: _stated(value, marks) for name, value in row_of(answer).items()}
    found = field_status(answer, marks)
    return row | {STATUS: found} if found else row


def _is_link(answer: object) -> bool:
    """Tell whether something is a link of a decision's chain, as JSON shows it."""
    return isinstance(answer, dict) and {"kind", "missing", "basis"} <= answer.keys()


def _link(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["missing"]:
        status: dict[str, object] = {"status": "not_recorded"}
        status["filled_by"] = row["missing"]
    else:
        status = {"status": _link_word(row), "basis": row["basis"]}
    return {**row, STATUS: dict.fromkeys(("title", "fields"), status)}


def _link_word(row: Mapping[str, Any]) -> str:
    if row["time"] - row["sealed_at"] > AHEAD_AFTER:
        return "ahead"
    if row["sealed_at"] - row["time"] > LATE_AFTER:
        return "late"
    return "stated" if row["basis"] == "stated" else "recorded"


def absent_events(question: Callable[..., Any]) -> list[str]:
    """Return the types of the events that would fill an empty answer."""
    kind = row_class(question)
    return list(sources_of(kind).events[:1]) if kind else []


def row_class(question: Callable[..., Any]) -> type | None:
    """Return the class of a question's rows, or None where it has none."""
    return class_named(str(question.__annotations__.get("return", "")), question)


def class_named(annotation: str, place: object) -> type | None:
    """Return the class in an annotation such as ``list[Row]`` or ``tuple[Row, ...]``.

    Args:
        annotation: as written.
        place: function or class in whose module the name is known.
    """
    import re
    import sys

    module = sys.modules[getattr(place, "__module__", "builtins")]
    for name in re.findall(r"[A-Z]\w+", annotation):
        found = getattr(module, name, None)
        if isinstance(found, type) and dataclasses.is_dataclass(found):
            return found
    return None


def text_of(data: object) -> str:
    """Return an answer as tables for people; gaps read ``Not recorded``."""
    return "\n".join(_blocks(data, "")).strip("\n")


def _blocks(data: object, title: str) -> Iterator[str]:
    rows = _rows(data)
    flat = [{k: v for k, v in one.items() if not _is_nested(v)} for one in rows]
    if title:
        yield f"{title}:"
    if not rows:
        yield NOT_RECORDED if title else ""
    elif len(flat) == 1:
        yield _listed(_shown(flat[0]))
    elif any(flat):
        yield _table([_shown(one) for one in flat])
    for one in rows:
        for name, value in one.items():
            if _is_nested(value):
                yield ""
                yield from _blocks(value, f"{title} {name}".strip())


def _rows(data: object) -> list[dict[str, Any]]:
    if isinstance(data, list):
        listed = cast("list[object]", data)
        return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
    return [cast("dict[str, Any]", data)] if isinstance(data, dict) else []


def _is_nested(value: object) -> bool:
    """Tell whether a value is itself rows, by the status they carry."""
    if isinstance(value, dict):
        return STATUS in value
    if isinstance(value, list):
        listed = cast("list[object]", value)
        return any(isinstance(one, dict) and STATUS in one for one in listed)
    return False


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    words = cast("Mapping[str, Mapping[str, object]]", row.get(STATUS, {}))
    return {
        name: _cell(value, str(words.get(name, {}).get("status", "")))
        for name, value in row.items()
        if name in words or name in _KEPT
    }


def _cell(value: object, word: str) -> str:
    if value is None:
        return _WORDS.get(word, "")
    if isinstance(value, dict):
        place = cast("Mapping[str, object]", value)
        if set(place) == {"origin", "leaf", "index"}:
            return f"{place['origin']} leaf {place['leaf']} event {place['index']}"
        value = cast("object", value)
    return f"{cell(value)} ({word})" if word in _SAID else cell(value)


def _listed(row: Mapping[str, str]) -> str:
    width = max((len(name) for name in row), default=0)
    return "\n".join(f"{name:{width}}  {value}".rstrip() for name, value in row.items())


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """Return rows as a table, or one below the other where a line is too narrow."""
    from rich.console import Console
    from rich.table import Table

    names = list(rows[0])
    lengths = [max(len(n), *(len(r.get(n, "")) for r in rows)) + 2 for n in names]
    if sum(lengths) > _WIDTH:
        return "\n\n".join(_listed(row) for row in rows)
    out = StringIO()
    console = Console(file=out, width=_WIDTH, markup=False, highlight=False)
    table = Table(box=None, pad_edge=False, header_style=None)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(row.get(name, "") for name in names))
    console.print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
