"""Trimming: the beginning of a log is deleted when the law's periods are over.

What is deleted is said first: ``ledger.log.trimmed`` is appended to the control log and
sealed there, with the rule that asks for it and the digest of the archive, before one
record goes. The tree stays whole; of trimmed records that are not archived the verdicts
cannot be recomputed any more ("could not check", 6, and never "failed").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.administration import append_as_operator
from ledger.archive import ArchiveFolder
from ledger.authority import role_of
from ledger.errors import (
    ConfigurationError,
    ConflictError,
    MalformedError,
    MissingEvidenceError,
    NotAuthorisedError,
    UnavailableError,
)
from ledger.leaf import parse_leaf
from ledger.log.upkeep import delete_below
from ledger.public import OriginReader, PublicFolder
from ledger.recovery.archiving import verify_archive
from ledger.recovery.holds import open_holds
from ledger.recovery.waiting import waiting
from ledger.verdict import Verdict
from ledger.verification.control import ControlReader
from ledger.verification.log_start import verify_log_start
from ledger.verification.places import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.config import Config
    from ledger.log import Log


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What was deleted, and what says that it may be.

    Attributes:
        origin: the origin.
        first: first offset that was deleted.
        before: first offset that is kept.
        control_leaf: control leaf of the ``ledger.log.trimmed``.
        archive: digest of the archive's index, or None without one.
    """

    origin: str
    first: int
    before: int
    control_leaf: int
    archive: bytes | None


def trim(
    config: Config,
    log: Log,
    *,
    origin: str,
    before: int,
    rule: str,
    archived: bool,
    seal: Callable[[], None],
) -> Trimmed:
    """Delete the records of an origin below an offset, once it is sealed that they may.

    Can be repeated after any failure: what was said already is not said again.

    Args:
        config: the ledger home, with the operator's key.
        log: the ledger's log.
        origin: an open event log.
        before: first offset that is kept; the last sealed record always is.
        rule: name of the retention rule that asks for it.
        archived: whether the records must be in the archive.
        seal: has the control log sealed, or waits until somebody has done so.

    Raises:
        ConflictError: nothing to delete, more was trimmed already, or not sealed yet.
        ConfigurationError: not an open event log.
        MissingEvidenceError: the records are not in the archive.
        IntegrityError: the archive, or the log, is not what was sealed.
        NotAuthorisedError: a hold forbids it.
        UnavailableError: ``ledger.log.trimmed`` is appended, but nobody seals it.
    """
    from ledger.events.ledger import LogTrimmed

    public = PublicFolder(config.public)
    control = ControlReader(log=log, public=public, ledger_id=config.ledger_id)
    control.refresh()
    reader = _reader(control, public, origin)
    verify_log_start(log, origin, control.control)
    first = log.bounds(partition_of(origin))[0]
    _check_range(reader, first, before)
    digest = _archive_digest(config, reader, first, before) if archived else None
    if not archived:
        _check_holds(log, control, public)
    said = control.control.trimmed(origin)
    if said is None or said.before_offset < before:
        fact = LogTrimmed.record(
            origin=origin, before_offset=before, rule=rule, archive=digest
        )
        said_already = waiting(log, public, control, "ledger.log.trimmed", origin)
        if said_already is None or said_already["before_offset"] < before:
            append_as_operator(config, log, [fact])
        seal()
        said = control.refresh().trimmed(origin)
    if said is None or said.before_offset < before:
        raise UnavailableError(
            f"{origin}: ledger.log.trimmed is appended, but not sealed yet",
            hint="run mlledger worker, then repeat this command; nothing was deleted",
        )
    delete_below(config, partition_of(origin), before)
    return Trimmed(origin, first, before, said.leaf, said.archive)


def _reader(control: ControlReader, public: PublicFolder, origin: str) -> OriginReader:
    state = control.control.logs.get(origin)
    if state is None or state.closed_at is not None or role_of(origin) != "events":
        raise ConfigurationError(
            f"{origin}: not an open event log",
            hint="control and manifest logs are kept whole; closed logs are archives",
        )
    return OriginReader(public, control.control.known_vkeys(origin))


def _check_range(reader: OriginReader, first: int, before: int) -> None:
    if before <= first:
        raise ConflictError(f"{reader.origin}: begins at offset {first} already")
    last = _last_record(reader)
    if before > last:
        raise ConflictError(
            f"{reader.origin}: offset {before} is beyond the last sealed record",
            hint=f"that record stays, for the sealer looks at it: at most {last}",
        )


def _last_record(reader: OriginReader) -> int:
    for index in range(reader.checkpoint.size - 1, -1, -1):
        leaf = parse_leaf(reader.leaf(index))
        if leaf.verdict != Verdict.GAP:
            return leaf.offset
    return 0


def _archive_digest(
    config: Config, reader: OriginReader, first: int, before: int
) -> bytes:
    """Return the digest of an archive that was seen to hold what is to be deleted."""
    archive = ArchiveFolder(config.archive)
    index = archive.origin(reader.origin).index()
    if not index.covers(first, before):
        raise MissingEvidenceError(
            f"{reader.origin}: offsets {first} to {before - 1} are not all archived",
            place=f"archive/{reader.origin}/index",
            expected=f"offsets {first} to {before - 1}",
            actual=f"offsets {index.first} to {index.end - 1}",
            hint="mlledger archive write, or --no-archive to give them up",
        )
    wrong = [
        step
        for step in verify_archive(archive, reader, below=before)
        if step.status != "verified"
    ]
    if wrong:
        kind = MalformedError if wrong[0].status == "failed" else MissingEvidenceError
        raise kind(wrong[0].detail, place=wrong[0].place or "")
    return index.digest


def _check_holds(log: Log, control: ControlReader, public: PublicFolder) -> None:
    names = open_holds(log, control.control, public)
    if names:
        raise NotAuthorisedError(
            f"a hold is in force: {', '.join(names)}",
            hint="release it, or archive the records: then none of them is given up",
        )
