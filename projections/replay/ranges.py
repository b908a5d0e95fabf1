"""The plain twin of Q05: what is recorded about a range of seal times."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ledger.judgement import Verdict
from projections.integrity.answers import (
    Conflict,
    Gap,
    LeafCount,
    Range,
    Refusal,
    RowCount,
    Stream,
    Unreadable,
)

if TYPE_CHECKING:
    from projections.replay.tables import Loaded, Rows

_FIRST = datetime.min.replace(tzinfo=UTC)
_ALL = datetime.max.replace(tzinfo=UTC)
_REFUSED = range(16, 64)
_LABELS = (
    ("model version", "registry.model_version", "version", "artifact_digest"),
    ("release", "registry.release", "release", "release_digest"),
)
"""Kinds that have labels: their table, and the columns of label and of content."""


def integrity_of_range(
    rows: Rows,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1_000,
) -> Range:
    """See :func:`projections.integrity.queries.integrity_of_range` (Q05)."""
    known = until or _ALL

    def after(found: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(row for row in found if since is None or row.sealed_at >= since)

    return Range(
        origins=tuple(_leaf_counts(rows, since or _FIRST, known)),
        rows=tuple(_row_counts(rows)),
        refusals=after(_refusals(rows, known)[:limit]),
        gaps=after(_gaps(rows, known)),
        streams=tuple(_streams(rows, known, until or now)),
        conflicts=tuple(_conflicts(rows, known)),
        unreadable=after(_unreadable(rows, known)[:limit]),
    )


def _leaf_counts(rows: Rows, since: datetime, until: datetime) -> Iterator[LeafCount]:
    """See ``projections/integrity/sql/leaf_counts.sql``."""
    by_origin: defaultdict[str, list[Loaded]] = defaultdict(list)
    for row in rows.loaded("integrity.entry"):
        by_origin[row["origin"]].append(row | {"verdict": 0})
    for row in rows.loaded("integrity.unaccepted"):
        by_origin[row["origin"]].append(row | {"n_events": 0})
    for origin in sorted(by_origin):
        leaves = [r for r in by_origin[origin] if since <= r["sealed_at"] <= until]
        if leaves:
            yield _leaf_count(origin, leaves)


def _leaf_count(origin: str, leaves: list[Loaded]) -> LeafCount:
    verdicts = Counter(row["verdict"] for row in leaves)
    accepted = {row["stream_id"] for row in leaves if row["verdict"] == 0}
    return LeafCount(
        origin=origin,
        leaves=len(leaves),
        first_leaf=min(row["leaf"] for row in leaves),
        last_leaf=max(row["leaf"] for row in leaves),
        accepted=verdicts[Verdict.ACCEPTED],
        duplicates=verdicts[Verdict.DUPLICATE],
        quarantined=sum(verdicts[verdict] for verdict in _REFUSED),
        gaps=verdicts[Verdict.GAP],
        events=sum(row["n_events"] for row in leaves),
        streams=len(accepted),
        first_sealed_at=min(row["sealed_at"] for row in leaves),
        last_sealed_at=max(row["sealed_at"] for row in leaves),
    )


def _row_counts(rows: Rows) -> Iterator[RowCount]:
    """See ``projections/integrity/sql/row_counts.sql``."""
    events, found = Counter[str](), Counter[str]()
    for row in rows.loaded("integrity.entry"):
        events[row["origin"]] += row["n_events"]
    for name in (
        "integrity.event",
        "integrity.repetition",
        "integrity.unreadable",
        "decisions.decision",
        "decisions.repetition",
    ):
        found.update(row["origin"] for row in rows.loaded(name))
    for origin in sorted(events):
        yield RowCount(origin=origin, events=events[origin], rows=found[origin])


def _refusals(rows: Rows, until: datetime) -> list[Refusal]:
    """See ``projections/integrity/sql/quarantine.sql``."""
    found = [
        Refusal(**row)
        for row in rows.loaded("integrity.unaccepted")
        if row["verdict"] in _REFUSED and row["sealed_at"] <= until
    ]
    found.sort(key=lambda row: row.leaf, reverse=True)
    found.sort(key=lambda row: row.origin)
    return sorted(found, key=lambda row: row.sealed_at, reverse=True)


def _gaps(rows: Rows, until: datetime) -> list[Gap]:
    """See ``projections/integrity/sql/gaps.sql``."""
    holes = [
        _gap(
            row,
            kind="hole in the log",
            idx=0,
            first=row["log_offset"],
            last=row["aux"],
            count=row["aux"] - row["log_offset"] + 1,
        )
        for row in rows.loaded("integrity.unaccepted")
        if row["verdict"] == Verdict.GAP
    ]
    declared = [
        _gap(
            row,
            kind="declared",
            idx=row["idx"],
            first=row["first"],
            last=row["last"],
            count=row["count"],
            cause=row["cause"],
            declared_by=row["declared_by"] or row["identity"],
            event_id=row["event_id"],
        )
        for row in rows.loaded("integrity.gap_declared")
    ]
    found = [gap for gap in holes + declared if gap.sealed_at <= until]
    found.sort(key=lambda row: (row.origin, row.leaf))
    return sorted(found, key=lambda row: row.sealed_at, reverse=True)


def _gap(row: Loaded, **fields: Any) -> Gap:
    absent: dict[str, Any] = {"cause": None, "declared_by": None, "event_id": None}
    place = {name: row[name] for name in ("origin", "leaf", "sealed_at")}
    return Gap(**absent | place | fields)


def _streams(rows: Rows, until: datetime, silent_at: datetime) -> list[Stream]:
    """See ``projections/integrity/sql/streams.sql``."""
    by_stream: defaultdict[Any, list[Loaded]] = defaultdict(list)
    for row in rows.loaded("integrity.entry"):
        if row["sealed_at"] <= until:
            by_stream[row["stream_id"], row["origin"]].append(row)
    opened = {
        (r["origin"], r["leaf"]): r for r in rows.loaded("integrity.stream_opened")
    }
    closed = {
        (r["origin"], r["leaf"]): r
        for r in rows.loaded("integrity.stream_report")
        if r["report"] == "closed"
    }
    frozen = {
        (row["stream_id"], row["origin"])
        for row in rows.loaded("integrity.unaccepted")
        if row["verdict"] == Verdict.FORK and row["sealed_at"] <= until
    }
    found = [
        _stream(key, entries, opened, closed, frozen=key in frozen, at=silent_at)
        for key, entries in by_stream.items()
    ]
    found.sort(key=lambda row: row.stream_id.bytes)
    return sorted(found, key=lambda row: row.last_sealed_at, reverse=True)


def _stream(
    key: tuple[Any, str],
    entries: list[Loaded],
    opened: dict[Any, Loaded],
    closed: dict[Any, Loaded],
    *,
    frozen: bool,
    at: datetime,
) -> Stream:
    stream_id, origin = key
    leaves = [row["leaf"] for row in entries]
    begin: Loaded = opened.get((origin, min(leaves)), {})
    end: Loaded = closed.get((origin, max(leaves)), {})
    last_sealed_at = max(row["sealed_at"] for row in entries)
    heartbeat_s = begin.get("heartbeat_s")
    silent = heartbeat_s is not None and (
        last_sealed_at + 3 * timedelta(seconds=heartbeat_s) < at
    )
    times = [row["claimed_time"] for row in entries if row["claimed_time"]]
    states = ((frozen, "frozen"), (bool(end), "closed"), (silent, "silent"))
    return Stream(
        stream_id=stream_id,
        origin=origin,
        first_leaf=min(leaves),
        last_leaf=max(leaves),
        entries=len(entries),
        events=sum(row["n_events"] for row in entries),
        last_sealed_at=last_sealed_at,
        last_time=max(times, default=None),
        identity=begin.get("identity"),
        software=begin.get("software"),
        software_version=begin.get("software_version"),
        host=begin.get("host"),
        heartbeat_s=heartbeat_s,
        opened_at=begin.get("time"),
        event_id=begin.get("event_id"),
        closed_at=end.get("time"),
        state=next((word for holds, word in states if holds), "open"),
    )


def _conflicts(rows: Rows, until: datetime) -> list[Conflict]:
    """See ``projections/integrity/sql/conflicts.sql``."""
    events = {row["event_id"]: row for row in rows.loaded("integrity.event")}
    decisions = {row["event_id"]: row for row in rows.loaded("decisions.decision")}
    pairs = [
        (events.get(again["event_id"]), again, True)
        for again in rows.loaded("integrity.repetition")
    ]
    pairs += [
        (decisions.get(again["event_id"]), again, True)
        for again in rows.loaded("decisions.repetition")
    ]
    pairs += [
        (decisions.get(event["event_id"]), event, False) for event in events.values()
    ]
    found = [
        _conflict("event id", str(kept["event_id"]), kept, again, _hex)
        for kept, again, same_type in pairs
        if kept
        and again["sealed_at"] <= until
        and not (same_type and kept["digest"] == again["digest"])
    ]
    found += _label_conflicts(rows, until)
    return sorted(found, key=conflict_order)


def conflict_order(row: Conflict) -> tuple[str, str, str, int, str, int, int]:
    """Order conflicts by code points, whatever a database's collation."""
    other = (row.other_origin, row.other_leaf, row.other_idx)
    return (row.kind, row.name, row.origin, row.leaf, *other)


def _label_conflicts(rows: Rows, until: datetime) -> list[Conflict]:
    found: list[Conflict] = []
    for kind, table, label, digest in _LABELS:
        by_label: defaultdict[tuple[str | None, str], list[Loaded]] = defaultdict(list)
        for row in rows.loaded(table):
            if row[digest] is not None:
                by_label[row["model"], row[label]].append(row)
        for names, same in by_label.items():
            name = " ".join(one for one in names if one is not None)
            same.sort(key=lambda row: (row["time"], row["event_id"].bytes))
            found += (
                _conflict(kind, name, first, second, itemgetter(digest))
                for first, second in combinations(same, 2)
                if first[digest] != second[digest] and second["sealed_at"] <= until
            )
    return found


def _conflict(
    kind: str, name: str, kept: Loaded, other: Loaded, digest: Callable[[Loaded], str]
) -> Conflict:
    return Conflict(
        kind=kind,
        name=name,
        event_id=kept["event_id"],
        origin=kept["origin"],
        leaf=kept["leaf"],
        idx=kept["idx"],
        digest=digest(kept),
        other_id=other["event_id"],
        other_origin=other["origin"],
        other_leaf=other["leaf"],
        other_idx=other["idx"],
        other_digest=digest(other),
    )


def _hex(row: Loaded) -> str:
    return row["digest"].hex()


def _unreadable(rows: Rows, until: datetime) -> list[Unreadable]:
    """See ``projections/integrity/sql/unreadable.sql``."""
    found = [
        Unreadable(**row)
        for row in rows.loaded("integrity.unreadable")
        if row["sealed_at"] <= until
    ]
    found.sort(key=lambda row: (row.origin, row.leaf, row.idx))
    return sorted(found, key=lambda row: row.sealed_at, reverse=True)
