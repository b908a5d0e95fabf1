"""Pieces that every page shares: escaped text, tables with captions, the footer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import streamlit as st

from dashboard.words import GLOSSARY
from ledger.visible import visible
from projections.statements import sql

if TYPE_CHECKING:
    from dashboard.access import Access

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&=\"'])")
_ADDRESS = re.compile(r"(?i)https?\\:|www")
_ID = re.compile(r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


def plain(value: object) -> str:
    """Return text of an event as Markdown that shows exactly that text.

    Streamlit reads cells and labels as Markdown: without this an event could bring
    links, colours and pictures from elsewhere into the page. Bare addresses become
    links even when escaped, so an invisible character (U+2060) parts them. What of the
    text itself nobody would see, or would turn it around, is shown as its escape.
    """
    escaped = _MARKUP.sub(r"\\\1", visible(str(value).replace("\n", " ")))
    return _ADDRESS.sub("\\g<0>\u2060", escaped)


def event_link(event_id: UUID | str, label: str = "") -> str:
    """Return Markdown that opens an event on the first page, from any page."""
    return f"[{plain(label or event_id)}](./?id={event_id})"


def linked(text: str) -> str:
    """Return text of an event as :func:`plain` does, with each id in it as a link."""
    parts = _ID.split(text)
    return "".join(
        event_link(part) if index % 2 else plain(part)
        for index, part in enumerate(parts)
    )


def table(rows: Sequence[Mapping[str, object]], *, caption: str) -> None:
    """Draw rows as an HTML table whose caption says what it holds.

    Args:
        rows: each with the same keys; text of events must have passed :func:`plain`.
        caption: read aloud for the table, and printed above it.

    Columns that say nothing in any row are left out.
    """
    st.caption(caption)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    st.table(columns, border="horizontal", hide_index=True, alt=caption)


def facts(pairs: Mapping[str, object]) -> None:
    """Draw names and values side by side, four in a row; empty ones as a dash."""
    names = list(pairs)
    for start in range(0, len(names), 4):
        for cell, name in zip(st.columns(4), names[start : start + 4], strict=False):
            value = pairs[name]
            said = plain(value) if value not in (None, "") else "–"
            cell.markdown(f":gray[{name}]  \n**{said}**")


def footer(
    access: Access, read: Mapping[str, int], questions: Sequence[tuple[str, str]]
) -> None:
    """Say at which log position the page was computed, and by which statements.

    Args:
        access: the ledger.
        read: origin → leaves the projections have read.
        questions: package and name of each ``.sql`` file the page asked.
    """
    st.divider()
    places = ", ".join(f"{plain(origin)} {size}" for origin, size in read.items())
    st.caption(
        f"Ledger {plain(access.config.name)} · log position {places or 'none'} · "
        "read-only · times are UTC"
    )
    with st.expander("What do these words mean?"):
        for word, meaning in GLOSSARY.items():
            st.markdown(f"**{word}**: {meaning}")
    with st.expander("How was this computed?"):
        st.markdown(
            f"Ledger id `{access.config.ledger_id.hex()}`. "
            "The page shows the answers of these statements and nothing else:"
        )
        for package, name in questions:
            st.caption(f"{package.replace('.', '/')}/sql/{name}.sql")
            st.code(sql(package, name), language="sql")
