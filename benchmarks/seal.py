"""Sealing: log read → verdicts, leaves, tiles → compare-and-swap, fsync included."""

from __future__ import annotations

from hashlib import sha256

from benchmarks.measure import Result, peak_rss_mb, timed
from benchmarks.world import EVENTS_PER_ENTRY, entries, fresh_ledger
from ledger.entry import parse_entry, verify_entry_signature
from ledger.keys import load_signer
from ledger.log import open_log
from ledger.seal import open_state, seal_all


def run(scale: float = 1.0) -> list[Result]:
    """Seal 300 entries of 500 decisions; beside it SHA-256 and Ed25519 alone."""
    count = max(4, int(300 * scale))
    with fresh_ledger() as config:
        values = entries(config, 0, count)
        log, state = open_log(config), None
        for value in values:
            log.append(0, value)
        state = open_state(config)
        try:
            with timed() as ours:
                seal_all(config, log, state)
        finally:
            state.close()
            log.close()
        public = load_signer(config.producer.key, base=config.home).public_key
        with timed() as raw:
            _raw(values, public)
    events = count * EVENTS_PER_ENTRY
    return [
        Result(
            "seal",
            events / ours.wall,
            "events/s",
            events / raw.wall,
            ours.cpu / events * 1e6,
            f"beside SHA-256 of each event and Ed25519 alone; {count} entries of 500",
            {"events_per_cpu_s": events / ours.cpu, "peak_rss_mb": peak_rss_mb()},
        )
    ]


def _raw(values: list[bytes], public_key: bytes) -> None:
    for value in values:
        sha256(value).digest()
        entry = parse_entry(value)
        verify_entry_signature(entry, public_key)
        for event in entry.events:
            sha256(event.body).digest()
