"""One decision: summary, the chain of evidence, verification, and what to take away."""

from __future__ import annotations

import json as json_module
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import streamlit as st

from dashboard.links import line_of
from dashboard.reading import draw_unrecorded, note_download
from dashboard.reports.decision_record import record_of
from dashboard.reports.issue import digest_of
from dashboard.reports.render import to_html
from dashboard.standing import clock_time
from dashboard.views.chain_table import draw_links
from dashboard.views.decision_list import open_decision
from dashboard.views.steps import draw_difference, draw_steps, ended
from dashboard.widgets import facts, plain
from dashboard.words import LINKS, MARKS, marked
from ledger import clock
from ledger.errors import LedgerError
from ledger.output import format_time, to_json
from projections.chain import Chain, Link, decision_chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.access import Access
    from dashboard.reports.model import Report
    from projections.database import Connection
    from projections.decisions.queries import Decision

RESTS_ON = (
    "What the decision rests on, from the decision back to the sources of the data. "
    "Every line is one event in the log; its name opens it."
)
CHECKED = "checked chains"
RECORDS = "records of chains"


def draw_chain(ledger: Access, connection: Connection, row: Decision) -> None:
    """Draw a decision and everything recorded about how it came to be."""
    chain = _checked(row.event_id) or decision_chain(connection, row.event_id)
    _draw_summary(row)
    asked, html, json = st.columns([1, 1, 1], vertical_alignment="bottom")
    wants = asked.button(
        "Verify now",
        type="primary",
        icon=":material/verified_user:",
        width="stretch",
        help="reads every event of the chain again from the log and compares",
    )
    if wants:
        chain = _verify(ledger, connection, row) or chain
    report = _record(ledger, connection, chain)
    _draw_downloads(ledger, report, html, json)
    draw_unrecorded()
    _draw_outcome(chain, report.verification)
    shown, raw = st.tabs(["Evidence chain", "All fields (JSON)"])
    with shown:
        draw_links(chain.links, RESTS_ON)
    with raw:
        _draw_raw(chain)


def _checked(event_id: UUID) -> Chain | None:
    """Return the chain as it was verified last in this session."""
    return st.session_state.setdefault(CHECKED, {}).get(event_id)


def _draw_summary(row: Decision) -> None:
    model = f"{row.model} @ {row.version}" if row.model else None
    with st.container(border=True):
        facts(
            {
                "Outcome": row.output,
                "Model": model,
                "Environment": row.environment,
                "Made at (claimed)": clock_time(row.time),
                "Sealed at": clock_time(row.sealed_at),
                "Part of the model": row.mode.replace("_", " "),
                "What answered": row.path,
                "Use": row.use,
                "To the person's disadvantage": _yes_no(row.adverse),
                "Reason codes": ", ".join(row.reason_codes),
                "AI system": row.system_id,
                "Signed as": row.identity,
            }
        )
        st.caption(f"Decision {row.event_id} · {plain(row.evidence)}")
        if row.replaces_decision_id:
            st.button(
                f"Replaces decision {row.replaces_decision_id}",
                type="tertiary",
                on_click=open_decision,
                args=(row.replaces_decision_id,),
            )


def _verify(ledger: Access, connection: Connection, row: Decision) -> Chain | None:
    label = "Reading log and published tree again, and comparing"
    with st.status(label, expanded=True) as status:
        try:
            with ledger.verifier() as verifier:
                st.markdown("##### The decision's own record")
                with st.container(gap="xsmall"):
                    draw_steps(
                        verifier.steps_for_event(
                            origin=row.origin, leaf=row.leaf, index=row.idx
                        )
                    )
                st.markdown("##### What the decision rests on")
                chain = decision_chain(connection, row.event_id, verifier=verifier)
        except LedgerError as error:
            status.update(
                label=f"? Could not be checked: {plain(error)}", state="error"
            )
            return None
        with st.container(gap="xsmall"):
            for link in chain.links:
                _draw_link(link)
        good = f"{_recorded(chain)} links verified against the log"
        status.update(**ended(chain.exit_code, good))
    st.session_state[CHECKED][row.event_id] = chain
    return chain


def _recorded(chain: Chain) -> int:
    return sum(link.missing is None for link in chain.links)


def _draw_link(link: Link) -> None:
    name = LINKS.get(link.kind, link.kind)
    if link.missing:
        st.markdown(f"– {name}: not recorded")
        return
    title = plain(line_of(link))
    st.markdown(f"**{MARKS[link.integrity]}** · {name}: {title}")
    if link.integrity != "verified":
        if link.reason:
            st.markdown(plain(link.reason))
        draw_difference(link.place, link.expected, link.actual)


def _draw_outcome(chain: Chain, sentence: str) -> None:
    said = marked(sentence)
    if not chain.verified:
        st.info(f"{said} Press *Verify now* to do it.")
    elif chain.exit_code == 5:
        st.error(said)
    elif chain.exit_code == 6:
        st.warning(said)
    else:
        st.success(said)


def _record(ledger: Access, connection: Connection, chain: Chain) -> Report:
    """Return the record as it was first made for what is shown, so that files agree."""
    made: dict[object, Report] = st.session_state.setdefault(RECORDS, {})
    key = (id(chain) if chain.verified else None, chain.decision_id)
    if key not in made:
        now = format_time(clock.now_us()) or ""
        made[key] = record_of(ledger, connection, chain, created_at=now)
    return made[key]


def _draw_downloads(ledger: Access, report: Report, html: Any, json: Any) -> None:
    content = report.to_json()
    page = to_html(report, digest=digest_of(content)).encode()
    name, taken = f"{report.report}-{report.subject}", partial(note_download, ledger)
    files = ((html, "HTML", page), (json, "JSON", content))
    for cell, form, data in files:
        label = f"Download evidence ({form})"
        _draw_download(
            cell, label, data, f"{name}.{form.lower()}", partial(taken, report)
        )


def _draw_download(
    cell: Any, label: str, content: bytes, name: str, taken: Callable[[], None]
) -> None:
    cell.download_button(
        label,
        content,
        name,
        "text/html" if name.endswith("html") else "application/json",
        icon=":material/download:",
        on_click=taken,
        width="stretch",
    )


def _draw_raw(chain: Chain) -> None:
    st.caption("The events of the chain as they were projected; no personal payload.")
    for link in chain.links:
        if link.missing is None:
            label = f"{LINKS.get(link.kind, link.kind)} · {link.type} · {link.event_id}"
            with st.expander(plain(label)):
                st.code(pretty(link), language="json")


def pretty(link: Link) -> str:
    """Return a link as indented JSON."""
    return json_module.dumps(json_module.loads(to_json(link)), indent=2)


def _yes_no(value: bool | None) -> str | None:  # noqa: FBT001  one value, printed
    return None if value is None else "yes" if value else "no"
