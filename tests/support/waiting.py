"""Waiting for what another thread or process does, as long as a busy machine takes."""

from __future__ import annotations

import time
from collections.abc import Callable

BOUND_S = 120.0


def until(condition: Callable[[], object], seconds: float = BOUND_S) -> None:
    """Return once a condition holds; fail when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for has not come"
        time.sleep(0.01)
