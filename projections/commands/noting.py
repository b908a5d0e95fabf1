"""Record each question of the command line, where the settings ask for it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from ledger.commands.asked import asked
from ledger.errors import NotFoundError
from ledger.output import warn

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from uuid import UUID

    from ledger.config import Config
    from ledger.output import Answer
    from projections.reading import Read

_HOW = {"home", "output", "json"}
"""Options that say how an answer is printed, not what is asked."""


@dataclass(slots=True)
class _Noting:
    """A question that is being answered.

    Attributes:
        config: of the home.
        read: what is known of it; none until the settings ask for a record.
        done: whether it was recorded, or could not be.
    """

    config: Config
    read: Read
    done: bool = field(default=False)

    def record(self, rows: int | None) -> str:
        from projections.reading import record_read

        if self.done:
            return ""
        self.done = True
        return record_read(self.config, replace(self.read, rows=rows))


_noting: ContextVar[_Noting | None] = ContextVar("noting", default=None)


@contextmanager
def noting(config: Config, *, about: UUID | None = None) -> Generator[None]:
    """Record the question that is answered in the block, if ``[access] log`` says so.

    It is recorded before its answer is printed, with the number of rows
    (:func:`note_answer`), else at the end of the block. What cannot be recorded is
    answered all the same, with a warning.

    Args:
        config: of the home.
        about: the decision that is asked about, if one.
    """
    if not config.access.log:
        yield
        return
    state = _Noting(config, _read(about))
    token = _noting.set(state)
    try:
        yield
    except NotFoundError:
        _say(state.record(0))
        raise
    except SystemExit:
        _say(state.record(None))
        raise
    else:
        _say(state.record(None))
    finally:
        _noting.reset(token)


def note_question(query: str, values: Mapping[str, Any]) -> None:
    """Say what is asked more exactly than by the name of the command.

    Args:
        query: such as ``Q01 decision_chain``.
        values: its parameters.
    """
    if state := _noting.get():
        about = values.get("decision_id", values.get("decision"))
        state.read = replace(
            state.read,
            query=query,
            parameters=dict(values),
            decision=getattr(about, "bytes", None),
        )


def note_answer(answer: Answer, data: object) -> None:
    """Record the question that an answer is for; the answer gets the warning."""
    state = _noting.get()
    if state is None:
        return
    rows = len(cast("list[object]", data)) if isinstance(data, list | tuple) else 1
    if warning := state.record(rows):
        answer.warnings.append(warning)


def _read(about: UUID | None) -> Read:
    from projections.reading import Read

    found = asked()
    given = found.parameters if found else dict[str, Any]()
    return Read(
        kind="question",
        query=found.command if found else "question",
        channel="cli",
        parameters={name: one for name, one in given.items() if name not in _HOW},
        decision=about and about.bytes,
    )


def _say(warning: str) -> None:
    if warning:
        warn(f"warning: {warning}")
