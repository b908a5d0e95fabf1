"""The audit of a sealed ledger: records, signatures, events, verdicts, tiles, again."""

from __future__ import annotations

from hashlib import sha256

from benchmarks.measure import Result, peak_rss_mb, timed
from benchmarks.world import EVENTS_PER_ENTRY, entries, fresh_ledger
from ledger.audit import audit_ledger
from ledger.entry import parse_entry
from ledger.log import open_log
from ledger.seal import open_state, seal_all
from ledger.verification import exit_code

ROUNDS = 3


def run(scale: float = 1.0) -> list[Result]:
    """Audit 600 entries of 500 decisions on one core; beside it SHA-256 of the same."""
    count = max(4, int(600 * scale))
    with fresh_ledger() as config:
        values = entries(config, 0, count)
        log = open_log(config)
        for value in values:
            log.append(0, value)
        state = open_state(config)
        try:
            seal_all(config, log, state)
        finally:
            state.close()
            log.close()
        ours = raw = cpu = 0.0
        for _ in range(ROUNDS):
            with timed() as audited:
                assert exit_code(audit_ledger(config)) == 0
            ours, cpu = ours + audited.wall, cpu + audited.cpu
            with timed() as hashed:
                _raw(values)
            raw += hashed.wall
    events = count * EVENTS_PER_ENTRY * ROUNDS
    return [
        Result(
            "audit",
            events / ours,
            "events/s",
            events / raw,
            cpu / events * 1e6,
            f"one process, beside SHA-256 of the same bytes; {count} entries of 500",
            {"events_per_cpu_s": events / cpu, "peak_rss_mb": peak_rss_mb()},
        )
    ]


def _raw(values: list[bytes]) -> None:
    """Hash each record and each event once: what no audit could do without."""
    for value in values:
        sha256(value).digest()
        for body in parse_entry(value).bodies:
            sha256(body).digest()
