"""Every leaf of one origin against the log and the rules, in one pass."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.control import Control
from ledger.entry import SignedEntry, parse_header
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL, Log, Record
from ledger.verdict import Judgement, Verdict, judge
from ledger.verification.control import verify_judged, verify_record
from ledger.verification.findings import Findings
from ledger.verification.places import at, leaf_place, log_place, partition_of
from ledger.verification.records import Records
from ledger.verification.streams import DiskStreams

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable

    from ledger.verification.steps import Step

FRESHNESS_MS = 60_000
_FRONT_LEN = 8


class LeafAudit:
    """Recomputes what a sealer said of each record.

    Args:
        log: the ledger's log.
        origin: the origin to check.
        control: the whole control log; of the control log itself it is folded anew.
        control_sealed_at_ms: per control leaf, the sealer's clock.
        progress: called with the number of leaves that were done since the last call.
    """

    def __init__(
        self,
        *,
        log: Log,
        origin: str,
        control: Control,
        control_sealed_at_ms: array[int],
        progress: Callable[[int], None],
    ) -> None:
        self._origin = origin
        self._partition = partition_of(origin)
        self._is_control = self._partition == CONTROL
        self._control = Control() if self._is_control else control
        self._control_sealed_at_ms = control_sealed_at_ms
        self._progress = progress
        self._end = log.bounds(self._partition)[1]
        self._records = Records(log, self._partition)
        self._streams = DiskStreams()
        self._log_id = sha256(origin.encode()).digest()
        self._offset, self._sealed_at_ms, self._registry_size = 0, 0, 0
        self._missing: tuple[int, int] | None = None
        self.leaves, self.events, self.quarantined = 0, 0, 0
        self._order = Findings(f"{origin} leaves")
        self._bytes = Findings(f"{origin} records")
        self._verdicts = Findings(f"{origin} verdicts")

    def steps(self, leaves: Iterable[bytes]) -> list[Step]:
        """Check all leaves, given in order from the first; ends with the streams."""
        try:
            with self._order.collected():
                for index, data in enumerate(leaves):
                    self._check(index, data)
            self._report_missing()
        finally:
            self._streams.close()
        tail = self._records.end - self._offset
        waiting = f"; {tail} records wait to be sealed" if tail > 0 else ""
        return [
            *self._order.steps(
                f"{self.leaves} leaves cover offsets 0 to {self._offset - 1}{waiting}"
            ),
            *self._bytes.steps("every record hashes to its leaf"),
            *self._verdicts.steps(
                f"{self.events} events accepted, {self.quarantined} records in "
                "quarantine, all verdicts recomputed"
            ),
        ]

    def _check(self, index: int, data: bytes) -> None:
        place = leaf_place(self._origin, index)
        with at(place):
            leaf = parse_leaf(data)
        self._check_order(leaf, index, place)
        judgement = self._judged(leaf, place)
        self._streams.apply(judgement, index)
        accepted = judgement.entry if judgement.verdict == Verdict.ACCEPTED else None
        if self._is_control:
            self._control.apply(index, accepted)
        self.leaves += 1
        self.events += accepted.header.n_events if accepted else 0
        self.quarantined += Verdict.MALFORMED <= leaf.verdict < Verdict.GAP
        self._offset = leaf.last_offset + 1
        if index % 256 == 255:
            self._progress(256)

    def _check_order(self, leaf: SealLeaf, index: int, place: str) -> None:
        facts = (
            ("offset", leaf.offset == self._offset, self._offset, leaf.offset),
            (
                "sealed_at_ms",
                leaf.sealed_at_ms >= self._sealed_at_ms,
                f"{self._sealed_at_ms} or later",
                leaf.sealed_at_ms,
            ),
            self._registry_fact(leaf, index),
            self._freshness_fact(leaf),
        )
        for name, holds, expected, actual in facts:
            if not holds:
                self._order.add(
                    IntegrityError(
                        f"{place}: {name} is out of order",
                        place=place,
                        expected=f"{name} {expected}",
                        actual=f"{name} {actual}",
                    )
                )
        self._sealed_at_ms = leaf.sealed_at_ms
        self._registry_size = leaf.registry_size

    def _registry_fact(
        self, leaf: SealLeaf, index: int
    ) -> tuple[str, bool, object, object]:
        pinned = leaf.registry_size
        if self._is_control:
            return "registry_size", pinned == index, index, pinned
        low, high = self._registry_size, self._control.size
        return "registry_size", low <= pinned <= high, f"{low} to {high}", pinned

    def _freshness_fact(self, leaf: SealLeaf) -> tuple[str, bool, object, object]:
        """Whether the first control leaf it did not see was too young to be seen."""
        pinned, sealed = leaf.registry_size, self._control_sealed_at_ms
        if self._is_control or pinned >= len(sealed):
            return "freshness", True, "", ""
        until = sealed[pinned] + FRESHNESS_MS
        return "freshness", leaf.sealed_at_ms < until, f"< {until}", leaf.sealed_at_ms

    def _judged(self, leaf: SealLeaf, place: str) -> Judgement:
        """Return the judgement recomputed; where it cannot be, the sealed one."""
        if leaf.verdict == Verdict.GAP:
            self._check_gap(leaf)
            return Judgement(Verdict.GAP, leaf.aux)
        record = self._records.at(leaf.offset)
        if record is None:
            self._note_missing(leaf.offset)
            return _as_sealed(leaf)
        if not self._is_as_sealed(leaf, record):
            return _as_sealed(leaf)
        judgement = judge(
            record.value,
            origin=self._origin,
            log_id=self._log_id,
            streams=self._streams,
            control=self._control,
            registry_size=min(leaf.registry_size, self._control.size),
        )
        try:
            verify_judged(leaf, judgement, place)
        except IntegrityError as error:
            # Later verdicts follow from what earlier leaves say, true or not.
            self._verdicts.add(error)
            return _as_sealed(leaf)
        return judgement

    def _is_as_sealed(self, leaf: SealLeaf, record: Record) -> bool:
        place = log_place(self._origin, leaf.offset)
        try:
            verify_record(leaf, record.value, place)
        except IntegrityError as error:
            self._bytes.add(error)
            return False
        if record.timestamp_ms != leaf.broker_timestamp_ms:
            self._bytes.add(
                IntegrityError(
                    f"{place}: the log's own time of this record was changed",
                    place=place,
                    expected=f"timestamp {leaf.broker_timestamp_ms}",
                    actual=f"timestamp {record.timestamp_ms}",
                )
            )
        return True

    def _check_gap(self, leaf: SealLeaf) -> None:
        # Of a log that lost its tail nobody can say what stood there: "missing".
        if leaf.last_offset >= self._end and self._missing is None:
            place = log_place(self._origin, leaf.offset)
            self._bytes.add(
                IntegrityError(
                    f"{place}: sealed as a gap, but the log has not come so far",
                    place=place,
                    expected=f"offsets below {self._end}",
                    actual=f"a gap to offset {leaf.last_offset}",
                )
            )
            return
        record = self._records.within(leaf.offset, leaf.last_offset)
        if record is not None:
            place = log_place(self._origin, record.offset)
            self._bytes.add(
                IntegrityError(
                    f"{place}: a record stands where none was when it was sealed",
                    place=place,
                    expected="no record",
                    actual=f"a record of {len(record.value or b'')} bytes",
                )
            )

    def _note_missing(self, offset: int) -> None:
        first, last = self._missing or (offset, offset - 1)
        if last != offset - 1:
            self._report_missing()
            first = offset
        self._missing = (first, offset)

    def _report_missing(self) -> None:
        if self._missing is None:
            return
        first, last = self._missing
        place = log_place(self._origin, first)
        self._bytes.add(
            MissingEvidenceError(
                f"log {self._origin}: offsets {first} to {last} are sealed but not in "
                "the log",
                place=place,
                expected=f"{last - first + 1} records",
                actual="none",
                hint="restore them from a replica, an archive or a producer's journal",
            )
        )
        self._missing = None


def _as_sealed(leaf: SealLeaf) -> Judgement:
    """Return what the leaf says happened, for the leaves that come after it."""
    try:
        header = parse_header(leaf.header_bytes)
    except MalformedError:
        return Judgement(leaf.verdict, leaf.aux)
    entry = SignedEntry(
        value=bytes(_FRONT_LEN) + leaf.env,
        header=header,
        seed=b"",
        schema_ids=(),
        schema_indexes=b"",
        bodies=(),
    )
    return Judgement(leaf.verdict, leaf.aux, entry, leaf.verdict == Verdict.FORK)
