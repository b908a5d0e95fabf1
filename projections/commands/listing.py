"""Print rows: all columns for programs, some of them for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ledger.output import Answer, emit
from projections.commands.opening import brief

SUSPECT_EXIT = 13

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        limit: where the rows were cut; reaching it is said.
        token: of the next page where the question has pages, empty after the last one.
        connection: of the projections; with it, suspect rows are said.
    """
    shown = list(rows)
    if form == "table" and columns:
        shown = brief(shown, *columns)
    answer = Answer(command, shown)
    if token is not None:
        say_more(answer, len(rows), token)
    elif limit is not None and len(rows) >= limit:
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
