"""Can the record be trusted today: what is missing, refused, silent?"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.connection import access, draw_fault
from dashboard.reading import note_page
from dashboard.standing import (
    WITNESSES,
    Standing,
    age,
    clock_time,
    matched_to,
    positions,
    sizes,
    standings,
)
from dashboard.views.findings import Findings, draw_findings, findings, state_of
from dashboard.views.log_check import draw_log_check
from dashboard.widgets import footer, plain, table
from dashboard.words import FAILED, RECORDED, UNCHECKED
from ledger import clock
from ledger.errors import EvidenceError, LedgerError, UnavailableError
from projections.columns import to_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboard.access import Access
    from dashboard.standing import Position

# Numbers that somebody has to explain when they are not 0, and where they are told.
_EXPLAINED = {
    "Refused records": "refused",
    "Known gaps": "gaps",
    "Silent streams": "streams",
    "Conflicts": "conflicts",
    "Undeclared use": "use",
}
_PACKAGE = "projections.integrity"
ASKED = [
    ("dashboard", "positions"),
    *(
        (_PACKAGE, name)
        for name in (
            "leaf_counts",
            "row_counts",
            "quarantine",
            "gaps",
            "streams",
            "conflicts",
            "unreadable",
            "consumers",
            "consumer_coverage",
        )
    ),
]


def show(ledger: Access) -> None:
    """Show how log, published tree and database stand, and what needs explaining."""
    st.title("Integrity")
    st.markdown(
        "Does what is shown match the log, and is anything known to be missing?"
    )
    now = to_time(clock.now_us())
    try:
        with ledger.connection() as connection:
            found = positions(connection)
            said = findings(connection, now=now)
    except LedgerError as error:
        draw_fault(error)
        draw_log_check(ledger)
        return
    stands, witnesses = _standings(ledger, found)
    head = st.container()
    _draw_numbers(said, stands)
    _draw_origins(stands, said, now=now)
    checked = draw_log_check(ledger)
    with head:
        _draw_headline(stands, said, checked, witnesses)
    draw_findings(said, now=now)
    note_page(ledger, "integrity", {})
    footer(ledger, sizes(found), ASKED)


def _standings(
    ledger: Access, found: Sequence[Position]
) -> tuple[list[Standing] | None, str]:
    """Compare with the signed tree; draw why not, with None, when that fails.

    The text says how many witnesses there are.
    """
    try:
        with ledger.verifier() as verifier:
            control = verifier.control
            stands = standings(found, public=ledger.public, control=control)
            return stands, ledger.witnesses(control)
    except UnavailableError as error:
        st.warning(f"? The log is away, nothing was compared with it: {plain(error)}")
    except EvidenceError as error:
        mark = "✖ " + FAILED if error.exit_code == 5 else "? Could not be checked:"
        st.error(f"{mark} {plain(error)}")
    return None, WITNESSES


def _draw_headline(
    stands: Sequence[Standing] | None,
    said: Findings,
    checked: int | None,
    witnesses: str,
) -> None:
    """Say how things stand; ``checked`` is the exit code of the check of the log."""
    if stands is None:
        return
    differ = any(row.events != row.rows for row in said.rows)
    if checked == 5 or differ or any(stand.is_contradiction for stand in stands):
        st.error(f"✖ {FAILED}")
    elif checked == 6:
        st.warning(f"? {UNCHECKED}")
    elif any(stand.fault for stand in stands):
        st.warning("? Not everything could be compared; see the table.")
    elif not any(stand.projected for stand in stands):
        st.info("? Nothing is projected yet: run `mlledger worker --once`.")
    else:
        what = "the published tree" if checked is None else "the log"
        match = f"matches {what} to {clock_time(matched_to(stands))}; {witnesses}"
        st.success(f"✔ What is shown {match}. {RECORDED}")
    st.caption(
        "Compared at once: the root of each origin's published, signed tree with the "
        "root the database has at its position, and the number of rows. "
        "*Check the whole log now* recomputes everything from the log; a decision's "
        "*Verify now* compares its rows."
    )


def _draw_numbers(said: Findings, stands: Sequence[Standing] | None) -> None:
    behind = sum(stand.behind for stand in stands or ())
    numbers = {
        "Events": sum(row.events for row in said.leaves),
        "Sealed, not projected": "?" if stands is None else behind,
        "Refused records": sum(row.quarantined for row in said.leaves),
        "Known gaps": len(said.gaps),
        "Silent streams": sum(state_of(row) == "silent" for row in said.streams),
        "Conflicts": len(said.conflicts),
        "Undeclared use": sum(row.undeclared > 0 for row in said.consumers),
    }
    for cell, (name, value) in zip(
        st.columns(len(numbers)), numbers.items(), strict=True
    ):
        cell.metric(name, f"{value:,}" if isinstance(value, int) else value)
    open_ = [
        f"[{name.lower()} {numbers[name]}](#{anchor})"
        for name, anchor in _EXPLAINED.items()
        if numbers[name]
    ]
    if open_:
        st.markdown(f"✖ Needs explaining: {', '.join(open_)}.")


def _draw_origins(
    stands: Sequence[Standing] | None, said: Findings, *, now: datetime
) -> None:
    if stands is None:
        return
    st.subheader("Origins")
    counted = {row.origin: (row.events, row.rows) for row in said.rows}
    table(
        [
            _origin_row(stand, counted.get(stand.origin, (0, 0)), now)
            for stand in stands
        ],
        caption="Each origin is a log of its own with a signed tree. Its checkpoint "
        "is as old as the last entry under it. Events and rows: how many events its "
        "entries hold, and how many of them the database has.",
    )


def _origin_row(
    stand: Standing, counted: tuple[int, int], now: datetime
) -> dict[str, str]:
    last = clock_time(stand.sealed_at)
    if stand.sealed_at:
        last += f" ({age(stand.sealed_at, now=now)})"
    events, rows = counted
    same = "=" if events == rows else "≠"
    return {
        "Origin": plain(stand.origin),
        "Sealed entries": "?" if stand.sealed is None else str(stand.sealed),
        "Last checkpoint": plain(last),
        "Projected": str(stand.projected),
        "Projected to": plain(clock_time(stand.projected_at)),
        "Events and rows": f"{events} {same} {rows}",
        "Check": _check(stand, is_equal=events == rows),
    }


def _check(stand: Standing, *, is_equal: bool) -> str:
    if stand.fault:
        return f"{'✖ failed' if stand.is_contradiction else '? not checked'}: " + plain(
            stand.fault
        )
    if not is_equal:
        return "✖ failed: events and rows differ in number"
    if not stand.projected:
        return "– nothing yet"
    return "✔ roots equal" + (f", {stand.behind} behind" if stand.behind else "")


if __name__ == "__main__" and (opened := access()):
    show(opened)
