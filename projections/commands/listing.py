"""Print rows: all columns for programs, some of them for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NoReturn, cast

from ledger.output import Answer, emit
from projections.commands.opening import brief

SUSPECT_EXIT = 13

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized

    from ledger.output import Format
    from projections.database import Connection


def emit_rows(
    command: str,
    rows: Sequence[dict[str, object]],
    form: Format,
    *,
    columns: Sequence[str] = (),
    limit: int | None = None,
    token: str | None = None,
    connection: Connection | None = None,
) -> NoReturn:
    """Print rows and end the process.

    Args:
        command: the sub-command.
        rows: what was found.
        form: how it is printed.
        columns: what a person's table shows; all when empty.
        limit: at most so many rows are printed; a longer list is cut, and that is
            said. Whoever asks for rows asks for one more.
        token: of the next page where the question has pages, empty after the last one.
        connection: of the projections; with it, suspect rows are said.
    """
    is_cut = limit is not None and len(rows) > limit
    rows = rows[:limit]
    shown = list(rows)
    if form == "table" and columns:
        shown = brief(shown, *columns)
    answer = Answer(command, shown)
    if token is not None:
        say_more(answer, len(rows), token)
    elif is_cut:
        answer.complete = False
        answer.warnings.append(f"cut at {limit} rows; more with --limit")
    if connection is not None:
        mark(answer, connection, rows)
    emit(answer, form)


def say_more(answer: Answer, rows: int, token: str) -> None:
    """Say where the next page begins; nothing after the last one."""
    answer.meta["next_page_token"] = token or None
    if token:
        answer.complete = False
        answer.warnings.append(
            f"cut at {rows} rows; more with --limit, or --page-token {token}"
        )


def shorten(data: dict[str, object], lists: Mapping[str, tuple[int, str]]) -> list[str]:
    """Cut lists within an answer that were asked for with one more than their limit.

    Args:
        data: the answer; what is too long in it is cut in place.
        lists: names of lists and objects, each with its limit and how to see the rest.

    Returns:
        What was cut, in words; empty where all is whole.
    """
    cuts: list[str] = []
    for name, (limit, repair) in lists.items():
        rows = data[name]
        if isinstance(rows, dict) and len(cast("Sized", rows)) > limit:
            items = cast("dict[str, object]", rows).items()
            data[name] = dict(islice(items, limit))
        elif isinstance(rows, list) and len(cast("Sized", rows)) > limit:
            data[name] = cast("list[object]", rows)[:limit]
        else:
            continue
        cuts.append(f"{name}: cut at {limit} rows; {repair}")
    return cuts


def emit_marked(answer: Answer, form: Format, connection: Connection) -> NoReturn:
    """Print an answer, which says what in it is suspect, and end the process."""
    mark(answer, connection, answer.data)
    emit(answer, form)


def mark(answer: Answer, connection: Connection, data: object) -> None:
    """Say what in an answer was sealed while its key counts as compromised: exit 13.

    The question counts as answered by it (:mod:`projections.commands.noting`).

    Args:
        answer: gets a warning, ``suspect`` in its ``meta``, and the exit code unless it
            has another one.
        connection: of the projections.
        data: the rows that are looked through.
    """
    from projections.commands.noting import note_answer
    from projections.suspicion import leaves_of, suspects

    note_answer(answer, data)
    say_ahead(answer, connection)
    found = suspects(connection, leaves_of(data))
    if not found:
        return
    places = [f"{one.origin} leaf {one.leaf}" for one in found]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    answer.warnings.append(
        "suspect: sealed in a window in which its key counts as compromised: "
        f"{', '.join(places[:3])}{more}"
    )
    answer.meta["suspect"] = [
        {"origin": one.origin, "leaf": one.leaf, "key_fp": one.key_fp} for one in found
    ]
    answer.exit = answer.exit or SUSPECT_EXIT


def say_ahead(answer: Answer, connection: Connection) -> None:
    """Warn when events are dated ahead: an answer that names no moment counts them."""
    from ledger.output import format_time
    from projections.ahead import furthest_ahead
    from projections.columns import from_time
    from projections.commands.looking import present_moment

    found = furthest_ahead(connection, now=present_moment())
    if found is None:
        return
    dated = format_time(from_time(found.time))
    answer.warnings.append(
        f"event {found.event_id} is dated {dated}, ahead of now: such events count "
        "unless --as-of says otherwise; mlledger query Q04 names them"
    )
