"""The end of a process, and forks of it, as its emitters see them."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from typing import Any, Protocol

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
        _close_with_process(emitter)


def _close_with_process(emitter: Watched) -> None:
    """Close at the end of a ``multiprocessing`` child, which skips ``atexit``.

    Such a child first forgets what was to be done at its parent's end, and then calls
    what was registered here.
    """
    util: Any = sys.modules.get("multiprocessing.util")

    def at_its_end(_emitter: Watched) -> None:
        util.Finalize(None, _close_all, exitpriority=0)

    if util is not None:
        util.register_after_fork(emitter, at_its_end)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
