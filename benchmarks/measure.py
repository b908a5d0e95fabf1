"""How a benchmark measures and what it hands over."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One figure.

    Attributes:
        name: stable identifier.
        value: what was measured, in ``unit``.
        unit: such as ``events/s`` or ``us``.
        limit: the raw limit in the same unit, measured in the same run, or None.
        ratio: value divided by limit for rates, or None.
        cpu_us_per_event: processor time of all our threads per event, or None.
        note: what it was measured beside, and under which conditions.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    cpu_us_per_event: float | None = None
    note: str = ""
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    def row(self) -> dict[str, Any]:
        """Return the figure as a JSON object."""
        row = asdict(self)
        row.update(row.pop("extra"))
        row["ratio"] = None if not self.limit else round(self.value / self.limit, 3)
        return row


@dataclass(slots=True)
class Stopwatch:
    """Wall and processor seconds of a block."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def timed() -> Generator[Stopwatch]:
    """Measure the block: wall clock, and processor time of this whole process."""
    watch = Stopwatch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


def interleaved(
    ours: Callable[[], float], raw: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """Run two measurements in turn; return the median of each.

    Turns keep a machine whose speed drifts from favouring either side.
    """
    first: list[float] = []
    second: list[float] = []
    for _ in range(rounds):
        first.append(ours())
        second.append(raw())
    return statistics.median(first), statistics.median(second)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def peak_rss_mb() -> int:
    """Return this process's largest resident size so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
