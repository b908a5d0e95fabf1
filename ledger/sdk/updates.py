"""What a run has reported and not yet recorded: parameters, metrics, tags.

The first report after a quiet second is recorded at once; a burst is gathered, so that
a metric per batch of training costs one event a second and not one each.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

BATCH = 256
INTERVAL_S = 1.0


@dataclass(slots=True)
class Updates:
    """Reports that wait; safe for many threads.

    Attributes:
        last: when reports were last taken, in seconds of the monotonic clock.
    """

    last: float = float("-inf")
    _parameters: dict[str, str] = field(default_factory=dict[str, str])
    _metrics: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _tags: dict[str, str] = field(default_factory=dict[str, str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        *,
        parameters: dict[str, str] | None = None,
        metrics: list[dict[str, Any]] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Add reports."""
        with self._lock:
            self._parameters.update(parameters or {})
            self._metrics.extend(metrics or [])
            self._tags.update(tags or {})

    def take(self, now: float, *, due_only: bool) -> dict[str, Any] | None:
        """Take what waits, as fields of an event; None when nothing is to be sent.

        Args:
            now: seconds of the monotonic clock.
            due_only: take nothing before a second has passed or 256 metrics wait.
        """
        with self._lock:
            if not (self._parameters or self._metrics or self._tags):
                return None
            is_due = now - self.last >= INTERVAL_S or len(self._metrics) >= BATCH
            if due_only and not is_due:
                return None
            taken = {
                "parameters": self._parameters,
                "metrics": self._metrics,
                "tags": self._tags,
            }
            self._parameters, self._metrics, self._tags = {}, [], {}
            self.last = now
            return taken


def halved(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the reports of an event as two events' fields; none of a single report.

    An event that is refused is tried again in halves, until what is at fault stands
    alone: so it takes nothing else with it, and what is too large becomes several.
    """
    items = _items(fields)
    if len(items) < 2:
        return []
    middle = len(items) // 2
    return [_joined(items[:middle]), _joined(items[middle:])]


def named(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return kind and name of each report."""
    return [
        (kind, str(item["name"] if kind == "metrics" else item[0]))
        for kind, item in _items(fields)
    ]


def _items(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    items: list[tuple[str, Any]] = []
    for kind in ("parameters", "tags"):
        items += [(kind, pair) for pair in fields.get(kind, {}).items()]
    return items + [("metrics", metric) for metric in fields.get("metrics", [])]


def _joined(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        "parameters": dict([item for kind, item in items if kind == "parameters"]),
        "tags": dict([item for kind, item in items if kind == "tags"]),
        "metrics": [item for kind, item in items if kind == "metrics"],
    }
