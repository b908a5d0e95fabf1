"""Asking: the chain of one decision out of 10⁴, 10⁵ and 10⁶, without a verifier.

The chain has every kind of link, from the decision to the data source; it was recorded
through the SDK. The many decisions beside it are copies of the one under other ids,
spread over thirty days, made inside the database.
"""

from __future__ import annotations

import random
import time
from uuid import UUID

from psycopg.sql import SQL, Identifier

from benchmarks.database_world import connected, migrated
from benchmarks.measure import Result, peak_rss_mb, percentile
from benchmarks.story import tell
from benchmarks.world import fresh_ledger
from projections.chain import decision_chain
from projections.database import Connection, Database

SIZES = (10_000, 100_000, 1_000_000)
ASKED = 300
_DAY_MS = 86_400_000

_COPIES = SQL(
    """
INSERT INTO decisions.decision ({columns})
SELECT {values}
  FROM decisions.decision AS d, generate_series({first}, {last}) AS n,
       LATERAL (SELECT {begin} + n::bigint * {step} AS ms, md5(n::text) AS hash) AS made
 WHERE d.event_id = {known}
"""
)
_CHANGED = {
    "event_id": SQL(
        "(lpad(to_hex(ms), 12, '0') || '7' || left(hash, 3) || '8'"
        " || substr(hash, 4, 15))::uuid"
    ),
    "time": SQL("to_timestamp(ms / 1000.0)"),
    "case_id": SQL("hash::uuid"),
    "digest": SQL("sha256(hash::bytea)"),
    "idx": SQL("n"),
}


def run(scale: float = 1.0) -> list[Result]:
    """Ask for 300 random decisions at each size."""
    sizes = sorted({max(100, int(size * scale)) for size in SIZES})
    results: list[Result] = []
    with fresh_ledger() as config:
        known = tell(config)
        with migrated(config) as database:
            done = 1
            for size in sizes:
                _fill(database, UUID(bytes=known), done, size - 1)
                done = size
                results += _ask(database, size, largest=size == sizes[-1])
    return results


def _fill(database: Database, known: UUID, first: int, last: int) -> None:
    with connected(database, "owner") as owner:
        listed = owner.execute(
            "SELECT attname::text FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = 'decisions.decision'::regclass ORDER BY attnum"
        ).fetchall()
        names = [name for (name,) in listed]
        begin = (known.int >> 80) - 30 * _DAY_MS
        own = [_CHANGED.get(n, SQL("d.{}").format(Identifier(n))) for n in names]
        statement = _COPIES.format(
            columns=SQL(", ").join(map(Identifier, names)),
            values=SQL(", ").join(own),
            first=first,
            last=last,
            begin=begin,
            step=30 * _DAY_MS // max(SIZES),
            known=known,
        )
        owner.execute(statement)
        owner.execute("ANALYZE")


def _ask(database: Database, size: int, *, largest: bool) -> list[Result]:
    with connected(database, "auditor") as connection:
        ids = _some_ids(connection, size)
        links = len(decision_chain(connection, ids[0]).links)
        taken: list[float] = []
        for decision_id in ids:
            start = time.perf_counter()
            decision_chain(connection, decision_id)
            taken.append((time.perf_counter() - start) * 1e3)
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    end = "" if largest else f"_{size}"
    note = f"{links} links, one of {size} decisions, not verified"
    extra = {"decisions": size, "max_ms": max(taken), "peak_rss_mb": peak_rss_mb()}
    return [
        Result(f"query_chain_p50_ms{end}", p50, "ms", note=note, extra=extra),
        Result(f"query_chain_p99_ms{end}", p99, "ms", note=note, extra=extra),
    ]


def _some_ids(connection: Connection, size: int) -> list[UUID]:
    share = min(100.0, 100.0 * 3 * ASKED / size)
    rows = connection.execute(
        "SELECT event_id FROM decisions.decision TABLESAMPLE BERNOULLI (%s)", (share,)
    ).fetchall()
    ids = [found for (found,) in rows]
    random.Random(7).shuffle(ids)
    return ids[:ASKED]
