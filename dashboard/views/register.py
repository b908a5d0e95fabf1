"""What is not as it should be, who takes care of it, and until when?"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit as st

from dashboard.connection import access, draw_fault
from dashboard.reading import note_page
from dashboard.standing import clock_time, positions, sizes
from dashboard.upstream import KINDS
from dashboard.widgets import event_link, facts, footer, plain, table
from dashboard.words import LINKS
from ledger import clock
from ledger.errors import LedgerError
from projections.columns import to_time
from projections.controls.known import findings, last_checks
from projections.controls.rulebook import SEVERITIES, rules
from projections.integrity.queries import event_find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from dashboard.access import Access
    from projections.controls.findings import Finding
    from projections.database import Connection

_PACKAGE = "projections.controls"
ASKED = [
    ("dashboard", "positions"),
    (_PACKAGE, "finding_facts"),
    (_PACKAGE, "last_checks"),
    ("projections.integrity", "event_find"),
]
LIMIT, EVENTS = 200, 20
ALL, UNDER_WAY = "all, closed ones too", "open and acknowledged"


def show(ledger: Access) -> None:
    """List findings, the gravest first; show what one means and what to do."""
    st.title("Findings")
    st.markdown("What is not as it should be, who takes care of it, and until when?")
    now, wanted = to_time(clock.now_us()), str(st.query_params.get("finding", ""))
    try:
        with ledger.connection() as connection:
            read = sizes(positions(connection))
            found = findings(connection)
            if one := found.get(wanted):
                _draw_one(connection, one, now)
            _draw_checked(connection)
    except LedgerError as error:
        draw_fault(error)
        return
    if wanted and wanted not in found:
        st.warning(f"No finding has the key {plain(wanted)}.", icon=":material/help:")
    _draw_list(sorted(found.values(), key=_gravity), now)
    note_page(ledger, "findings", {"finding": wanted})
    footer(ledger, read, ASKED)


def _gravity(one: Finding) -> tuple[int, str, str]:
    rank = SEVERITIES.index(one.severity) if one.severity in SEVERITIES else 0
    return (-rank, one.rule or "", one.finding)


def _draw_checked(connection: Connection) -> None:
    checks = last_checks(connection)
    failed = sum(check.error is not None for check in checks.values())
    if not checks:
        st.info(
            "? No control was checked yet: `mlledger control run`. Without it only "
            "findings stand here that people opened."
        )
        return
    newest = clock_time(max(check.time for check in checks.values()))
    st.caption(
        f"{len(checks)} of {len(rules())} controls were checked, the last at {newest}; "
        f"{failed} could not be evaluated. A control finds what it looks for and "
        "nothing else."
    )


def _draw_list(found: Sequence[Finding], now: datetime) -> None:
    which = st.segmented_control("State", [UNDER_WAY, ALL], default=UNDER_WAY)
    shown = [one for one in found if which == ALL or one.state != "closed"]
    if not shown:
        st.markdown("No finding is recorded that is not closed.")
        return
    more = f" The first {LIMIT} of {len(shown)}." if len(shown) > LIMIT else ""
    table(
        [_row(one, now) for one in shown[:LIMIT]],
        caption=f"Findings, the gravest first. A name tells more of it.{more}",
    )


def _row(one: Finding, now: datetime) -> dict[str, str]:
    due = clock_time(one.due) if one.due else "no date"
    return {
        "Severity": plain(one.severity or "not recorded"),
        "Finding": f"[{plain(_title(one))}](?finding={quote(one.finding, safe='')})",
        "About": _about(one),
        "State": plain(one.state.value),
        "Owner": plain(one.owner or "nobody yet"),
        "Due": plain(f"✖ overdue since {due}" if one.is_overdue(now) else due),
    }


def _title(one: Finding) -> str:
    rule = rules().get(one.rule or "")
    return rule.title if rule else one.finding


def _about(one: Finding) -> str:
    name = one.object_name or one.model or one.system_id
    if one.object_id is None:
        return plain(name or "–")
    return event_link(one.object_id, name or str(one.object_id))


def _draw_one(connection: Connection, one: Finding, now: datetime) -> None:
    st.subheader(_title(one))
    if one.cause:
        st.markdown(plain(one.cause))
    with st.container(border=True):
        facts(
            {
                "State": one.state.value,
                "Severity": one.severity,
                "Found by": one.origin,
                "Control": one.rule,
                "Model": one.model,
                "AI system": one.system_id,
                "First opened": clock_time(one.opened_at) if one.opened_at else None,
                "Times opened": one.opened,
                "Owner": one.owner or "nobody yet",
                "Due": clock_time(one.due) if one.due else "no date",
                "Overdue": "yes" if one.is_overdue(now) else "no",
                "Closed": clock_time(one.closed_at) if one.closed_at else None,
                "Why closed": one.reason,
                "Closed by": one.closer,
            }
        )
        st.caption(f"Finding {plain(one.finding)}")
    if rule := rules().get(one.rule or ""):
        st.markdown(f"**What it means.** {plain(rule.means)}")
        st.markdown(f"**What to do.** {plain(rule.do)}")
    st.markdown(f"**About.** {_about(one)}")
    _draw_events(connection, "What shows it", one.evidence)
    _draw_events(connection, "What was recorded of it", one.events)


def _draw_events(connection: Connection, name: str, events: Sequence[UUID]) -> None:
    if events:
        said = [f"- {_event(connection, one)}" for one in events[:EVENTS]]
        more = f"\n\nThe first {EVENTS} of {len(events)}." * (len(events) > EVENTS)
        st.markdown(f"**{name}.**\n" + "\n".join(said) + more)


def _event(connection: Connection, event_id: UUID) -> str:
    found = event_find(connection, event_id)
    if found is None:
        return f"{event_id}: not recorded in the ledger"
    kind = LINKS.get(KINDS.get(found.type, ""), found.type)
    when, who = clock_time(found.time), found.identity
    return event_link(event_id, f"{kind}, {when}, signed as {who}")


if __name__ == "__main__" and (opened := access()):
    show(opened)
