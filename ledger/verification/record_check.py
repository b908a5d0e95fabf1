"""The log of one origin beside its leaves: is every record the one that was sealed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.verification.control import verify_record
from ledger.verification.findings import Findings
from ledger.verification.places import log_place
from ledger.verification.records import Records

if TYPE_CHECKING:
    from ledger.control import LogTrimmedState
    from ledger.leaf import SealLeaf
    from ledger.log import Log, Record


class RecordCheck:
    """Compares the records of one partition with leaves, in one ascending pass.

    Args:
        log: the ledger's log; archived records count as long as it can read them.
        origin: the origin.
        partition: its number.
        start: no offset below it will be asked for.
        trimmed: how far its records may have been deleted, or None.

    Attributes:
        end: offset that the log's next record gets.
        missed: how many records of leaves were not there.
        findings: what does not agree.
    """

    def __init__(
        self,
        log: Log,
        *,
        origin: str,
        partition: int,
        start: int = 0,
        trimmed: LogTrimmedState | None = None,
    ) -> None:
        self._origin = origin
        self._trimmed = trimmed
        self._records = Records(log, partition, start)
        self._missing: tuple[int, int] | None = None
        self.end = self._records.end
        self.missed = 0
        self.findings = Findings(f"{origin} records")

    @property
    def missing(self) -> tuple[int, int] | None:
        """The run of missing offsets that has not been reported yet."""
        return self._missing

    @missing.setter
    def missing(self, run: tuple[int, int] | None) -> None:
        self._missing = run

    def matching(self, leaf: SealLeaf) -> Record | None:
        """Return the record of a leaf if it is there and as it was sealed."""
        record = self._records.at(leaf.offset)
        if record is None:
            self._note_missing(leaf.offset)
            return None
        place = log_place(self._origin, leaf.offset)
        try:
            verify_record(leaf, record.value, place)
        except IntegrityError as error:
            self.findings.add(error)
            return None
        if record.timestamp_ms != leaf.broker_timestamp_ms:
            self.findings.add(
                IntegrityError(
                    f"{place}: the log's own time of this record was changed",
                    place=place,
                    expected=f"timestamp {leaf.broker_timestamp_ms}",
                    actual=f"timestamp {record.timestamp_ms}",
                )
            )
        return record

    def check_gap(self, leaf: SealLeaf) -> None:
        """Check that the log holds no record where a gap was sealed."""
        # Of a log that lost its tail nobody can say what stood there: "missing".
        if leaf.last_offset >= self.end and self._missing is None:
            place = log_place(self._origin, leaf.offset)
            self.findings.add(
                IntegrityError(
                    f"{place}: sealed as a gap, but the log has not come so far",
                    place=place,
                    expected=f"offsets below {self.end}",
                    actual=f"a gap to offset {leaf.last_offset}",
                )
            )
            return
        record = self._records.within(leaf.offset, leaf.last_offset)
        if record is not None:
            place = log_place(self._origin, record.offset)
            self.findings.add(
                IntegrityError(
                    f"{place}: a record stands where none was when it was sealed",
                    place=place,
                    expected="no record",
                    actual=f"a record of {len(record.value or b'')} bytes",
                )
            )

    def report_missing(self) -> None:
        """Make the run of missing offsets so far a finding."""
        if self._missing is None:
            return
        (first, last), self._missing = self._missing, None
        place = log_place(self._origin, first)
        words, hint = self._words(first, last)
        self.findings.add(
            MissingEvidenceError(
                words,
                place=place,
                expected=f"{last - first + 1} records",
                actual="none",
                hint=hint,
            )
        )

    def _note_missing(self, offset: int) -> None:
        self.missed += 1
        first, last = self._missing or (offset, offset - 1)
        boundary = self._trimmed is not None and offset == self._trimmed.before_offset
        if last != offset - 1 or boundary:
            self.report_missing()
            first = offset
        self._missing = (first, offset)

    def _words(self, first: int, last: int) -> tuple[str, str]:
        trimmed = self._trimmed
        if trimmed is not None and last < trimmed.before_offset:
            words = (
                f"log {self._origin}: the records of offsets {first} to {last} were "
                f"trimmed as control leaf {trimmed.leaf} says ({trimmed.rule}); their "
                "verdicts could not be recomputed"
            )
            return words, "put their archive into the home's archive folder"
        words = (
            f"log {self._origin}: offsets {first} to {last} are sealed but not in "
            "the log"
        )
        return words, "restore them from a replica, an archive or a producer's journal"
