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
