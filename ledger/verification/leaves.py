"""Every leaf of one origin against the log and the rules, in one pass."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.control import Control
from ledger.entry import SignedEntry, parse_header
from ledger.errors import IntegrityError, MalformedError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL, Log
from ledger.verdict import Judgement, Verdict, judge
from ledger.verification.clocks import verify_fresh, verify_not_earlier
from ledger.verification.control import verify_judged
from ledger.verification.findings import Findings
from ledger.verification.places import at, leaf_place, partition_of
from ledger.verification.record_check import RecordCheck
from ledger.verification.streams import DiskStreams
from ledger.verification.watch import StreamWatch

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator

    from ledger.verdict import StreamHead
    from ledger.verification.steps import Step

_FRONT_LEN = 8


class LeafAudit:
    """Recomputes what a sealer said of each record.

    Args:
        log: the ledger's log.
        origin: the origin to check.
        control: the whole control log; of the control log itself it is folded anew.
        control_sealed_at_ms: per control leaf, the sealer's clock.
        progress: called with the number of leaves that were done since the last call.
        start: no record below this offset will be asked for.

    Attributes:
        leaves: how many leaves were checked.
        offset: one past the last offset they cover.
        sealed_at_ms: the sealer's clock of the last of them.
        registry_size: control leaves that the last of them pins.
        events: how many events their accepted entries hold.
        quarantined: how many of their records lie in quarantine.
        records: the log beside them.
        order: findings about the leaves themselves.
        freshness: findings about leaves that rest on an old control log, or on a
            later one.
        verdicts: findings about verdicts.
        watch: the producers' streams.
    """

    def __init__(
        self,
        *,
        log: Log,
        origin: str,
        control: Control,
        control_sealed_at_ms: array[int],
        progress: Callable[[int], None],
        start: int = 0,
    ) -> None:
        self._origin = origin
        partition = partition_of(origin)
        self._is_control = partition == CONTROL
        self._control = Control() if self._is_control else control
        self._control_sealed_at_ms = control_sealed_at_ms
        self._progress = progress
        self._streams = DiskStreams()
        self._log_id = sha256(origin.encode()).digest()
        self.leaves, self.events, self.quarantined = 0, 0, 0
        self.offset, self.sealed_at_ms, self.registry_size = 0, 0, 0
        self.records = RecordCheck(
            log,
            origin=origin,
            partition=partition,
            start=start,
            trimmed=control.trimmed(origin),
        )
        self.order = Findings(f"{origin} leaves")
        self.freshness = Findings(f"{origin} freshness")
        self.verdicts = Findings(f"{origin} verdicts")
        self.watch = StreamWatch()

    def steps(self, leaves: Iterable[bytes]) -> list[Step]:
        """Check all leaves, given in order from the first; ends with the streams."""
        try:
            for _ in self.each(leaves):
                pass
        finally:
            self.close()
        return self.found()

    def each(self, leaves: Iterable[bytes]) -> Iterator[Judgement]:
        """Check the leaves that come next; yields what each of them comes to.

        Ends early at a leaf that does not parse, which is a finding.
        """
        with self.order.collected():
            for data in leaves:
                yield self._check(self.leaves, data)

    def pass_over(self, leaves: Iterable[bytes]) -> None:
        """Take in leaves that were checked before: what they say is held for true.

        Counters and findings stay as they are; only streams are followed.
        """
        for index, data in enumerate(leaves):
            leaf = parse_leaf(data)
            self._streams.apply(as_sealed(leaf), index)

    def head(self, key_fp: bytes, stream_id: bytes) -> StreamHead | None:
        """Return the head of a stream as the leaves so far left it."""
        return self._streams.head(key_fp, stream_id)

    def close(self) -> None:
        """Drop the temporary file of the streams; harmless when repeated."""
        self._streams.close()

    def found(self) -> list[Step]:
        """Return the steps of all leaves checked so far."""
        self.records.report_missing()
        tail = self.records.end - self.offset
        waiting = f"; {tail} records wait to be sealed" if tail > 0 else ""
        return [
            *self.order.steps(
                f"{self.leaves} leaves cover offsets 0 to {self.offset - 1}{waiting}"
            ),
            *self.freshness.steps(
                "no leaf rests on a control log that had gone on a minute before, "
                "or that was sealed a minute after it"
            ),
            *self.records.findings.steps("every record hashes to its leaf"),
            *self.verdicts.steps(
                f"{self.events} events accepted, {self.quarantined} records in "
                "quarantine, all verdicts recomputed"
            ),
        ]

    def _check(self, index: int, data: bytes) -> Judgement:
        place = leaf_place(self._origin, index)
        with at(place):
            leaf = parse_leaf(data)
        self._check_order(leaf, index, place)
        judgement = self._judged(leaf, place)
        self._streams.apply(judgement, index)
        self.watch.see(judgement, leaf.sealed_at_ms)
        accepted = judgement.entry if judgement.verdict == Verdict.ACCEPTED else None
        if self._is_control:
            self._control.apply(index, accepted)
        self.leaves += 1
        self.events += accepted.header.n_events if accepted else 0
        self.quarantined += Verdict.MALFORMED <= leaf.verdict < Verdict.GAP
        self.offset = leaf.last_offset + 1
        if index % 256 == 255:
            self._progress(256)
        return judgement

    def _check_order(self, leaf: SealLeaf, index: int, place: str) -> None:
        facts = (
            ("offset", leaf.offset == self.offset, self.offset, leaf.offset),
            (
                "sealed_at_ms",
                leaf.sealed_at_ms >= self.sealed_at_ms,
                f"{self.sealed_at_ms} or later",
                leaf.sealed_at_ms,
            ),
            self._registry_fact(leaf, index),
        )
        for name, holds, expected, actual in facts:
            if not holds:
                self.order.add(
                    IntegrityError(
                        f"{place}: {name} is out of order",
                        place=place,
                        expected=f"{name} {expected}",
                        actual=f"{name} {actual}",
                    )
                )
        self._check_freshness(leaf, index)
        self.sealed_at_ms = leaf.sealed_at_ms
        self.registry_size = leaf.registry_size

    def _registry_fact(
        self, leaf: SealLeaf, index: int
    ) -> tuple[str, bool, object, object]:
        pinned = leaf.registry_size
        if self._is_control:
            return "registry_size", pinned == index, index, pinned
        low, high = self.registry_size, self._control.size
        return "registry_size", low <= pinned <= high, f"{low} to {high}", pinned

    def _check_freshness(self, leaf: SealLeaf, index: int) -> None:
        pinned, clocks = leaf.registry_size, self._control_sealed_at_ms
        if self._is_control:
            return  # control leaf i pins i, and no clock of an origin goes back
        place = leaf_place(self._origin, index)
        if pinned < len(clocks):  # else the control log of its time has not gone on
            with self.freshness.collected():
                verify_fresh(leaf, clocks[pinned], place)
        if 0 < pinned <= len(clocks):
            with self.freshness.collected():
                verify_not_earlier(leaf, clocks[pinned - 1], place)

    def _judged(self, leaf: SealLeaf, place: str) -> Judgement:
        """Return the judgement recomputed; where it cannot be, the sealed one."""
        if leaf.verdict == Verdict.GAP:
            self.records.check_gap(leaf)
            return Judgement(Verdict.GAP, leaf.aux)
        record = self.records.matching(leaf)
        if record is None:
            return as_sealed(leaf)
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
            self.verdicts.add(error)
            return as_sealed(leaf)
        return judgement


def as_sealed(leaf: SealLeaf) -> Judgement:
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
