"""Record who reads pages and takes records away, as the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.reports.issue import reading_of
from dashboard.widgets import plain
from projections.reading import Read, record_read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboard.access import Access
    from dashboard.reports.model import Report

NOTED = "noted readings"
UNRECORDED = "unrecorded download"


def note_page(
    access: Access,
    page: str,
    parameters: Mapping[str, str],
    *,
    decision: bytes | None = None,
) -> None:
    """Record that a page was read, once a session for what it showed.

    Only where ``[access] log`` asks for it; what cannot be recorded is shown all the
    same, with a warning.

    Args:
        access: the ledger.
        page: its title.
        parameters: what it was asked for; only their digest is recorded.
        decision: 16 bytes of the decision it shows, if it shows one.
    """
    if not access.config.access.log:
        return
    noted: set[object] = st.session_state.setdefault(NOTED, set())
    key = (page, tuple(sorted(parameters.items())))
    if key in noted:
        return
    read = Read(
        kind="question",
        query=f"page {page}",
        channel="dashboard",
        parameters=parameters,
        decision=decision,
    )
    if warning := record_read(access.config, read):
        st.warning(plain(warning), icon=":material/visibility:")
    else:
        noted.add(key)


def note_download(access: Access, report: Report) -> None:
    """Record that somebody takes a decision's record away; to be called by a widget."""
    st.session_state[UNRECORDED] = record_read(
        access.config, reading_of(report, "dashboard")
    )


def draw_unrecorded() -> None:
    """Say, once, that a download is not on record."""
    if warning := st.session_state.pop(UNRECORDED, ""):
        st.warning(plain(warning), icon=":material/visibility:")
