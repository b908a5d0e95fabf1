"""A million decisions through real Kafka into Postgres: none lost, none twice.

The emitter, ``mlledger worker``, the broker and the database each run in a process of
their own, whose memory is sampled. Afterwards the ids are counted and summed, and the
tables are made anew from the log and compared with those that the worker left.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager

from benchmarks.database_world import connected, migrated
from benchmarks.emitting import Emitted
from benchmarks.end_to_end import wait_for_row, wait_for_worker
from benchmarks.kafka_world import broker_ledger
from benchmarks.measure import Result, peak_rss_mb
from benchmarks.processes import Memory, emitter, go, watched, worker
from ledger import clock
from ledger.config import Config
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.verification import load_control
from projections.database import Connection, Database
from projections.digests import table_digests
from projections.projection import advance
from projections.rebuild import rebuild

EVENTS = 1_000_000
_PATIENCE = 1_800.0
_COUNTED = (
    "SELECT count(*), count(DISTINCT event_id),"
    " coalesce(sum(('x' || right(replace(event_id::text, '-', ''), 16))::bit(64)"
    "::bigint::numeric), 0) FROM decisions.decision"
)


def run(scale: float = 1.0) -> list[Result]:
    """Emit a million decisions, follow them, count them, rebuild the tables."""
    count = max(1_000, int(EVENTS * scale))
    phases: dict[str, float] = {}
    with (
        broker_ledger(partitions=1) as (config, broker),
        migrated(config) as database,
        connected(database, "auditor") as auditor,
    ):
        told, visible, memory = _through(config, database, broker.pid, count)
        phases["emit"] = told.handed_over - told.began
        phases["append"] = told.appended - told.began
        phases["project"] = visible - told.began
        with _timed(phases, "count"):
            _check_ids(auditor, told)
        _check_rebuilt(config, database, auditor, phases)
    for name, seconds in phases.items():
        print(f"  {name:10} {seconds:8.1f} s")
    for name, sizes in memory.items():
        print(f"  {name:10} resident MiB: {sizes.summary()}")
    return _results(count, phases, memory)


def _results(
    count: int, phases: Mapping[str, float], memory: Mapping[str, Memory]
) -> list[Result]:
    took = phases["project"]
    sizes = {f"rss_mb_{name}": found.summary() for name, found in memory.items()}
    times = {f"{name}_s": round(seconds, 1) for name, seconds in phases.items()}
    note = f"{count} decisions: none lost, none twice, rebuilt tables equal"
    extra = {**times, **sizes, "peak_rss_mb": peak_rss_mb()}
    return [Result("million", count / took, "events/s", note=note, extra=extra)]


def _through(
    config: Config, database: Database, broker: int, count: int
) -> tuple[Emitted, float, dict[str, Memory]]:
    """Emit, and wait for the last row; all processes but broker and database end."""
    with (
        connected(database, "auditor") as auditor,
        worker(config) as working,
        emitter(config, count) as emitting,
    ):
        wait_for_worker(auditor, config.origin(-1))
        pids = {
            "emitter": emitting.pid,
            "worker": working.pid,
            "broker": broker,
            "postgres": _postmaster(config),
        }
        with watched(pids) as memory:
            told = go(emitting, _PATIENCE)
            visible = wait_for_row(auditor, told.last_id)
    return told, visible, memory


def _postmaster(config: Config) -> int:
    path = config.home / config.database.folder / "postmaster.pid"
    return int(path.read_text(encoding="ascii").splitlines()[0])


def _check_ids(auditor: Connection, told: Emitted) -> None:
    """Refuse a loss, a repetition and another id."""
    found = auditor.execute(_COUNTED).fetchone()
    numbers = [] if found is None else [int(number) for number in found]
    if told.dropped or numbers != [told.count, told.count, told.id_sum]:
        raise RuntimeError(
            f"{told.dropped} dropped; count, distinct, sum of ids: {numbers},"
            f" emitted were {[told.count, told.count, told.id_sum]}"
        )


def _check_rebuilt(
    config: Config, database: Database, auditor: Connection, phases: dict[str, float]
) -> None:
    """Make the tables anew and refuse any difference."""
    with (
        closing(open_log(config)) as log,
        connected(database, "writer") as writer,
        connected(database, "owner") as owner,
    ):
        public = PublicFolder(config.public)
        control = load_control(log, public, config.ledger_id)
        # A worker seals a last manifest as it ends; the next one projects it.
        advance(writer, log=log, public=public, control=control)
        with _timed(phases, "digest"):
            before = table_digests(auditor)
        with _timed(phases, "rebuild"):
            rebuild(owner, log=log, public=public, control=control, now=clock.now_us())
    with _timed(phases, "digest 2"):
        after = table_digests(auditor)
    if before != after:
        names = sorted(name for name in before if before[name] != after.get(name))
        raise RuntimeError(f"rebuilt tables differ: {', '.join(names)}")


@contextmanager
def _timed(phases: dict[str, float], name: str) -> Generator[None]:
    start = time.monotonic()
    yield
    phases[name] = time.monotonic() - start
