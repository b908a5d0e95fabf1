"""The world of :mod:`benchmarks.scale`: versions as events, millions of decisions."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Identifier

from benchmarks.database_world import connected
from benchmarks.world import entries
from ledger import clock
from ledger.config import Config
from ledger.emitter import Emitter, EventRef
from ledger.events.base import event_class
from ledger.setup import open_emitter
from projections.database import Connection, Database
from projections.golden.telling import digest
from projections.schemas import migrate

MODELS = 100
SOURCES = 50
YEAR_US = 365 * 86_400_000_000

# One sweep over the year: the i-th decision is made at the i-th moment, by model i mod
# 100 in the deployment that was live then; its id is of that moment.
_FILL = SQL(
    """
INSERT INTO decisions.decision
       (event_id, time, sealed_at, origin, leaf, idx, identity, digest, release_id,
        deployment_id, case_id, use, path, mode, output, adverse, reason_codes,
        latency_us)
SELECT (lpad(to_hex(m.us / 1000), 12, '0') || '7' || left(m.hash, 3) || '8'
        || substr(m.hash, 4, 15))::uuid,
       to_timestamp(m.us / 1e6), to_timestamp(m.us / 1e6) + interval '1 minute',
       'scale/p0', m.i / 500, m.i %% 500, 'service:server', sha256(m.hash::bytea),
       l.release_id, l.deployment_id, m.hash::uuid, 'credit', 'model', 'advisory',
       CASE WHEN m.i %% 3 = 0 THEN 'refuse' ELSE 'accept' END, m.i %% 3 = 0,
       ARRAY['income'], 1000
  FROM (SELECT i, %(begin)s::bigint + i * %(step)s::bigint AS us,
               md5((i + %(first)s::bigint)::text) AS hash,
               i %% %(models)s + %(models)s
               * least(i * %(each)s / %(count)s, %(each)s - 1) AS k
          FROM generate_series(0::bigint, %(count)s::bigint - 1) AS i) AS m
  JOIN pg_temp.live AS l ON l.k = m.k
"""
)
_LIVE = SQL(
    """
CREATE TEMPORARY TABLE live AS
SELECT substr(d.service, 2)::bigint AS k, d.event_id AS deployment_id, d.release_id
  FROM registry.deployment AS d
 WHERE d.service ~ '^k[0-9]+$'
"""
)


def source_name(number: int) -> str:
    """Return the name of one of the sources."""
    return f"source-{number}"


def record_versions(config: Config, versions: int) -> int:
    """Record model versions, from data to deployment; returns the first's time."""
    emitter = open_emitter(config)
    emit = _emitting(emitter)
    begin = clock.now_us() - YEAR_US
    for number in range(SOURCES):
        name = source_name(number)
        emit("data.source.registered", source=name, title=name, kind="table")
    emit(
        "consumer.contract.declared",
        consumer="pricing",
        channels=[{"kind": "kafka.topic", "id": "credit.decisions"}],
        purpose="pricing",
        valid_from=0,
    )
    last: dict[int, EventRef] = {}
    each = versions // MODELS
    for k in range(versions):
        moment = begin + (k // MODELS) * (YEAR_US // each)
        deployed = _lived(emit, k, moment)
        if before := last.get(k % MODELS):
            emit("serving.deployment.deactivated", time=moment, deployment=before)
        last[k % MODELS] = deployed
    emitter.close(120.0)
    return begin


def _emitting(emitter: Emitter) -> Callable[..., EventRef]:
    def emit(event_type: str, **fields: Any) -> EventRef:
        cls: Any = event_class(event_type)
        return emitter.emit(cls.record(basis="observed", system_id="credit", **fields))

    return emit


def _lived(emit: Callable[..., EventRef], k: int, moment: int) -> EventRef:
    """Record one version's life up to its deployment."""
    model, label, source = f"model-{k % MODELS}", f"v{k // MODELS}", k % SOURCES
    content, artifact = digest(f"data {k}"), digest(f"artifact {k}")
    data = emit(
        "data.dataset_version.created",
        time=moment,
        dataset=f"loans-{source}",
        digest=content,
        scheme="table1",
        sources=[source_name(source)],
        identity_strength="content",
    )
    run = emit("pipeline.run.started", time=moment, run=model, step="train")
    emit(
        "pipeline.input.read",
        time=moment,
        run=run.id,
        name="train",
        role="training",
        dataset_version=data,
        digest=content,
        scheme="table1",
        rank=0,
    )
    version = emit(
        "registry.model_version.created",
        time=moment,
        model=model,
        version=label,
        artifact_digest=artifact,
        artifact_scheme="file",
        run=run,
    )
    release = emit(
        "registry.release.created",
        time=moment,
        release=f"{model}-{label}",
        model_version=version,
        model=model,
        version=label,
        artifact_digest=artifact,
        change_class="predetermined",
        digest=digest(f"release {k}"),
    )
    return emit(
        "serving.deployment.activated",
        time=moment,
        release=release,
        release_digest=digest(f"release {k}"),
        environment="prod",
        service=f"k{k}",
        role="champion",
        traffic=1.0,
        emergency=False,
    )


def fill(database: Database, versions: int, begin: int, span: tuple[int, int]) -> None:
    """Make the decisions of a span of numbers, spread over the year from ``begin``."""
    first, last = span
    with connected(database, "owner") as owner:
        owner.execute(_LIVE)
        owner.execute(
            _FILL,
            {
                "begin": begin,
                "step": YEAR_US // (last - first),
                "models": MODELS,
                "each": versions // MODELS,
                "count": last - first,
                "first": first,
            },
        )
        owner.execute("DROP TABLE pg_temp.live")
        owner.execute("VACUUM ANALYZE")  # as autovacuum would have


def make_months(database: Database) -> None:
    """Have a partition for each month of the year, as they would have come."""
    with connected(database, "owner") as owner:
        for month in range(13):
            migrate(owner, now=clock.now_us() - month * YEAR_US // 12)


def some_decisions(
    connection: Connection, count: int, draw: random.Random
) -> list[UUID]:
    """Return ids of decisions drawn by time."""
    found: list[UUID] = []
    for moment in _moments(connection, "decisions.decision", count, draw):
        row = connection.execute(
            "SELECT event_id FROM decisions.decision"
            " WHERE time >= %s ORDER BY time, event_id LIMIT 1",
            (moment,),
        ).fetchone()
        found += row or ()
    return found


def some_releases(
    connection: Connection, count: int, draw: random.Random
) -> list[UUID]:
    """Return ids of releases."""
    rows = connection.execute("SELECT event_id FROM registry.release").fetchall()
    return draw.choices([one for (one,) in rows], k=count)


def some_moments(
    connection: Connection, count: int, draw: random.Random
) -> list[datetime]:
    """Return moments of the year."""
    return _moments(connection, "registry.deployment", count, draw)


def _moments(
    connection: Connection, table: str, count: int, draw: random.Random
) -> list[datetime]:
    place = Identifier(*table.split("."))
    asked = SQL("SELECT min(time), max(time) FROM {}").format(place)
    row: tuple[datetime, datetime] | None = connection.execute(asked).fetchone()
    if row is None:
        raise RuntimeError(f"{table} is empty")
    first, last = row
    return [first + (last - first) * draw.random() * 0.999 for _ in range(count)]


def new_entries(config: Config, count: int) -> list[bytes]:
    """Return a signed stream of ``count`` entries of 500 decisions."""
    return entries(config, 0, count)


def withdraw(config: Config, source: str) -> None:
    """Record that a source is withdrawn."""
    emitter = open_emitter(config)
    _emitting(emitter)(
        "data.source.withdrawn",
        source=source,
        cause="poisoned",
        effective_at=clock.now_us(),
    )
    emitter.close(60.0)
