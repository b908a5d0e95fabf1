"""Stop a long-running command when its process is told to end."""

from __future__ import annotations

import signal
from queue import Empty, SimpleQueue

from ledger import clock

_LOOK_S = 0.25


class Stopping:
    """Says whether the process was told to end; waits for it.

    A signal's handler runs between two instructions of the main thread, perhaps while
    that thread holds the very lock that :meth:`threading.Event.set` takes: it would
    then wait for itself for ever. ``SimpleQueue.put`` is made to be entered again.

    The handler runs only once the main thread is back from what it waits in, and a
    signal that comes just before it begins to wait, or to another thread, does not end
    that wait: so it never waits long at a time.

    Source: Python documentation, ``queue.SimpleQueue.put``, and ``signal``, "Execution
    of Python signal handlers".
    """

    def __init__(self) -> None:
        self._told: SimpleQueue[None] = SimpleQueue()
        self._stopped = False

    @classmethod
    def on_signals(cls) -> Stopping:
        """Return one that SIGTERM and SIGINT stop; called in the main thread."""
        stopping = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.stop())
        return stopping

    def stop(self) -> None:
        """Tell it to stop, from any thread or signal handler."""
        self._told.put(None)

    def is_set(self) -> bool:
        """Return whether it was told to stop."""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until told to stop, or for so many seconds; return whether it was."""
        end = None if seconds is None else clock.monotonic() + seconds
        while not self._stopped:
            left = _LOOK_S if end is None else end - clock.monotonic()
            try:
                self._told.get(timeout=max(0.0, min(left, _LOOK_S)))
                self._stopped = True
            except Empty:
                if end is not None and clock.monotonic() >= end:
                    break
        return self._stopped
