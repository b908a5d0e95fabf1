"""The end of a process, and forks of it, as its emitters see them."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol

from ledger import clock

EXIT_SECONDS = 2.0


class Watched(Protocol):
    """What has to be told."""

    def close(self, timeout: float = 2.0) -> None:
        """End within a time."""
        ...

    def begin_anew(self) -> None:
        """Begin again in a forked child, with nothing of the parent's."""
        ...


_watched: weakref.WeakSet[Watched] = weakref.WeakSet()


def watch(emitter: Watched) -> None:
    """Close an emitter at exit, and begin it anew in forked children."""
    _watched.add(emitter)


def _close_all() -> None:
    """Close what is still open, all of it within two seconds."""
    deadline = clock.monotonic() + EXIT_SECONDS
    for emitter in list(_watched):
        emitter.close(max(0.0, deadline - clock.monotonic()))


def _after_fork() -> None:
    for emitter in list(_watched):
        emitter.begin_anew()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
