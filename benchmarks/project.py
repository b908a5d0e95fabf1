"""Projecting: sealed log → verified records → decoded events → rows in Postgres.

Beside it plain staged COPY (:mod:`benchmarks.plain_copy`) of the very same rows, ready
in memory as the driver's values, into equal tables, in batches and transactions of the
same size. A third way gets even the bytes of the COPY made beforehand, so that the
client does nothing: what is left is the server's own time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks import plain_copy as plain
from benchmarks.database_world import (
    GrowingLedger,
    connected,
    growing_ledger,
    migrated,
)
from benchmarks.measure import Result, peak_rss_mb, timed
from benchmarks.world import EVENTS_PER_ENTRY
from projections.database import Connection
from projections.projection import PROJECTIONS
from projections.projector import Projector

ENTRIES = 340
ROUNDS = 4
LEAVES_PER_BATCH = 17  # 8,500 events: what the projector takes into one transaction


@dataclass(slots=True)
class Way:
    """Seconds of one way, summed over the rounds."""

    wall: float = 0.0
    cpu: float = 0.0

    def measure(self, work: Callable[[], object]) -> None:
        """Do one round of it."""
        with timed() as watch:
            work()
        self.wall += watch.wall
        self.cpu += watch.cpu


@dataclass(slots=True)
class Ways:
    """The three ways, and how many rows each wrote."""

    ours: Way = field(default_factory=Way)
    plain: Way = field(default_factory=Way)
    ready: Way = field(default_factory=Way)
    rows: int = 0


def run(scale: float = 1.0) -> list[Result]:
    """Follow 340 sealed entries of 500 decisions, in four turns with plain COPY."""
    per_round = max(LEAVES_PER_BATCH, int(ENTRIES * scale) // ROUNDS)
    with (
        growing_ledger(per_round * ROUNDS + plain.FIRST_LEAF - 1) as ledger,
        migrated(ledger.config) as database,
        connected(database, "owner") as owner,
        connected(database, "writer") as writer,
    ):
        plain.make_twins(owner)
        ways = _take_turns(writer, owner, ledger, per_round)
    events = per_round * ROUNDS * EVENTS_PER_ENTRY
    note = f"beside plain staged COPY of the same {ways.rows} rows; {ROUNDS} turns"
    extra = {
        "copy_of_ready_bytes": events / ways.ready.wall,
        "copy_cpu_us_per_event": ways.plain.cpu / events * 1e6,
        "peak_rss_mb": peak_rss_mb(),
    }
    return [
        Result(
            "project",
            events / ways.ours.wall,
            "events/s",
            events / ways.plain.wall,
            ways.ours.cpu / events * 1e6,
            note,
            extra,
        )
    ]


def _take_turns(
    writer: Connection, owner: Connection, ledger: GrowingLedger, per_round: int
) -> Ways:
    projector = Projector(writer, ledger.source, PROJECTIONS, {})
    ledger.seal(0, plain.FIRST_LEAF)
    projector.advance()
    targets, ways = plain.targets(owner), Ways()
    for turn in range(ROUNDS):
        first = plain.FIRST_LEAF + turn * per_round
        ledger.seal(first, first + per_round)
        ways.ours.measure(projector.advance)
        for span in _spans(first, first + per_round):
            rows = [(t, plain.rows_of(owner, t, *span)) for t in targets]
            ready = [(t, plain.bytes_of(owner, t, *span)) for t in targets]
            ways.plain.measure(partial(plain.load_rows, owner, rows))
            ways.ready.measure(partial(plain.load_bytes, owner, ready))
            ways.rows += sum(len(part) for _, part in rows)
    for way in plain.WAYS:
        if any(plain.differences(owner, target, way) for target in targets):
            raise RuntimeError(f"{way}: other rows than the projector's")
    return ways


def _spans(first: int, after: int) -> list[tuple[int, int]]:
    starts = range(first, after, LEAVES_PER_BATCH)
    return [(start, min(start + LEAVES_PER_BATCH, after)) for start in starts]
