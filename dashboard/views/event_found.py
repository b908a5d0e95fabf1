"""One event that is no decision: what was signed, and what it rests on."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from dashboard.links import short
from dashboard.reports.render import shown
from dashboard.standing import clock_time
from dashboard.upstream import KINDS, upstream
from dashboard.views.chain_table import draw_links
from dashboard.views.decision_list import draw_list
from dashboard.views.steps import verify_event
from dashboard.widgets import facts, linked, plain, table
from dashboard.words import FAILED, LINKS
from ledger.codec import to_json
from ledger.errors import LedgerError, UnknownEventTypeError
from ledger.events.base import event_class

if TYPE_CHECKING:
    from dashboard.access import Access
    from projections.database import Connection
    from projections.integrity.queries import Event

_SHOWN_ABOVE = {"id", "time", "basis"}
_NOTHING: tuple[object, ...] = (None, "", [], {})


def draw_event(ledger: Access, connection: Connection, event: Event) -> None:
    """Draw an event, the events it rests on, and the decisions that rest on it."""
    st.subheader(LINKS.get(KINDS.get(event.type, ""), event.type))
    st.markdown(_meaning(event.type))
    with st.container(border=True):
        facts(
            {
                "Type": event.type,
                "Happened (claimed)": clock_time(event.time),
                "Sealed": clock_time(event.sealed_at),
                "Signed as": event.identity,
                "How it is known": event.basis,
                "Place in the log": f"{event.origin} leaf {event.leaf}",
            }
        )
    if st.button("Verify now", type="primary", icon=":material/verified_user:"):
        verify_event(ledger, event.evidence)
    _draw_fields(ledger, event)
    if links := upstream(connection, event):
        st.subheader("What it rests on")
        draw_links(links, "Back to the sources of the data. A name opens the event.")
    if event.type == "registry.release.created":
        draw_list(connection, release=event.event_id)
    elif event.type == "serving.deployment.activated":
        draw_list(connection, deployment=event.event_id)


def _meaning(type_name: str) -> str:
    """Return what a type of event says, in the first words of its schema."""
    try:
        said = inspect.getdoc(event_class(type_name)) or ""
    except UnknownEventTypeError:
        return "A type of event that this version does not know."
    return plain(said.split("\n\n", 1)[0])


def _draw_fields(ledger: Access, event: Event) -> None:
    """Draw what was signed, read from the log: the database need not be believed."""
    at = event.evidence
    try:
        with ledger.verifier() as verifier:
            found = verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
    except LedgerError as error:
        if error.exit_code == 5:
            st.error(f"✖ {FAILED} {plain(error)}")
        else:
            st.warning(f"? What was signed could not be read: {plain(error)}")
        return
    signed = to_json(found.decoded)
    rows = [
        {"Field": plain(name.replace("_", " ")), "What was signed": linked(text)}
        for name, text in _said(signed)
    ]
    if rows:
        table(rows, caption="What was signed. An id opens the event it names.")
    with st.expander("All of it, as read from the log (JSON)"):
        st.code(json.dumps(signed, indent=2), language="json")


def _said(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return names and values of fields that say something, in one line each."""
    for name, value in fields.items():
        said = _recorded(value)
        if name == "meta":
            yield from _said({k: v for k, v in said.items() if k not in _SHOWN_ABOVE})
        elif said not in _NOTHING:
            yield name, short(shown(said)).replace("\n", "; ")


def _recorded(value: Any) -> Any:
    """Return a value without the parts of it that nothing was said in."""
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        kept = {name: _recorded(one) for name, one in pairs}
        return {name: one for name, one in kept.items() if one not in _NOTHING}
    if isinstance(value, list):
        return [_recorded(one) for one in cast("list[Any]", value)]
    return value
