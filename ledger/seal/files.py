"""Files that survive a power cut: written whole, synced, never overwritten."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import ConfigurationError, ConflictError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

_LOCK_SECONDS = 30.0
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK}


def write_synced(path: Path, data: bytes) -> None:
    """Write a file, replacing what stands there, and sync its bytes to the disk.

    The name itself is durable after :func:`sync_folders` on its folder.
    """
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folders(folders: Iterable[Path]) -> None:
    """Make the names inside folders durable."""
    for folder in sorted(set(folders)):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each of them durable, where absent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folders([folder.parent])


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold a lock file; another process, or thread, waits for it up to 30 seconds.

    The lock goes with the process that holds it, however that ends.

    Raises:
        ConflictError: whoever holds it does not let go.
    """
    make_folder(path.parent)
    with path.open("wb") as file:
        _lock(file.fileno(), path)
        yield


def _lock(number: int, path: Path) -> None:
    until = clock.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if clock.monotonic() >= until:
                raise ConflictError(
                    f"{path}: another sealer holds this origin",
                    hint="one sealer serves an origin: stop the other one",
                ) from error
            time.sleep(0.01)
        else:
            return


def link_new(source: Path, target: Path, *, place: str) -> None:
    """Give a synced file its final name, create-exclusive.

    A second name for the same bytes appears whole or not at all, which a copy does not.

    Args:
        source: the file.
        target: its final name.
        place: that name as errors tell it: origin and file, wherever the home is.

    Raises:
        IntegrityError: another file with other bytes stands there.
        ConfigurationError: the file system does not offer hard links between the two.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        verify_equal(target, source.read_bytes(), place=place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise ConfigurationError(
            f"{target}: cannot be linked from {source}: {error.strerror}",
            hint="keep staging/ and public/ on one file system that has hard links",
        ) from error


def verify_equal(path: Path, data: bytes, *, place: str) -> None:
    """Check that a published file holds exactly these bytes.

    Raises:
        IntegrityError: it holds others.
    """
    found = path.read_bytes()
    if found != data:
        at = next(
            (i for i, (a, b) in enumerate(zip(found, data, strict=False)) if a != b),
            min(len(found), len(data)),
        )
        raise IntegrityError(
            f"{place}: stands there already with other bytes, from byte {at} on",
            place=place,
            expected=data[at : at + 16].hex() or f"{len(data)} bytes",
            actual=found[at : at + 16].hex() or f"{len(found)} bytes",
            hint="another sealer published here, or the file was altered: keep both "
            "as evidence and do not seal on",
        )
