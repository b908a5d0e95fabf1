"""No fork while a thread is inside SQLite: the child could never open SQLite again.

SQLite keeps process-wide mutexes. A fork copies them as they are; one that another
thread holds at that moment stays locked in the child for ever, and the child's first
``sqlite3.connect`` hangs (seen in one fork of seven beside a busy shipper). So our
background threads work on SQLite inside :data:`gate`, and a fork waits until all of
them are outside. This covers :func:`os.fork` and what is built on it.
"""

from __future__ import annotations

import os
import threading
from types import TracebackType

PATIENCE_S = 5.0
"""A fork waits this long at most; a disk that hangs must not hang the program."""


class ForkGate:
    """Any number of threads inside, or a fork. Who is inside may enter again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forking = False
        self._mine = threading.local()

    def __enter__(self) -> None:
        """Enter; waits while a fork is under way."""
        depth: int = getattr(self._mine, "depth", 0)
        self._mine.depth = depth + 1
        if depth == 0:
            with self._changed:
                self._changed.wait_for(lambda: not self._forking, PATIENCE_S)
                self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        self._mine.depth -= 1
        if self._mine.depth == 0:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def shut(self) -> None:
        """Let nobody in, and wait until all are out; called before a fork."""
        with self._changed:
            self._forking = True
            mine = 1 if getattr(self._mine, "depth", 0) else 0
            self._changed.wait_for(lambda: self._inside <= mine, PATIENCE_S)

    def open(self) -> None:
        """Let threads in again; called in the parent after a fork."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def renew(self) -> None:
        """Begin anew in the child, where no other thread is left."""
        self.__init__()


gate = ForkGate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=gate.shut, after_in_parent=gate.open, after_in_child=gate.renew
    )
