"""One process at a time works on a vault: no key goes while somebody uses it."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PATIENCE_S = 30.0
_TURN_S = 0.02


@contextmanager
def alone(path: Path) -> Generator[None]:
    """Hold the lock for the block; it ends with the process, whatever ends that.

    Args:
        path: the lock's file, made where absent.

    Raises:
        ConflictError: another process has held it for 30 seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, path)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    until = clock.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic() > until:
                raise ConflictError(
                    f"{path}: another process is at work on the vault",
                    hint="try again, or stop mlledger vault serve",
                ) from None
            time.sleep(_TURN_S)
        else:
            return
