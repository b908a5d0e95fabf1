"""Journals that other processes left: found, locked, mended, carried on.

A stream is never continued: an adopted journal's entries are sent again byte for byte,
and events that no entry holds yet go into a stream of the adopter's own, kept in the
same file, so that each event moves in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.journal.lock import JournalLock
from ledger.journal.quarantine import Quarantine
from ledger.journal.salvage import damage_of, finish_interrupted, salvage
from ledger.journal.spool import Spool
from ledger.journal.spool_files import identity_in, segments_of
from ledger.journal.store import Journal

if TYPE_CHECKING:
    from ledger.config import Config

_NAME = re.compile(r"([0-9a-f]{32})\.(sqlite|salvaged|lock|[0-9]+\.spool)")


@dataclass(frozen=True, slots=True)
class Adopted:
    """A journal this process holds; its streams are all ended."""

    lock: JournalLock
    journal: Journal
    spool: Spool
    folder: Path

    def release(self, finished: bool) -> None:  # noqa: FBT001  a callback
        """Unlock the journal; remove its files if nothing is left in it."""
        if finished:
            remove_files(self.folder, self.journal.journal_id)
        self.lock.release(remove=finished)


def journal_path(folder: Path, journal_id: bytes) -> Path:
    """Return where a journal's tables lie."""
    return folder / f"{journal_id.hex()}.sqlite"


def journal_ids(folder: Path) -> list[bytes]:
    """Return the ids of all journals in a folder, held or not, oldest first."""
    found: dict[bytes, int] = {}
    for path in _files(folder):
        if match := _NAME.fullmatch(path.name):
            journal_id = bytes.fromhex(match[1])
            try:
                time = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # its holder has just finished with it
            found[journal_id] = min(time, found.get(journal_id, time))
    return sorted(found, key=lambda journal_id: found[journal_id])


def adopt(config: Config, journal_id: bytes, now_ms: int) -> Adopted | None:
    """Take a journal over; None if it is held, or if there is nothing in it.

    Raises:
        JournalError: the folder cannot be written.
        OSError: likewise.
    """
    folder = config.journal
    lock = JournalLock.try_take(folder, journal_id)
    if lock is None:
        return None
    try:
        opened = _open(config, journal_id, now_ms)
    except BaseException:
        lock.release()
        raise
    if opened is None:
        remove_files(folder, journal_id)
        lock.release(remove=True)
        return None
    return Adopted(lock, *opened, folder)


def remove_files(folder: Path, journal_id: bytes) -> None:
    """Remove what a finished journal leaves, but for its lock."""
    for path in segments_of(folder, journal_id).values():
        path.unlink(missing_ok=True)
    base = journal_path(folder, journal_id)
    for suffix in ("-wal", "-shm", "-journal", ""):
        base.with_name(base.name + suffix).unlink(missing_ok=True)


def _open(
    config: Config, journal_id: bytes, now_ms: int
) -> tuple[Journal, Spool] | None:
    folder, quarantine = config.journal, Quarantine(config.journal)
    path = journal_path(folder, journal_id)
    finish_interrupted(path)
    if path.exists() and damage_of(path) is not None:
        salvage(path, journal_id, config, quarantine, now_ms)
    identity = identity_in(folder, journal_id)
    if not path.exists() and identity is None:
        _keep_segments(folder, journal_id, quarantine)
        return None
    journal = Journal(
        path, journal_id=journal_id, identity=identity or "", created_ms=now_ms
    )
    journal.leave_streams()
    spool = Spool(folder, journal_id, journal.identity, mark=journal.mark)
    spool.repair(
        lambda name, lost: quarantine.keep(name, lost, "torn or damaged spool")
    )
    return journal, spool


def _keep_segments(folder: Path, journal_id: bytes, quarantine: Quarantine) -> None:
    for path in segments_of(folder, journal_id).values():
        if path.stat().st_size:
            quarantine.take_in(path, "spool whose first frame is damaged")


def _files(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())
