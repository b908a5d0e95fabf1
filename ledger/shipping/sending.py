"""Patience with a log that may be away: pauses between tries, and opening it anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.log import Log

_BACKOFF_S = (0.05, 5.0)


class Backoff:
    """Growing pauses with jitter: half to all of 50 ms, 100 ms … 5 s."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self.failures = 0

    @property
    def is_waiting(self) -> bool:
        """Whether the pause is not over."""
        return self._monotonic() < self._until

    def failed(self) -> None:
        """Begin the next, longer pause."""
        low, high = _BACKOFF_S
        pause = min(high, low * 2 ** min(self.failures, 20))
        jitter = random.uniform(0.5, 1.0)  # noqa: S311  spreads load, guards nothing
        self._until = self._monotonic() + pause * jitter
        self.failures += 1

    def succeeded(self) -> None:
        """Begin anew."""
        self._until, self.failures = 0.0, 0


class TimeLeft:
    """The time that there is to come to an end.

    Args:
        monotonic: clock.
        seconds: from now.
    """

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self._end = monotonic() + seconds
        self._middle = self._end - seconds / 2

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it."""
        return self._monotonic() >= self._end

    @property
    def is_half_over(self) -> bool:
        """Whether less than half of it is left."""
        return self._monotonic() >= self._middle


class LogHandle:
    """The log, opened when first needed and again after it failed thrice in a row."""

    def __init__(self, config: Config, factory: Callable[[Config], Log]) -> None:
        self._config = config
        self._factory = factory
        self._log: Log | None = None

    def get(self) -> Log:
        """Return the open log.

        Raises:
            LedgerError: it cannot be opened.
        """
        if self._log is None:
            self._log = self._factory(self._config)
        return self._log

    def close(self) -> None:
        """Let go of the log; what is unanswered will be sent again."""
        log, self._log = self._log, None
        if log is not None:
            log.close()
