"""The files of a spool: which there are, whose they are, how they are replaced."""

from __future__ import annotations

import os
from pathlib import Path

from ledger.journal.frames import LARGEST, parse_title


def segments_of(folder: Path, journal_id: bytes) -> dict[int, Path]:
    """Return a journal's segments that are on disk, by number, ascending."""
    paths = folder.glob(f"{journal_id.hex()}.*.spool")
    return dict(sorted((int(path.name.split(".")[1]), path) for path in paths))


def identity_in(folder: Path, journal_id: bytes) -> str | None:
    """Return whose events a spool holds; None where no title can be read."""
    for path in segments_of(folder, journal_id).values():
        with path.open("rb") as file:
            named = parse_title(file.read(LARGEST))
        if named is not None and named[0] == journal_id:
            return named[1]
    return None


def replace_file(path: Path, data: bytes) -> None:
    """Give a file other bytes, durably and all at once."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
