"""``mlledger query``: any question of the projections by its name."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, cell, emit, reporting
from projections.catalogue import catalogue, numbers
from projections.commands.answering import absent_events, stated, text_of
from projections.commands.cutting import ask_bounded, say_bounded
from projections.commands.listing import emit_marked
from projections.commands.noting import note_question
from projections.commands.opening import auditing, bounds, row_of
from projections.commands.parameters import (
    GIVEN,
    MANNER,
    arguments,
    parameters,
    times_of,
)
from projections.commands.streaming import STREAMED, stream_all
from projections.status import NOT_RECORDED

if TYPE_CHECKING:
    from uuid import UUID

    from projections.asking import Bounds
    from projections.catalogue import Question
    from projections.database import Connection

_PACKAGES = ("decisions", "registry", "lineage", "integrity")
_FURTHER = (
    ("registry.gates", "gates"),
    ("registry.naming", "alias_at"),
    ("registry.naming", "alias_history"),
    ("registry.naming", "tags"),
    ("registry.naming", "model_changes"),
    ("registry.ownership", "ownership"),
    ("registry.ownership", "hand_overs"),
    ("registry.ancestry", "ancestry"),
    ("registry.run_sides", "run_diff"),
    ("registry.builds", "builds"),
    ("registry.search", "search_models"),
    ("registry.search", "search_versions"),
    ("registry.search", "search_runs"),
)
"""Questions without a number outside of ``queries``: module and function."""


def register(app: typer.Typer) -> None:
    """Add ``query``."""
    app.command("query")(query)


def query(
    *,
    name: Annotated[str | None, Argument(metavar="NAME", help="the question")] = None,
    param: Annotated[
        list[str] | None, Option("--param", "-p", help="KEY=VALUE, repeatable")
    ] = None,
    listed: Annotated[bool, Option("--list", help="name the questions")] = False,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Ask one of the audit questions; --list names them with their parameters."""
    form = chosen(output, json=json)
    with reporting("query", form):
        if listed or name is None:
            emit(Answer("query", described(), complete=True), form)
        question = named(name)
        times, pairs = times_of(param or [])
        limits = bounds(
            times.get("as_of", as_of), times.get("known_as_of", known_as_of)
        )
        values = arguments(question, pairs, limits)
        with auditing(home) as connection:
            note_question(_called(question), _asked(values, limits))
            if form == "ndjson" and question.__name__ == STREAMED:
                stream_all(connection, values, limits)
            asked = ask_bounded(connection, question, values)
            found = asked.found
            data = stated(connection, found, limits)
            answer = Answer(f"query {name}", data)
            say_bounded(answer, asked)
            if form == "table":
                answer.text = text_of(data)
            if found in ([], (), None):
                if _is_recorded(connection, absent_events(question), limits):
                    _say_unmatched(answer, values)
                else:
                    _say_absent(answer, question)
            emit_marked(answer, form, connection)


def _called(question: Callable[..., Any]) -> str:
    """Return number and name of a question; the name alone where it has no number."""
    name = question.__name__
    found = [number for number, called in numbers().items() if called == name]
    return " ".join((*found, name))


def _asked(values: Mapping[str, object], limits: Bounds) -> dict[str, object]:
    """Return what was asked for: parameters and times."""
    kept = {name: one for name, one in values.items() if name not in GIVEN}
    return {**kept, "as_of": limits.as_of, "known_as_of": limits.known_as_of}


def _say_absent(answer: Answer, question: Callable[..., Any]) -> None:
    """Say that nothing is recorded, and which event would fill the answer."""
    types = absent_events(question)
    answer.meta["filled_by"] = types
    answer.text = NOT_RECORDED
    if types:
        answer.text += f": an event {' or '.join(types)} would fill it"


def _say_unmatched(answer: Answer, values: Mapping[str, object]) -> None:
    """Say that of what is recorded nothing is as was asked for."""
    filters = {
        name: value for name, value in values.items() if name not in GIVEN | MANNER
    }
    answer.meta["filters"] = filters
    asked = ", ".join(f"{name}={cell(value)}" for name, value in filters.items())
    answer.text = f"nothing matches: {asked}" if asked else "nothing matches"


def _is_recorded(connection: Connection, types: Sequence[str], limits: Bounds) -> bool:
    """Tell whether an event of one of some types was recorded by then."""
    from projections.decisions.queries import decision_list
    from projections.integrity.queries import events

    return any(
        decision_list(connection, limit=1, bounds=limits)
        if one == "prediction.decision.recorded"
        else events(connection, type_name=one, limit=1, bounds=limits)
        for one in types
    )


def questions() -> Mapping[str, Callable[..., Any]]:
    """Return every question by its name: those with a number, and plain lists."""
    plain = {
        name: function
        for package in _PACKAGES
        for name, function in _functions_of(f"projections.{package}.queries")
    }
    further = {name: _function(module, name) for module, name in _FURTHER}
    return plain | further | {one.name: one.function for one in catalogue()}


def _function(module: str, name: str) -> Callable[..., Any]:
    import importlib

    return getattr(importlib.import_module(f"projections.{module}"), name)


def _functions_of(name: str) -> list[tuple[str, Callable[..., Any]]]:
    """Return the public functions that a module defines itself."""
    import importlib

    module = importlib.import_module(name)
    found = inspect.getmembers(module, inspect.isfunction)
    return [
        (name, function)
        for name, function in found
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]


def described() -> list[dict[str, object]]:
    """Return one row for each question: numbered ones first, by number."""
    numbered = {one.name: one for one in catalogue()}
    asked = questions()
    rest = sorted(set(asked) - set(numbered))
    rows = [_described(one.name, asked[one.name], one) for one in catalogue()]
    return rows + [_described(name, asked[name], None) for name in rest]


def decision_chain(
    connection: Connection, decision_id: UUID, *, bounds: Bounds
) -> list[dict[str, object]]:
    """Return a decision and everything behind it, link by link, unverified (Q01)."""
    from projections import chain
    from projections.commands.decision import link_row

    found = chain.decision_chain(
        connection,
        decision_id,
        as_of=bounds.as_of,
        known_as_of=bounds.known_as_of,
    )
    return [link_row(link) for link in found.links]


def named(name: str) -> Callable[..., Any]:
    """Return the question of a name or number.

    Raises:
        NotFoundError: no such question; names the nearest.
    """
    import difflib

    from ledger.errors import NotFoundError

    known = questions()
    asked = numbers().get(name.upper(), name)
    if asked in known:
        return known[asked]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "mlledger query --list"
    raise NotFoundError(f"{name}: no such question", hint=hint)


def _described(
    name: str, question: Callable[..., Any], one: Question | None
) -> dict[str, object]:
    shown = [
        f"{key}: {item.annotation}"
        + ("" if item.default is item.empty else f" = {item.default}")
        for key, item in parameters(question).items()
    ]
    first = (inspect.getdoc(question) or "").split("\n", 1)[0]
    return {
        "number": one and one.number,
        "name": name,
        "parameters": ", ".join(shown),
        "answers": first,
        "provision": "; ".join(map(str, one.provisions)) if one else None,
        "page": one and one.page,
    }


def data_of(answer: object) -> object:
    """Return an answer as rows; what stands in it likewise."""
    if isinstance(answer, list | tuple):
        return [data_of(one) for one in cast("list[object]", answer)]
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return {name: data_of(value) for name, value in row_of(answer).items()}
    return answer
