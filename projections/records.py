"""Read single records of the log, forward, without asking for each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import MissingEvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.log import Log, Record


class RecordCursor:
    """Hands out the records of one partition by ascending offset."""

    def __init__(self, log: Log, partition: int) -> None:
        self._log = log
        self._partition = partition
        self._records: Iterator[Record] = iter(())
        self._next = -1

    def value(self, offset: int) -> bytes | None:
        """Return the value at an offset.

        Raises:
            MissingEvidenceError: the log does not hold that offset any more.
        """
        if offset < self._next or self._next < 0:
            self._open(offset)
        record = self._upto(offset)
        if record is None:
            self._open(offset)
            record = self._upto(offset)
        if record is None or record.offset != offset:
            raise MissingEvidenceError(
                f"offset {offset} of partition {self._partition} is not in the log",
                place=f"log partition {self._partition} offset {offset}",
            )
        return record.value

    def _open(self, offset: int) -> None:
        self._records = self._log.read(self._partition, offset)
        self._next = offset

    def _upto(self, offset: int) -> Record | None:
        for record in self._records:
            self._next = record.offset + 1
            if record.offset >= offset:
                return record
        return None
