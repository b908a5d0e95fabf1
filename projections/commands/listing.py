"""Print rows: all columns for programs, some of them for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ledger.output import Answer, emit
from projections.commands.opening import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.output import Format


def emit_rows(
    command: str,
    rows: Sequence[dict[str, object]],
    form: Format,
    *,
    columns: Sequence[str] = (),
    limit: int | None = None,
) -> NoReturn:
    """Print rows and end the process.

    Args:
        command: the sub-command.
        rows: what was found.
        form: how it is printed.
        columns: what a person's table shows; all when empty.
        limit: where the rows were cut; reaching it is said.
    """
    shown = list(rows)
    if form == "table" and columns:
        shown = brief(shown, *columns)
    answer = Answer(command, shown)
    if limit is not None and len(rows) >= limit:
        answer.complete = False
        answer.warnings.append(f"cut at {limit} rows; more with --limit")
    emit(answer, form)
