"""The emitting process: ``python -m benchmarks.emitting HOME COUNT``.

It waits for a line on its standard input, then records that many decisions one by one
as a service would, waits until the log has them all, and prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.capturing import Recording
from benchmarks.measure import peak_rss_mb
from benchmarks.world import decision_fields
from ledger.config import load_config
from ledger.emitter import Emitter
from ledger.setup import open_emitter

JOURNAL_BYTES = 96 << 20
"""A service that emits faster than is sealed waits; here, at this much journal."""
_LOOK_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the process tells.

    Attributes:
        count: decisions handed over.
        id_sum: sum of :func:`id_number` of their ids.
        last_id: hex id of the last one.
        began: monotonic clock before the first was handed over.
        handed_over: the same after the last one.
        appended: the same when the log had acknowledged all.
        dropped: decisions that were not taken; 0 or the run failed.
        cpu_s: processor seconds between ``began`` and ``appended``.
        peak_rss_mb: largest resident size.
    """

    count: int
    id_sum: int
    last_id: str
    began: float
    handed_over: float
    appended: float
    dropped: int
    cpu_s: float
    peak_rss_mb: int


def id_number(event_id: bytes) -> int:
    """Return the last eight bytes of an id as SQL's ``bit(64)::bigint`` reads them."""
    return int.from_bytes(event_id[8:], "big", signed=True)


def main() -> None:
    """Emit and tell."""
    home, count = Path(sys.argv[1]), int(sys.argv[2])
    config = load_config(home)
    emitter = open_emitter(config)
    try:
        sys.stdin.readline()
        told = _emit(emitter, Recording(emitter, config), count)
    finally:
        emitter.close(10.0)
    print(json.dumps(asdict(told)), flush=True)


def _emit(emitter: Emitter, recording: Recording, count: int) -> Emitted:
    id_sum, last = 0, b""
    began, cpu = time.monotonic(), time.process_time()
    for number in range(count):
        fields = decision_fields()
        last = recording.emit(fields).id
        id_sum += id_number(last)
        if number % _LOOK_EVERY == 0:
            _wait_for_room(emitter)
    handed_over = time.monotonic()
    if not emitter.flush(300.0):
        raise RuntimeError(f"not acknowledged: {emitter.stats()}")
    return Emitted(
        count=count,
        id_sum=id_sum,
        last_id=last.hex(),
        began=began,
        handed_over=handed_over,
        appended=time.monotonic(),
        dropped=int(emitter.stats()["dropped"]),
        cpu_s=time.process_time() - cpu,
        peak_rss_mb=peak_rss_mb(),
    )


def _wait_for_room(emitter: Emitter) -> None:
    while int(emitter.stats()["journal_bytes"]) > JOURNAL_BYTES:
        time.sleep(0.05)


if __name__ == "__main__":
    main()
