"""Pieces that every page shares: escaped text, tables with captions, the footer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from projections.statements import sql

if TYPE_CHECKING:
    from dashboard.access import Access

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&=\"'])")


def plain(value: object) -> str:
    """Return text of an event as Markdown that shows exactly that text.

    Streamlit reads cells and labels as Markdown: without this an event could bring
    links, colours and pictures from elsewhere into the page.
    """
    return _MARKUP.sub(r"\\\1", str(value)).replace("\n", " ")


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
    with st.expander("How was this computed?"):
        st.markdown(
            f"Ledger id `{access.config.ledger_id.hex()}`. "
            "The page shows the answers of these statements and nothing else:"
        )
        for package, name in questions:
            st.caption(f"{package.replace('.', '/')}/sql/{name}.sql")
            st.code(sql(package, name), language="sql")
