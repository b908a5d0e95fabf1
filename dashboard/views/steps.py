"""Verification as a person can follow it: step by step, with what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.widgets import plain
from dashboard.words import FAILED, MARKS, STEPS, UNCHECKED
from ledger.errors import LedgerError
from ledger.verification import Step, exit_code

if TYPE_CHECKING:
    from dashboard.access import Access
    from projections.rows import EventPosition

STATES: dict[int, str] = {5: "error", 6: "error"}


def verify_event(ledger: Access, position: EventPosition) -> int:
    """Verify one event from log and public folder, and draw each step."""
    with st.status("Checking the event against the log", expanded=True) as status:
        try:
            with ledger.verifier() as verifier:
                steps = verifier.steps_for_event(
                    origin=position.origin, leaf=position.leaf, index=position.index
                )
        except LedgerError as error:
            status.update(
                label=f"? Could not be checked: {plain(error)}", state="error"
            )
            return error.exit_code
        draw_steps(steps)
        code = exit_code(steps)
        status.update(**ended(code, "The event is in the log as it is shown"))
    return code


def draw_steps(steps: Iterable[Step]) -> None:
    """Draw each step with its mark, and expected, actual and place of a finding."""
    for step in steps:
        meaning = STEPS.get(step.name, step.name)
        st.markdown(
            f"**{MARKS[step.status]}** · {plain(meaning)} :gray[({plain(step.detail)})]"
        )
        if step.is_finding:
            draw_difference(step.place, step.expected, step.actual)


def draw_difference(
    place: str | None, expected: str | None, actual: str | None
) -> None:
    """Draw where something differs, what was expected and what was found."""
    pairs = {"place": place, "expected": expected, "actual": actual}
    said = [f"{name:9} {value}" for name, value in pairs.items() if value]
    if said:
        st.code("\n".join(said), language=None, wrap_lines=True)


def ended(code: int, good: str) -> dict[str, Any]:
    """Return label and state of a status box for an exit code."""
    labels = {0: f"✔ {good}", 5: f"✖ {FAILED}", 6: f"? {UNCHECKED}"}
    label = labels.get(code, f"✔ {good}; its key was suspect at the time")
    return {"label": label, "state": STATES.get(code, "complete"), "expanded": True}
