"""From the first ``emit`` to the last row in Postgres, through Kafka, sealed between.

The emitter runs in one process, ``mlledger worker`` in another, the broker and the
database in theirs; the clock runs from before the first decision is handed over until
the last one can be selected.
"""

from __future__ import annotations

from uuid import UUID

from benchmarks.capturing import with_vault
from benchmarks.database_world import connected, migrated
from benchmarks.kafka_world import kafka_ledger
from benchmarks.measure import Result
from benchmarks.processes import emitter, go, until, vault_worker, worker
from ledger import broker
from ledger.vault.postgres import PostgresVault
from projections.database import Connection

EVENTS = 100_000
_PATIENCE = 600.0


def run(scale: float = 1.0) -> list[Result]:
    """Emit 100,000 decisions and wait for the last; fewer with their payload."""
    count = max(1_000, int(EVENTS * scale))
    return [*_plain(count), *_captured(max(1_000, count // 5))]


def _captured(count: int) -> list[Result]:
    """As without payload, and a vault beside it that takes each payload in."""
    with kafka_ledger(partitions=1) as made:
        config = with_vault(made)
        broker.apply(config)
        with (
            migrated(config) as database,
            connected(database, "auditor") as auditor,
            worker(config),
            vault_worker(config),
            emitter(config, count) as process,
            PostgresVault(database.vault_dsn()) as vault,
        ):
            wait_for_worker(auditor, config.origin(-1))
            told = go(process, _PATIENCE)
            visible = wait_for_row(auditor, told.last_id)
            kept = until(
                lambda: vault.counts().get("kept", 0) == count, _PATIENCE, "the vault"
            )
    extra = {
        "appended_per_s": count / (told.appended - told.began),
        "kept_in_vault_per_s": count / (kept - told.began),
    }
    note = f"{count} decisions with payload, Kafka, sealed, projected, vault beside"
    took = visible - told.began
    cpu = told.cpu_s / count * 1e6
    return [
        Result(
            "end_to_end_capture",
            count / took,
            "events/s",
            cpu_us_per_event=cpu,
            note=note,
            extra=extra,
        )
    ]


def _plain(count: int) -> list[Result]:
    with (
        kafka_ledger(partitions=1) as config,
        migrated(config) as database,
        connected(database, "auditor") as auditor,
        worker(config),
        emitter(config, count) as process,
    ):
        wait_for_worker(auditor, config.origin(-1))
        told = go(process, _PATIENCE)
        visible = wait_for_row(auditor, told.last_id)
        found = count_decisions(auditor)
    if found != count or told.dropped:
        raise RuntimeError(f"{found} of {count} decisions, {told.dropped} dropped")
    extra = {
        "appended_per_s": count / (told.appended - told.began),
        "emitter_peak_rss_mb": told.peak_rss_mb,
    }
    note = f"{count} decisions, Kafka, sealed, projected; four processes"
    took = visible - told.began
    return [
        Result(
            "end_to_end",
            count / took,
            "events/s",
            cpu_us_per_event=told.cpu_s / count * 1e6,
            note=note,
            extra=extra,
        )
    ]


def wait_for_worker(auditor: Connection, control: str) -> None:
    """Wait until the worker has projected the control log: it is at work."""
    until(lambda: _is_there(auditor, control), 120.0, "the worker's first step")


def wait_for_row(auditor: Connection, event_id: str) -> float:
    """Wait until a decision can be selected; return the monotonic clock then."""
    statement = "SELECT 1 FROM decisions.decision WHERE event_id = %s"
    values = (UUID(event_id),)

    def reached() -> bool:
        return auditor.execute(statement, values).fetchone() is not None

    return until(reached, _PATIENCE, "the last row")


def count_decisions(auditor: Connection) -> int:
    """Return how many decisions are projected."""
    row = auditor.execute("SELECT count(*) FROM decisions.decision").fetchone()
    return 0 if row is None else int(row[0])


def _is_there(auditor: Connection, origin: str) -> bool:
    statement = "SELECT 1 FROM integrity.position WHERE origin = %s"
    return auditor.execute(statement, (origin,)).fetchone() is not None
