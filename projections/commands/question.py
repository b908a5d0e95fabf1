"""``mlledger query``: any question of the projections by its name."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
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
from ledger.output import Answer, emit, reporting
from projections.catalogue import catalogue, numbers
from projections.commands.answering import absent_events, stated, text_of
from projections.commands.listing import emit_marked, say_more
from projections.commands.noting import note_question
from projections.commands.opening import auditing, bounds, identifier, row_of
from projections.commands.streaming import STREAMED, stream_all
from projections.status import NOT_RECORDED

if TYPE_CHECKING:
    from uuid import UUID

    from projections.asking import Bounds
    from projections.catalogue import Question
    from projections.database import Connection

_GIVEN = {"connection", "bounds", "now", "before"}
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
            found = question(connection, **values)
            data = stated(connection, found, limits)
            answer = Answer(f"query {name}", data)
            if form == "table":
                answer.text = text_of(data)
            token = getattr(found, "next_page_token", None)
            if token is not None:
                say_more(answer, len(found), token)
            if found in ([], (), None):
                _say_absent(answer, question)
            emit_marked(answer, form, connection)


def _called(question: Callable[..., Any]) -> str:
    """Return number and name of a question; the name alone where it has no number."""
    name = question.__name__
    found = [number for number, called in numbers().items() if called == name]
    return " ".join((*found, name))


def _asked(values: Mapping[str, object], limits: Bounds) -> dict[str, object]:
    """Return what was asked for: parameters and times."""
    kept = {name: one for name, one in values.items() if name not in _GIVEN}
    return {**kept, "as_of": limits.as_of, "known_as_of": limits.known_as_of}


def _say_absent(answer: Answer, question: Callable[..., Any]) -> None:
    """Say that nothing is recorded, and which event would fill the answer."""
    events = absent_events(question)
    answer.meta["filled_by"] = events
    answer.text = NOT_RECORDED
    if events:
        answer.text += f": an event {' or '.join(events)} would fill it"


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


def _parameters(question: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    listed = inspect.signature(question).parameters
    return {name: item for name, item in listed.items() if name not in _GIVEN}


def _described(
    name: str, question: Callable[..., Any], one: Question | None
) -> dict[str, object]:
    shown = [
        f"{key}: {item.annotation}"
        + ("" if item.default is item.empty else f" = {item.default}")
        for key, item in _parameters(question).items()
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


def times_of(pairs: list[str]) -> tuple[dict[str, str], list[str]]:
    """Take the two times out of ``--param``: every question has them."""
    names = ("as_of=", "known_as_of=")
    times = [pair for pair in pairs if pair.startswith(names)]
    rest = [pair for pair in pairs if not pair.startswith(names)]
    return dict(pair.split("=", 1) for pair in times), rest


def arguments(
    question: Callable[..., Any], pairs: list[str], limits: Bounds
) -> dict[str, object]:
    """Return the arguments of a question from ``KEY=VALUE`` pairs.

    Raises:
        InvalidEventError: a pair that it does not take, or one is lacking.
    """
    from ledger import clock
    from ledger.errors import InvalidEventError
    from projections.columns import to_time

    known, values = _parameters(question), dict[str, object]()
    for pair in pairs:
        key, found, text = pair.partition("=")
        if not found or key not in known:
            allowed = ", ".join(known) or "none"
            raise InvalidEventError(f"--param {pair}", hint=f"KEY=VALUE of: {allowed}")
        values[key] = _parsed(text, str(known[key].annotation))
    for key, item in known.items():
        if item.default is item.empty and key not in values:
            raise InvalidEventError(f"--param {key}=… is needed: {item.annotation}")
    given = inspect.signature(question).parameters
    if "bounds" in given:
        values["bounds"] = limits
    if "now" in given:
        values["now"] = to_time(clock.now_us())
    return values


def _parsed(text: str, annotation: str) -> object:
    if annotation.startswith("UUID"):
        return identifier(text)
    if annotation.startswith("Sequence[UUID]"):
        return [identifier(one) for one in text.split(",") if one]
    if annotation.startswith("datetime"):
        return bounds(text, None).as_of
    if annotation.startswith("int"):
        from ledger.errors import InvalidEventError

        try:
            return int(text)
        except ValueError as error:
            raise InvalidEventError(f"{text!r} is not a number") from error
    return text


def data_of(answer: object) -> object:
    """Return an answer as rows; what stands in it likewise."""
    if isinstance(answer, list | tuple):
        return [data_of(one) for one in cast("list[object]", answer)]
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return {name: data_of(value) for name, value in row_of(answer).items()}
    return answer
