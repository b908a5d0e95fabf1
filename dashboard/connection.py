"""The pages' way to the ledger, and what they draw when there is none."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.access import Access
from ledger.config import find_home, load_config
from ledger.errors import DatabaseUnavailableError, LedgerError
from projections.database import Database


@st.cache_resource(show_spinner="Opening the ledger")
def _open(home: str) -> Access:
    config = load_config(Path(home))
    return Access(config, Database.open(config))


def access() -> Access | None:
    """Return the ledger's access, or draw why there is none and return None."""
    try:
        return _open(str(find_home()))
    except DatabaseUnavailableError as error:
        st.title("No database")
        draw_away(error)
    except LedgerError as error:
        st.title("No ledger")
        st.warning(f"No ledger to show: {error}", icon=":material/info:")
        st.markdown(
            "1. `mlledger init` makes a ledger in this folder\n"
            "2. `mlledger worker` seals and projects it\n"
            "3. or `mlledger demo` fills one with a worked example"
        )
    return None


def draw_fault(error: LedgerError) -> None:
    """Say what a page could not do: the database away, or another fault."""
    if isinstance(error, DatabaseUnavailableError):
        draw_away(error)
        return
    st.warning(f"This page has no answer yet: {error}", icon=":material/info:")
    if error.hint:
        st.caption(error.hint)


def draw_away(error: LedgerError) -> None:
    """Say that the database is away, and what still holds."""
    st.error(f"The database is away: {error}", icon=":material/cloud_off:")
    st.caption(
        "Nothing is lost: events wait in the log and are projected when it is back. "
        "`mlledger verify log` checks the log itself and needs no database."
    )


def readiness() -> dict[str, str]:
    """Return ``ok`` or what is wrong, for configuration and for the database."""
    try:
        config = load_config()
    except LedgerError as error:
        return {"configuration": str(error)}
    parts = {"configuration": "ok", "database": "ok"}
    try:
        with Database.open(config) as database:
            database.connect("auditor").close()
    except LedgerError as error:
        parts["database"] = str(error)
    return parts
