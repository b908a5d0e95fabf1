"""Sealed records into the archive, each held against its leaf before it goes there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.archive import ArchivedRecord, SegmentWriter
from ledger.errors import EvidenceError, IntegrityError, MissingEvidenceError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import OriginReader, offset_to_leaf
from ledger.verdict import Verdict
from ledger.verification.control import verify_record
from ledger.verification.findings import Findings
from ledger.verification.places import at, leaf_place, log_place, partition_of
from ledger.verification.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.archive import ArchiveFolder, OriginArchive, SegmentLine
    from ledger.log import Log
    from ledger.verification.steps import Step


@dataclass(frozen=True, slots=True)
class Archived:
    """What one call wrote into the archive of an origin.

    Attributes:
        origin: the origin.
        segments: number of new segments.
        records: number of records in them.
        end: one past the last offset that the archive now covers.
        digest: SHA-256 of the index, 32 bytes.
        lost: leaves whose records could not be archived, where that is allowed.
    """

    origin: str
    segments: int
    records: int
    end: int
    digest: bytes
    lost: tuple[int, ...] = ()


def archive_origin(
    log: Log, archive: ArchiveFolder, reader: OriginReader, *, salvage: bool = False
) -> Archived:
    """Archive what is sealed and not archived yet; durable on return.

    Args:
        log: the ledger's log.
        archive: where to.
        reader: the origin at a verified checkpoint; what it covers is archived.
        salvage: pass over records that are gone or altered, and say which.

    Raises:
        IntegrityError: a record is not the one that was sealed.
        MissingEvidenceError: a record that should be there is not.
    """
    own = archive.origin(reader.origin)
    work = _Work(log, own, reader.origin, salvage=salvage)
    for number, leaf in _leaves_from(reader, work.start):
        work.take(number, leaf)
    return work.done()


class _Work:
    """One pass over leaves and records; whole segments go to the disk on the way."""

    def __init__(
        self, log: Log, own: OriginArchive, origin: str, *, salvage: bool
    ) -> None:
        self._own = own
        self._origin = origin
        self._salvage = salvage
        self._index = own.index()
        partition = partition_of(origin)
        first = 0 if salvage else log.bounds(partition)[0]
        self.start = self._index.end if self._index.segments else first
        self._records = self._open(log, partition)
        self._segment = SegmentWriter(origin, self.start)
        self._segments = self._count = 0
        self._lost: list[int] = []

    def _open(self, log: Log, partition: int) -> Records | None:
        try:
            return Records(log, partition, self.start)
        except MissingEvidenceError:
            if not self._salvage:
                raise
            return None  # the topic itself is gone

    def take(self, number: int, leaf: SealLeaf) -> None:
        """Archive the record of the next leaf."""
        if leaf.verdict == Verdict.GAP:
            self._segment.cover(leaf.last_offset)
            return
        try:
            record = self._record(leaf)
        except EvidenceError:
            if not self._salvage:
                raise
            self._lost.append(number)
            self._flush(leaf.offset + 1)
            return
        self._segment.add(record)
        self._count += 1
        if self._segment.is_full:
            self._flush(self._segment.last + 1)

    def done(self) -> Archived:
        """Write what is left; returns what was done."""
        self._flush(self._segment.last + 1)
        return Archived(
            origin=self._origin,
            segments=self._segments,
            records=self._count,
            end=self._index.end,
            digest=self._index.digest,
            lost=tuple(self._lost),
        )

    def _record(self, leaf: SealLeaf) -> ArchivedRecord:
        place = log_place(self._origin, leaf.offset)
        record = self._records.at(leaf.offset) if self._records else None
        if record is None:
            raise MissingEvidenceError(
                f"{place}: sealed, but the record is not in the log", place=place
            )
        verify_record(leaf, record.value, place)
        return ArchivedRecord(record.offset, record.timestamp_ms, record.value)

    def _flush(self, following: int) -> None:
        segment = self._segment
        if segment.last >= segment.first:
            self._index = self._own.add(self._index, segment)
            self._segments += 1
        self._segment = SegmentWriter(self._origin, following)


def verify_archive(
    archive: ArchiveFolder,
    reader: OriginReader,
    *,
    below: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Step]:
    """Check an origin's archive against its index and against the sealed tree.

    Args:
        archive: the archive.
        reader: the origin at a verified checkpoint.
        below: look only at segments that begin below this offset; None at all.
        progress: called with the number of records that were done since the last call.
    """
    findings = Findings(f"{reader.origin} archive")
    records = segments = 0
    own, index = archive.origin(reader.origin), None
    with findings.collected():
        index = own.index()
        for line in index.segments:
            if below is not None and line.first >= below:
                break
            with findings.collected():
                _verify_segment(own, line, reader)
            segments, records = segments + 1, records + line.records
            if progress:
                progress(line.records)
    digest = index.digest.hex() if index else "none"
    return findings.steps(
        f"{segments} segments hold {records} records, each as it was sealed; digest of "
        f"the index {digest}"
    )


def _verify_segment(
    own: OriginArchive, line: SegmentLine, reader: OriginReader
) -> None:
    records = own.verify(line)
    for number, leaf in _leaves_from(reader, line.first):
        if leaf.offset > line.last:
            break
        if leaf.verdict == Verdict.GAP:
            continue
        record = next(records, None)
        place = f"archive/{own.origin}/{line.name} offset {leaf.offset}"
        if record is None or record.offset != leaf.offset:
            raise IntegrityError(
                f"{place}: not in the segment that covers it",
                place=place,
                expected=f"the record of leaf {number}",
                actual="none" if record is None else f"offset {record.offset}",
            )
        verify_record(leaf, record.value, place)
    if (more := next(records, None)) is not None:
        place = f"archive/{own.origin}/{line.name} offset {more.offset}"
        raise IntegrityError(
            f"{place}: no leaf was sealed of this record",
            place=place,
            expected="no record",
            actual=f"a record of {len(more.value or b'')} bytes",
        )


def _leaves_from(reader: OriginReader, offset: int) -> Iterator[tuple[int, SealLeaf]]:
    """Yield number and leaf from the one that covers an offset on."""
    size = reader.checkpoint.size
    first = offset_to_leaf(reader, offset)
    if first is None:
        return
    for number, data in enumerate(reader.leaves(first, size), first):
        with at(leaf_place(reader.origin, number)):
            yield number, parse_leaf(data)
