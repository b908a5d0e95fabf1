"""Any question of an examiner, asked without a command line."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.answers import blocks, narrow, upright
from dashboard.connection import access, draw_fault
from dashboard.reading import note_page
from dashboard.standing import positions, sizes
from dashboard.widgets import footer, plain, table
from ledger.errors import InvalidEventError, LedgerError
from ledger.output import to_json
from projections.catalogue import catalogue
from projections.commands.answering import absent_events, stated
from projections.commands.cutting import ask_bounded
from projections.commands.opening import bounds
from projections.commands.parameters import arguments, parameters
from projections.commands.question import named
from projections.status import NOT_RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dashboard.access import Access
    from projections.database import Connection

# Questions without a number that examiners ask too.
FURTHER = ("gates", "search_models", "search_versions", "search_runs")
ROWS = 100
_TIMES = {
    "as_of": "as of: what had happened by then",
    "known_as_of": "known as of: what was sealed by then",
}
_TIME = "a moment, such as 2026-03-10T12:00Z; no zone is UTC; empty for now"


def show(ledger: Access) -> None:
    """Choose a question, say what it needs, and read its answer."""
    st.title("Questions")
    st.markdown("What an examiner asks of the record, each answer with its gaps.")
    numbered = {one.name: one for one in catalogue()}
    name = st.selectbox(
        "Question",
        [*numbered, *FURTHER],
        format_func=_label,
        key="question",
    )
    if one := numbered.get(name):
        st.caption("Serves: " + "; ".join(plain(text) for text in one.provisions))
    question = named(name)
    given = _draw_form(name, question)
    if given is None:
        return
    if lacking := [key for key in _needed(question) if key not in given]:
        names = ", ".join(_named(key) for key in lacking)
        st.warning(f"To ask this, fill in: {names}.", icon=":material/help:")
        return
    try:
        with ledger.connection() as connection:
            read = sizes(positions(connection))
            _draw_answer(connection, question, given)
    except InvalidEventError as error:
        said = plain(str(error).replace("--param ", "").replace("=…", ""))
        st.warning(f"{said}. {plain(error.hint or '')}", icon=":material/help:")
        return
    except LedgerError as error:
        draw_fault(error)
        return
    note_page(ledger, f"question {name}", given)
    footer(ledger, read, [("dashboard", "positions"), *_statement(question)])


@cache
def _label(name: str) -> str:
    numbers = {one.name: f"{one.number}: " for one in catalogue()}
    said = (inspect.getdoc(named(name)) or name).split("\n", 1)[0]
    said = re.sub(r"^Return | \(Q\d+\)|`+|\.$", "", said)
    said = said.replace("bounds.as_of", "a moment")
    return numbers.get(name, "") + said[0].upper() + said[1:]


def _draw_form(name: str, question: Callable[..., Any]) -> dict[str, str] | None:
    """Draw a field for each parameter; return what was given once it is asked."""
    needed = _needed(question)
    with st.form(f"ask {name}"):
        cells = st.container(horizontal=True)
        fields = {
            key: (_named(key) + " (needed)" * (key in needed), _kind(item))
            for key, item in parameters(question).items()
        } | {key: (label, _TIME) for key, label in _TIMES.items()}
        given = {
            key: cells.text_input(label, key=f"{name} {key}", help=kind)
            for key, (label, kind) in fields.items()
        }
        if not st.form_submit_button("Ask", type="primary"):
            return None
    return {key: text.strip() for key, text in given.items() if text.strip()}


def _needed(question: Callable[..., Any]) -> list[str]:
    taken = parameters(question).items()
    return [key for key, item in taken if item.default is item.empty]


def _named(key: str) -> str:
    return key.replace("_", " ")


def _kind(item: inspect.Parameter) -> str:
    annotation = str(item.annotation)
    if annotation.startswith("Sequence[UUID]"):
        return "ids, with commas between them"
    if annotation.startswith("UUID"):
        return "an id, as the other pages show it"
    if annotation.startswith("datetime"):
        return _TIME
    default = "" if item.default in (item.empty, None, "") else f"; else {item.default}"
    return ("a number" if annotation.startswith("int") else "a name or text") + default


def _draw_answer(
    connection: Connection, question: Callable[..., Any], given: Mapping[str, str]
) -> None:
    limits = bounds(given.get("as_of"), given.get("known_as_of"))
    pairs = [f"{key}={text}" for key, text in given.items() if key not in _TIMES]
    asked = ask_bounded(connection, question, arguments(question, pairs, limits))
    found = asked.found
    data = json.loads(to_json(stated(connection, found, limits)))
    drawn = list(blocks(data))
    if not drawn:
        types = " or ".join(f"`{name}`" for name in absent_events(question))
        st.info(f"Nothing matches, or: {NOT_RECORDED}.", icon=":material/inbox:")
        if types:
            st.caption(f"An event {types} would fill the answer.")
    for title, rows in drawn:
        _draw_block(title or "Answer", rows)
    if token := getattr(found, "next_page_token", ""):
        st.caption("There are more rows. For the next page, give as page token:")
        st.code(token, language=None, wrap_lines=True)
    elif asked.cuts:
        said = "; ".join(asked.cuts).replace("-p ", "")
        st.warning(f"Not all is shown. {plain(said)}", icon=":material/content_cut:")
    st.download_button(
        "Download the answer (JSON)",
        to_json(data),
        f"{question.__name__}.json",
        "application/json",
        icon=":material/download:",
    )


def _statement(question: Callable[..., Any]) -> list[tuple[str, str]]:
    """Return the file that a question asks by, where one has its name."""
    package, name = question.__module__.rsplit(".", 1)[0], question.__name__
    asked = files(package).joinpath("sql", f"{name}.sql").is_file()
    return [(package, name)] if asked else []


def _draw_block(title: str, rows: list[dict[str, str]]) -> None:
    if len(rows) == 1:
        table(upright(rows), caption=title)
        return
    more = f" The first {ROWS} of {len(rows)} rows." if len(rows) > ROWS else ""
    table(narrow(rows[:ROWS]), caption=f"{title}: {len(rows)} rows.{more}")


if __name__ == "__main__" and (opened := access()):
    show(opened)
