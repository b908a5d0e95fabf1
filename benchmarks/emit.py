"""What one decision costs on the caller's thread: validate, encode, journal."""

from __future__ import annotations

import time

from benchmarks.measure import Result, peak_rss_mb, percentile
from benchmarks.world import decision_fields, fresh_ledger
from ledger.events.prediction import DecisionRecorded
from ledger.setup import open_emitter


def run(scale: float = 1.0) -> list[Result]:
    """Emit decisions one at a time at about 5,000 a second, spool mode."""
    count = max(1_000, int(50_000 * scale))
    rows = [decision_fields() for _ in range(count)]
    with fresh_ledger() as config:
        emitter = open_emitter(config)
        try:
            taken = _paced(emitter, rows)
        finally:
            emitter.close(timeout=30.0)
    note = f"{count} decisions, spool mode, caller's thread"
    p50, p99 = percentile(taken, 0.5) * 1e6, percentile(taken, 0.99) * 1e6
    extra = {"max_us": max(taken) * 1e6, "peak_rss_mb": peak_rss_mb()}
    return [
        Result("emit_p50_us", p50, "us", note=note, extra=extra),
        Result("emit_p99_us", p99, "us", note=note, extra=extra),
    ]


def _paced(emitter: object, rows: list[dict[str, object]]) -> list[float]:
    taken: list[float] = []
    start = time.perf_counter()
    for number, row in enumerate(rows):
        while time.perf_counter() - start < number / 5_000:
            time.sleep(0.000_05)
        before = time.perf_counter()
        emitter.emit_encoded(DecisionRecorded, row)  # pyright: ignore
        taken.append(time.perf_counter() - before)
    return taken
