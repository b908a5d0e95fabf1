"""The disks that a home lies on, as ``mlledger doctor`` sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.doctor import FAILED, WARNING, Finding

if TYPE_CHECKING:
    from ledger.config import Config

SCARCE = 64 << 20
NOTHING = 1 << 20
"""Bytes: with less the embedded log and database cannot work, and blobs fail."""
_EXIT = 8
_REPAIR = (
    "make space; until then events are dropped and counted, documents not kept: "
    "stats() of a client, capture of a run say which"
)


def disk(config: Config) -> Iterator[Finding]:
    """Say which disk is full, nearly full or read-only; nothing of the others."""
    seen: set[int] = set()
    for folder in (config.home, config.journal, config.blobs, config.public):
        if folder.is_dir() and (device := folder.stat().st_dev) not in seen:
            seen.add(device)
            yield from _look(folder)


def _look(folder: Path) -> Iterator[Finding]:
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if state.f_flag & os.ST_RDONLY:
        text, repair = f"{folder}: read-only file system", "mount it to be written"
        yield Finding("disk", FAILED, text, repair, _EXIT)
    elif state.f_files and not state.f_favail:
        text = f"{folder}: no space left for further files (inodes)"
        yield Finding("disk", FAILED, text, _REPAIR, _EXIT)
    elif free < NOTHING:
        text = f"{folder}: no space left on the disk ({free:,} bytes free)"
        yield Finding("disk", FAILED, text, _REPAIR, _EXIT)
    elif free < SCARCE:
        text = f"{folder}: {free >> 20} MiB left on the disk"
        yield Finding("disk", WARNING, text, "make space before it is full")
