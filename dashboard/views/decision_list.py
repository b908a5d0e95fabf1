"""The latest decisions, page by page; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast
from uuid import UUID

import streamlit as st

from dashboard.standing import clock_time
from projections.decisions.queries import Decision, decision_list

if TYPE_CHECKING:
    from projections.database import Connection

PAGE = 25
TABLE = "decisions"


def draw_list(
    connection: Connection,
    *,
    release: UUID | None = None,
    deployment: UUID | None = None,
) -> None:
    """Draw one page of decisions, newest first; the URL holds the place."""
    found = decision_list(
        connection,
        release=release,
        deployment=deployment,
        before=_cursor(),
        limit=PAGE + 1,
    )
    if not found and (release or deployment):
        st.markdown("No decision of it is recorded.")
        return
    if not found:
        _draw_none()
        return
    of = " by this release" if release else " by this deployment" if deployment else ""
    st.subheader(("Latest" if _cursor() is None else "Earlier") + f" decisions{of}")
    draw_decisions(found[:PAGE], "Decisions, newest first. Select a row to open it.")
    _draw_pager(found)


def draw_decisions(decisions: Sequence[Decision], caption: str) -> None:
    """Draw decisions as rows to choose from."""
    st.caption(caption)
    columns = {
        "Made at (UTC)": [
            clock_time(row.time).removesuffix(" UTC") for row in decisions
        ],
        "Outcome": [row.output or "–" for row in decisions],
        "Model": [_model(row) for row in decisions],
        "Environment": [row.environment or "–" for row in decisions],
        "Use": [row.use or "–" for row in decisions],
        "Decision id": [str(row.event_id) for row in decisions],
    }
    ids = [row.event_id for row in decisions]
    st.dataframe(
        columns,
        hide_index=True,
        width="stretch",
        height="content",
        key=TABLE,
        on_select=partial(_open_selected, ids),
        selection_mode="single-row",
        alt=caption,
    )


def _open_selected(ids: Sequence[UUID]) -> None:
    rows = cast("list[int]", st.session_state[TABLE]["selection"]["rows"])
    if rows:
        open_decision(ids[rows[0]])


def open_decision(event_id: UUID) -> None:
    """Go to a decision, as if its id had been typed; to be called by a widget."""
    st.session_state["id"] = str(event_id)
    st.query_params.pop("before", None)


def _draw_pager(found: Sequence[Decision]) -> None:
    row = st.container(horizontal=True)
    if _cursor() is not None and row.button("Newest", icon=":material/first_page:"):
        del st.query_params["before"]
        st.rerun()
    if len(found) > PAGE and row.button("Earlier", icon=":material/chevron_right:"):
        last = found[PAGE - 1]
        st.query_params["before"] = f"{last.time.isoformat()}~{last.event_id}"
        st.rerun()


def _cursor() -> tuple[datetime, UUID] | None:
    """Return where the page begins; a place that does not parse is the newest."""
    time, _, event_id = str(st.query_params.get("before", "")).partition("~")
    try:
        return datetime.fromisoformat(time), UUID(event_id)
    except ValueError:
        return None


def _draw_none() -> None:
    st.info("No decision is recorded yet.", icon=":material/inbox:")
    st.markdown(
        "1. Record one where the model answers: `@lg.decision(deployment=…)`, or "
        "`mlledger emit prediction.decision.recorded`\n"
        "2. `mlledger worker` seals what was recorded and brings it here\n"
        "3. or `mlledger demo` fills a ledger with a worked example"
    )


def _model(row: Decision) -> str:
    return f"{row.model} @ {row.version}" if row.model else "not recorded"
