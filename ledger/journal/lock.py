"""Who holds a journal: a lock that ends with its process, whatever ends the process.

``flock`` on ``<journal id>.lock``. The file is separate because closing any descriptor
of an SQLite file would drop the locks SQLite itself holds on it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from ledger.errors import ConfigurationError, JournalError

_NETWORK = frozenset(
    (
        *("9p", "afs", "ceph", "cifs", "coda", "glusterfs", "lustre", "ncpfs", "nfs"),
        *("nfs4", "ocfs2", "orangefs", "smb3", "smbfs"),
        *("fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"),
    )
)


class JournalLock:
    """An exclusive hold on one journal; made by :meth:`take` or :meth:`try_take`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, journal_id: bytes) -> Self:
        """Lock a journal that is about to be made.

        Raises:
            JournalError: the folder cannot be written, or the journal is held.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = cls.try_take(folder, journal_id)
        except OSError as error:
            raise JournalError(
                f"{folder}: {error.strerror}",
                hint="the journal's folder must be writable and have space",
            ) from error
        if lock is None:
            raise JournalError(f"{folder}/{journal_id.hex()}: held by another process")
        return lock

    @classmethod
    def try_take(cls, folder: Path, journal_id: bytes) -> Self | None:
        """Lock a journal if nobody holds it; None if somebody does."""
        path = folder / f"{journal_id.hex()}.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        # A holder that finished its journal may have removed the file we opened.
        if _flock(descriptor) and _is_same(path, descriptor):
            return cls(path, descriptor)
        os.close(descriptor)
        return None

    def release(self, *, remove: bool = False) -> None:
        """Let go; with ``remove``, of a journal that is finished."""
        if self._descriptor < 0:
            return
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1

    def abandon(self) -> None:
        """Close the copy that a fork inherited; the parent keeps its hold."""
        self.release()


def refuse_network_folder(folder: Path) -> None:
    """Check that a folder can carry a journal.

    Raises:
        ConfigurationError: it lies on a network file system, where neither ``flock``
            nor SQLite's write-ahead log can be relied on.
    """
    kind = _file_system(folder)
    if kind in _NETWORK:
        raise ConfigurationError(
            f"{folder}: lies on a network file system ({kind})",
            hint="keep MLLEDGER_HOME, or at least its journal folder, on a local disk",
        )


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _file_system(folder: Path) -> str:
    """Return the type of the file system that holds a folder; empty if unknown."""
    table = Path("/proc/self/mountinfo")
    if not table.is_file():
        return ""
    real = folder.resolve()
    best, kind = -1, ""
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
        left, _, right = line.partition(" - ")
        mount = Path(left.split(" ")[4].replace("\\040", " "))
        if real.is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), right.split(" ")[0]
    return kind
