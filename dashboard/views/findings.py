"""What needs explaining: refusals, gaps, silent streams, conflicts, consumers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.links import short
from dashboard.standing import age, clock_time
from dashboard.widgets import plain, table
from projections.integrity import queries

if TYPE_CHECKING:
    from projections.database import Connection

LIMIT = 100
_ORDER = ("silent", "open", "closed")
_STATES = {"silent": "✖ silent", "open": "✔ open", "closed": "– closed"}
SILENT = (
    "A stream is silent when nothing came for three heartbeats and it was not closed: "
    "its process may have died with events unsent. Silent first."
)
BLIND = "What this evidence cannot see: any reader, until somebody looks."


@dataclass(frozen=True, slots=True)
class Findings:
    """What the database says about the record itself."""

    leaves: list[queries.LeafCount]
    rows: list[queries.RowCount]
    refusals: list[queries.Refusal]
    gaps: list[queries.Gap]
    streams: list[queries.Stream]
    conflicts: list[queries.Conflict]
    unreadable: list[queries.Unreadable]
    consumers: list[queries.Consumer]
    coverage: list[queries.ConsumerCoverage]


def findings(connection: Connection, *, now: datetime) -> Findings:
    """Ask everything in one snapshot."""
    return Findings(
        leaves=queries.leaf_counts(connection),
        rows=queries.row_counts(connection),
        refusals=queries.quarantine(connection, limit=LIMIT),
        gaps=queries.gaps(connection),
        streams=queries.streams(connection, now=now),
        conflicts=queries.conflicts(connection),
        unreadable=queries.unreadable(connection, limit=LIMIT),
        consumers=queries.consumers(connection),
        coverage=queries.consumer_coverage(connection),
    )


def draw_findings(said: Findings, *, now: datetime) -> None:
    """Draw each kind under its heading; an empty one says over what range."""
    span = ", ".join(f"{row.origin} 0–{row.last_leaf}" for row in said.leaves) or "none"
    _draw_refusals(said, span)
    _draw_gaps(said.gaps, span)
    _draw_streams(said.streams, now)
    _draw_conflicts(said.conflicts, span)
    _draw_consumers(said.consumers, said.coverage)


def _none(what: str, span: str) -> None:
    st.markdown(f"{what} among positions {plain(span)}.")


def _draw_refusals(said: Findings, span: str) -> None:
    st.subheader("Refused records (quarantine)", anchor="refused")
    if not said.refusals and not said.unreadable:
        _none("No record was refused", span)
        return
    rows = [
        {
            "Sealed at": plain(clock_time(row.sealed_at)),
            "Place": plain(f"{row.origin} leaf {row.leaf}, offset {row.log_offset}"),
            "Why": plain(f"{row.word} ({row.verdict})"),
            "Signing key": plain(row.key_fp.hex()[:12] if row.key_fp else "–"),
        }
        for row in said.refusals
    ]
    rows += [
        {
            "Sealed at": plain(clock_time(row.sealed_at)),
            "Place": plain(f"{row.origin} leaf {row.leaf} event {row.idx}"),
            "Why": plain(f"accepted, but makes no rows: {row.reason}"),
            "Signing key": "–",
        }
        for row in said.unreadable
    ]
    more = (
        f" At most the newest {LIMIT} of each are shown." if len(rows) >= LIMIT else ""
    )
    table(
        rows,
        caption=f"Records that are in the log and count for nothing, and why.{more}",
    )


def _draw_gaps(gaps: Sequence[queries.Gap], span: str) -> None:
    st.subheader("Known gaps", anchor="gaps")
    if not gaps:
        _none("No gap is known", span)
        return
    table(
        [
            {
                "Kind": plain(row.kind),
                "Sealed at": plain(clock_time(row.sealed_at)),
                "Place": plain(f"{row.origin} leaf {row.leaf}"),
                "Missing": plain(_missing(row)),
                "Cause": plain(row.cause or "–"),
                "Declared by": plain(row.declared_by or "–"),
            }
            for row in gaps
        ],
        caption="Holes that the log shows, and losses that producers declared.",
    )


def _missing(row: queries.Gap) -> str:
    span = "" if row.first is None else f" ({row.first} to {row.last})"
    return f"{'?' if row.count is None else row.count}{span}"


def _draw_streams(streams: Sequence[queries.Stream], now: datetime) -> None:
    st.subheader("Producers' streams", anchor="streams")
    if not streams:
        st.markdown("No producer has opened a stream yet.")
        return
    live = [row for row in streams if state_of(row) != "closed"]
    ended = [row for row in streams if state_of(row) == "closed"]
    if live:
        live.sort(key=lambda row: _ORDER.index(state_of(row)))
        _stream_table(live[:LIMIT], now, SILENT)
    else:
        st.markdown("Every stream was closed in order.")
    if ended:
        newest = f"the newest {LIMIT} of " if len(ended) > LIMIT else ""
        with st.expander(f"Closed streams: {newest}{len(ended)}"):
            caption = "Streams whose producer said that it ended."
            _stream_table(ended[:LIMIT], now, caption)


def _stream_table(
    streams: Sequence[queries.Stream], now: datetime, caption: str
) -> None:
    table(
        [
            {
                "State": _STATES[state_of(row)],
                "Producer": plain(row.identity or "unknown"),
                "Host": plain(row.host or "–"),
                "Origin": plain(row.origin),
                "Events": str(row.events),
                "Last heard of": plain(_heard(row, now)),
                "Heartbeat": f"{row.heartbeat_s} s" if row.heartbeat_s else "none",
            }
            for row in streams
        ],
        caption=caption,
    )


def state_of(row: queries.Stream) -> str:
    """Return silent, open or closed; who promised no heartbeat is never silent."""
    if row.state == "silent" and not row.heartbeat_s:
        return "open"
    return row.state if row.state in _ORDER else "open"


def _heard(row: queries.Stream, now: datetime) -> str:
    return f"{clock_time(row.last_sealed_at)} ({age(row.last_sealed_at, now=now)})"


def _draw_conflicts(conflicts: Sequence[queries.Conflict], span: str) -> None:
    st.subheader("Conflicts", anchor="conflicts")
    if not conflicts:
        _none("No name stands for two things", span)
        return
    table(
        [
            {
                "Kind": plain(row.kind),
                "Name": plain(row.name),
                "First": plain(short(f"{row.origin} leaf {row.leaf}: {row.digest}")),
                "Other": plain(
                    short(
                        f"{row.other_origin} leaf {row.other_leaf}: {row.other_digest}"
                    )
                ),
            }
            for row in conflicts[:LIMIT]
        ],
        caption="One id or label that stands for two contents; both are kept.",
    )


def _draw_consumers(
    consumers: Sequence[queries.Consumer],
    coverage: Sequence[queries.ConsumerCoverage],
) -> None:
    st.subheader("Who uses the outputs", anchor="use")
    if not consumers:
        st.markdown("No consumer was declared and none was observed.")
    else:
        table(
            [_consumer_row(row) for row in consumers[:LIMIT]],
            caption="Declared contracts and observed reads, undeclared use first.",
        )
    for row in coverage:
        st.caption(_coverage(row))
    if not coverage:
        st.caption(
            f"Nobody has looked for readers yet: `mlledger consumer scan`. {BLIND}"
        )


def _coverage(row: queries.ConsumerCoverage) -> str:
    spots = plain("; ".join(row.blind_spots) or "not recorded")
    times = "once" if row.observations == 1 else f"{row.observations} times"
    return (
        f"Looked at {plain(row.resource)} from {clock_time(row.watched_from)} to "
        f"{clock_time(row.watched_to)}, {times}. "
        f"What this evidence cannot see: {spots}."
    )


def _consumer_row(row: queries.Consumer) -> dict[str, str]:
    if row.undeclared and row.declared:
        state = "✖ declared now, used before a contract: explanation needed"
    elif row.undeclared:
        state = "✖ use without a declared contract: explanation needed"
    elif row.observed:
        state = "✔ declared, seen"
    else:
        state = "– declared, not seen"
    return {
        "State": state,
        "Consumer": plain(row.consumer),
        "Resource": plain(row.resource),
        "Purpose": plain(row.purpose or "–"),
        "Owner": plain(row.owner or "–"),
        "Records read": "–" if row.records is None else str(row.records),
        "Last seen": plain(clock_time(row.last_seen)),
    }
