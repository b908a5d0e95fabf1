"""A lost log: put back where nothing of it is lost, else broken off and continued.

*Put back*: the embedded log's file is gone and the archive holds all that was sealed.
The records return to their own offsets, byte for byte, and the origin goes on; only the
sealer's state has to be made anew (:mod:`ledger.recovery.rebuilding`).

*Broken off*: in every other case, of events and manifests. The origin is closed at its
last published checkpoint; what its log still holds goes to the archive; the partition
goes on in its next epoch; and of what is lost each stream is named by a
``ledger.gap.declared``. The control log cannot be closed, for all else hangs on it: it
is put back whole, or from a copy of the file.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ledger.archive import ArchiveFolder
from ledger.authority import role_of
from ledger.checkpoint import parse_checkpoint
from ledger.errors import (
    ConflictError,
    IntegrityError,
    MissingEvidenceError,
)
from ledger.leaf import parse_leaf
from ledger.log import open_log
from ledger.log.upkeep import put_back
from ledger.note import log_vkey
from ledger.public import OriginReader, PublicFolder
from ledger.recovery.archiving import verify_archive
from ledger.recovery.breaking import Restored, break_off
from ledger.verification.places import partition_of

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.config import Config
    from ledger.seal.state import State


def restore(
    config: Config,
    *,
    origin: str,
    archive: Path,
    state: State | None = None,
    why: str = "its log was lost",
    declared_by: str | None = None,
) -> Restored:
    """Restore a lost or beheaded log from an archive; see the module.

    No worker may run meanwhile. Can be repeated after any failure.

    Args:
        config: the ledger home, with operator's key and key folder.
        origin: the origin whose log is lost.
        archive: folder of the archive; it may be the home's own.
        state: the sealer's state if it is there: it must not be ahead of what was
            published.
        why: the cause, for the record.
        declared_by: who declares the loss, as claimed.

    Raises:
        ConfigurationError, ConflictError: it cannot be restored so; the text says how.
        IntegrityError, MalformedError: the archive is not of what was sealed.
        MissingEvidenceError: control log, tiles or segments are absent.
    """
    _import(ArchiveFolder(archive), ArchiveFolder(config.archive), origin)
    if _is_empty(config, origin) and config.log.kind == "sqlite":
        restored = _put_back(config, origin)
        if restored is not None:
            return restored
    if role_of(origin) != "control":
        return break_off(config, origin, state, why, declared_by)
    raise ConflictError(
        f"{origin}: the archive does not reach its last sealed record, or the log "
        "holds records",
        hint="restore log.sqlite, or the topic, from a copy: all else hangs on it",
    )


def _is_empty(config: Config, origin: str) -> bool:
    try:
        log = open_log(config)
    except MissingEvidenceError:
        return True
    try:
        start, end = log.bounds(partition_of(origin))
    except MissingEvidenceError:
        return True  # the topic itself is gone
    else:
        return start == end
    finally:
        log.close()


def _put_back(config: Config, origin: str) -> Restored | None:
    """Put all records back, or return None when the archive does not reach so far."""
    public, own = PublicFolder(config.public), ArchiveFolder(config.archive)
    index = own.origin(origin).index()
    reader = _unverified_reader(public, origin)
    end = parse_leaf(reader.leaf(reader.checkpoint.size - 1)).last_offset + 1
    if not index.covers(0, end):
        return None
    _verify(own, reader)
    records = (
        record for line in index.segments for record in own.origin(origin).verify(line)
    )
    count = put_back(config, partition_of(origin), records)
    return Restored(origin, reader.checkpoint.size, count, 0, origin)


def _unverified_reader(public: PublicFolder, origin: str) -> OriginReader:
    """Read an origin by what its own checkpoint says.

    Without a log there is no control log that could name its key; what is put back is
    verified from the ledger id as soon as it is there.
    """
    checkpoint, _ = parse_checkpoint(public.read(origin, "checkpoint"))
    nobody = log_vkey(origin, bytes(32))
    return OriginReader(public, nobody, checkpoint=checkpoint)


def _verify(archive: ArchiveFolder, reader: OriginReader) -> None:
    for step in verify_archive(archive, reader):
        if step.status == "verified":
            continue
        kind = IntegrityError if step.status == "failed" else MissingEvidenceError
        raise kind(
            step.detail,
            place=step.place or "",
            expected=step.expected,
            actual=step.actual,
        )


def _import(given: ArchiveFolder, own: ArchiveFolder, origin: str) -> None:
    """Take segments over that the home's archive does not have."""
    source, target = given.origin(origin), own.origin(origin)
    own.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source.folder.resolve() == target.folder.resolve():
        return
    theirs, ours = source.index(), target.index()
    if theirs.segments[: len(ours.segments)] != ours.segments:
        if ours.segments[: len(theirs.segments)] == theirs.segments:
            return  # ours goes on where theirs ends
        raise ConflictError(
            f"{source.path}: goes on otherwise than the archive of this home",
            hint=f"keep both; choose one by moving {target.folder} away",
        )
    target.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for line in theirs.segments[len(ours.segments) :]:
        shutil.copyfile(source.folder / line.name, target.folder / line.name)
    if source.path.is_file():
        shutil.copyfile(source.path, target.path)
