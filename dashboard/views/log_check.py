"""Check the whole log from the page, as ``mlledger verify log`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.links import short
from dashboard.views.steps import draw_steps, ended
from dashboard.widgets import plain, table
from dashboard.words import MARKS
from ledger.errors import LedgerError
from ledger.verification import Step, exit_code, terms_of, verify_log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboard.access import Access

REFRESH = 200


def draw_log_check(ledger: Access) -> int | None:
    """Draw the button, and when it is pressed the check and every step of it.

    Returns:
        The exit code of the check; None when it was not asked for.
    """
    st.subheader("The whole log")
    st.markdown(
        "Recomputes policy, checkpoints, tiles, record hashes, signatures and verdicts "
        "from the log and the published tree alone; no database is asked."
    )
    if not st.button("Check the whole log now", icon=":material/fact_check:"):
        return None
    with st.status("Checking the whole log", expanded=True) as status:
        try:
            steps = _check(ledger)
        except LedgerError as error:
            label = f"? Could not be checked: {plain(error)}"
            status.update(label=label, state="error")
            return error.exit_code
        _draw(steps)
        good = (
            f"{len(steps)} checks hold; ledger id {ledger.config.ledger_id.hex()[:12]}…"
        )
        code = exit_code(steps)
        status.update(**ended(code, good))
    return code


def _check(ledger: Access) -> list[Step]:
    line = st.empty()
    with ledger.log() as log:
        steps = verify_log(
            log=log,
            public=ledger.public,
            ledger_id=ledger.config.ledger_id,
            progress=_counter(line.markdown),
            terms=terms_of(ledger.config),
        )
    line.empty()
    return steps


def _counter(say: Callable[[str], object]) -> Callable[[int], None]:
    """Return a function that says, now and then, how many entries were checked."""
    done = shown = 0

    def advance(leaves: int) -> None:
        nonlocal done, shown
        done += leaves
        if done >= shown + REFRESH:
            shown = done
            say(f"{done} entries checked")

    return advance


def _draw(steps: Sequence[Step]) -> None:
    draw_steps(step for step in steps if step.is_finding)
    table(
        [
            {
                "Check": MARKS[step.status],
                "What": plain(step.name),
                "Found": plain(short(step.detail)),
                "Place": plain(step.place or ""),
            }
            for step in steps
        ],
        caption="Steps of the check, in order",
    )
