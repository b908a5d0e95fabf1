"""Ask a question for one row more than it may give, so that a cut list is known.

Every question with a ``limit`` is asked here. What was cut is said in words, and an
answer of which something was cut is never called complete.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from projections.commands.parameters import MOST_ROWS, parameters
from projections.commands.streaming import STREAMED
from projections.registry.paging import Page

if TYPE_CHECKING:
    from ledger.output import Answer
    from projections.database import Connection

_LISTS: Mapping[str, tuple[str, ...]] = {
    "completeness": ("missing",),
    "integrity_of_range": ("refusals", "unreadable"),
    "repeated_or_bypassed": ("repeated", "bypassed"),
}
"""What a limit cuts, where an answer is no list and does not say it itself."""
_COUNTED: Mapping[str, str] = {"gates": "event_id"}
"""What a limit counts, where that is not the rows: each value of a field once."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """An answer within its limit.

    Attributes:
        found: as the question returns it, no list in it longer than the limit.
        cuts: what was cut and how to see more, each in words; empty when it is whole.
    """

    found: Any
    cuts: tuple[str, ...]


def say_bounded(answer: Answer, asked: Bounded) -> None:
    """Say in a printed answer what was cut; where there are pages, the next one."""
    answer.warnings += asked.cuts
    answer.complete = answer.complete and not asked.cuts
    if isinstance(asked.found, Page):
        token = cast("Page[object]", asked.found).next_page_token
        answer.meta["next_page_token"] = token or None


def ask_bounded(
    connection: Connection,
    question: Callable[..., Any],
    values: Mapping[str, object],
) -> Bounded:
    """Ask a question; say what its limit left out.

    Args:
        connection: of any role.
        question: any; without a parameter ``limit`` it is asked as it is.
        values: its arguments, see :func:`projections.commands.parameters.arguments`.
    """
    limit, name = _limit(question, values), question.__name__
    if limit is None or not _is_cut_here(question):
        found = question(connection, **values)
        return Bounded(found, tuple(_said_itself(question, found, limit)))
    found = question(connection, **{**values, "limit": limit + 1})
    if isinstance(found, list):
        rows = cast("list[object]", found)
        kept = _first(rows, limit, _COUNTED.get(name))
        cut = [_cut("", limit)] if len(kept) < len(rows) else []
        return Bounded(kept, tuple(cut))
    long = [one for one in _LISTS[name] if len(getattr(found, one)) > limit]
    shorter = {one: getattr(found, one)[:limit] for one in long}
    return Bounded(
        replace(found, **shorter), tuple(_cut(f"{one}: ", limit) for one in long)
    )


def _limit(question: Callable[..., Any], values: Mapping[str, object]) -> int | None:
    known = parameters(question).get("limit")
    limit = values.get("limit", known and known.default)
    return limit if isinstance(limit, int) else None


def _is_cut_here(question: Callable[..., Any]) -> bool:
    """Tell whether an answer that is cut would look like a whole one."""
    returned = str(question.__annotations__.get("return", ""))
    return returned.startswith("list[") or question.__name__ in _LISTS


def _first(rows: list[object], limit: int, counted: str | None) -> list[object]:
    if counted is None:
        return rows[:limit]
    keys = list(dict.fromkeys(getattr(row, counted) for row in rows))[:limit]
    wanted = frozenset(keys)
    return [row for row in rows if getattr(row, counted) in wanted]


def _cut(what: str, limit: int) -> str:
    return f"{what}cut at {limit} rows; {_more(limit)}"


def _more(limit: int) -> str:
    if limit >= MOST_ROWS:
        return "that is the most: narrow the question by its other parameters"
    return f"more with -p limit={min(10 * limit, MOST_ROWS)}"


def _said_itself(
    question: Callable[..., Any], found: object, limit: int | None
) -> list[str]:
    """Return what an answer says itself about where it was cut."""
    if (token := getattr(found, "next_page_token", "")) and limit is not None:
        return [f"{_cut('', limit)}, or -p page_token={token}"]
    if getattr(found, "complete", True) is False and limit is not None:
        whole = ", or all with --output ndjson" * (question.__name__ == STREAMED)
        return [_cut("", limit) + whole]
    if truncated := getattr(found, "truncated", ""):
        reason = getattr(found, "reason", truncated)
        return [f"cut: {reason}{_further(question, str(reason), limit)}"]
    return []


def _further(question: Callable[..., Any], reason: str, limit: int | None) -> str:
    """Return which parameter shows more; nothing where none does."""
    if reason.endswith("levels"):
        return "; more with a greater -p depth=…" * ("depth" in parameters(question))
    return "" if limit is None else f"; {_more(limit)}"
