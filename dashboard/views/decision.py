"""Why was this decision made, by what, and on which data?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import streamlit as st

from dashboard.connection import access, draw_fault
from dashboard.reading import note_page
from dashboard.standing import positions, sizes
from dashboard.views.decision_chain import draw_chain
from dashboard.views.decision_found import draw_candidates, draw_not_found
from dashboard.views.decision_list import draw_list
from dashboard.views.event_found import draw_event
from dashboard.widgets import footer
from ledger.errors import LedgerError
from projections.decisions.queries import decision_find
from projections.integrity.queries import event_find

if TYPE_CHECKING:
    from dashboard.access import Access
    from projections.database import Connection

CHAIN = [("dashboard", "positions"), ("projections", "chain_rows")]
LIST = [("dashboard", "positions"), ("projections.decisions", "decision_list")]


def show(ledger: Access) -> None:
    """Ask for a decision; show what was recorded about it, and check it on demand."""
    st.title("Decision")
    st.markdown("Why was this decision made, by what, and on which data?")
    wanted = st.text_input(
        "Find by id",
        key="id",
        bind="query-params",
        type="search",
        placeholder="id of a decision, of a case, or of any other event",
        help="8-4-4-4-12 hexadecimal digits; leave empty for the latest decisions",
    )
    try:
        with ledger.connection() as connection:
            read = sizes(positions(connection))
            asked = _draw(ledger, connection, (wanted or "").strip())
    except LedgerError as error:
        draw_fault(error)
        return
    if CHAIN[1] not in asked:
        note_page(ledger, "decision", {"id": (wanted or "").strip()})
    footer(ledger, read, asked)


def _draw(ledger: Access, connection: Connection, wanted: str) -> list[tuple[str, str]]:
    if not wanted:
        draw_list(connection)
        return LIST
    try:
        identifier = UUID(wanted)
    except ValueError:
        st.warning(
            "This is not an id: an id has 8-4-4-4-12 hexadecimal digits.",
            icon=":material/help:",
        )
        return []
    found = decision_find(connection, identifier)
    if len(found) == 1:
        draw_chain(ledger, connection, found[0])
        one = found[0].event_id
        note_page(ledger, "decision", {"id": str(one)}, decision=one.bytes)
        return [*CHAIN, ("projections.decisions", "decision_find")]
    if found:
        draw_candidates(found, f"Decisions of case {identifier}, newest first")
        return [("projections.decisions", "decision_find")]
    if event := event_find(connection, identifier):
        draw_event(ledger, connection, event)
        return [("projections.integrity", "event_find"), *LIST]
    draw_not_found(ledger, connection, identifier)
    return [
        ("projections.decisions", "decision_find"),
        ("projections.integrity", "event_find"),
    ]


if __name__ == "__main__" and (opened := access()):
    show(opened)
