"""What one decision costs on the caller's thread: validate, encode, journal."""

from __future__ import annotations

import time

from benchmarks.capturing import Recording, with_vault
from benchmarks.measure import Result, peak_rss_mb, percentile
from benchmarks.world import decision_fields, fresh_ledger
from ledger.setup import open_emitter


def run(scale: float = 1.0) -> list[Result]:
    """Emit decisions one at a time, spool mode, without and with their payload."""
    count = max(1_000, int(50_000 * scale))
    return [
        *_measured(count, 5_000, "emit", "", capture=False),
        *_measured(count, 2_000, "emit_capture", ", payload captured", capture=True),
    ]


def _measured(
    count: int, rate: int, name: str, what: str, *, capture: bool
) -> list[Result]:
    rows = [decision_fields() for _ in range(count)]
    with fresh_ledger() as config:
        if capture:
            config = with_vault(config)  # noqa: PLW2901  the same home
        emitter = open_emitter(config)
        try:
            taken = _paced(Recording(emitter, config), rows, rate)
        finally:
            emitter.close(timeout=30.0)
    note = f"{count} decisions at {rate}/s, spool mode, caller's thread{what}"
    p50, p99 = percentile(taken, 0.5) * 1e6, percentile(taken, 0.99) * 1e6
    extra = {"max_us": max(taken) * 1e6, "peak_rss_mb": peak_rss_mb()}
    return [
        Result(f"{name}_p50_us", p50, "us", note=note, extra=extra),
        Result(f"{name}_p99_us", p99, "us", note=note, extra=extra),
    ]


def _paced(
    recording: Recording, rows: list[dict[str, object]], rate: int
) -> list[float]:
    taken: list[float] = []
    start = time.perf_counter()
    for number, row in enumerate(rows):
        while time.perf_counter() - start < number / rate:
            time.sleep(0.000_05)
        before = time.perf_counter()
        recording.emit(row)
        taken.append(time.perf_counter() - before)
    return taken
