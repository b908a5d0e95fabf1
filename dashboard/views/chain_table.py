"""The chain of evidence as a table: each line one event, and a way to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.links import line_of
from dashboard.standing import clock_time
from dashboard.widgets import event_link, plain, table
from dashboard.words import LINKS, MARKS

if TYPE_CHECKING:
    from projections.chain import Link


def draw_links(links: Sequence[Link], caption: str) -> None:
    """Draw links and gaps, and which events would fill the gaps."""
    table([_row(link) for link in links], caption=caption)
    if missing := sorted({link.missing for link in links if link.missing}):
        st.caption(
            "Not recorded in the ledger; would be filled by: "
            + ", ".join(f"`{name}`" for name in missing)
        )


def _row(link: Link) -> dict[str, str]:
    name = LINKS.get(link.kind, link.kind)
    if link.missing:
        blank = {"When (claimed, UTC)": "–", "Signed as": "–", "Place in the log": "–"}
        said = f"*{link.title}*" + (f": {plain(link.reason)}" if link.reason else "")
        return {"Link": name, "What is recorded": said, **blank, "Check": "– gap"}
    when = clock_time(link.time).removesuffix(" UTC")
    return {
        "Link": event_link(link.event_id, name) if link.event_id else name,
        "What is recorded": plain(line_of(link)),
        "When (claimed, UTC)": plain(when),
        "Signed as": plain(link.identity or "–"),
        "Place in the log": plain(_place(link)),
        "Check": MARKS[link.integrity],
    }


def _place(link: Link) -> str:
    if link.position is None:
        return "–"
    tail = link.position.origin.rsplit("/", 1)[-1]
    return f"{tail} leaf {link.position.leaf} event {link.position.index}"
