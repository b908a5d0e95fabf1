"""One batch: records in, seal leaves out; every offset covered by exactly one leaf."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.entry import peek_env
from ledger.errors import IntegrityError
from ledger.leaf import SealLeaf, gap_leaf
from ledger.log import CONTROL, Record
from ledger.seal.steps import SealResult
from ledger.verdict import Judgement, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ledger.control import Control
    from ledger.seal.streams import BatchStreams

MAX_SECONDS = 1.0
MAX_BYTES = 32 << 20
MAX_RECORDS = 5_000


@dataclass(slots=True)
class Batch:
    """The leaves of one batch as they are made.

    Attributes:
        origin: such as ``acme/p0``.
        partition: −1 for the control log, whose leaf i pins registry size i.
        first_leaf: index of the batch's first leaf.
        next_offset: offset that the next leaf must begin with.
        sealed_at_ms: the clock of the batch, on each of its leaves.
        control: the control log; of the control log itself, as its own leaves make it.
        streams: the origin's streams.
        leaves: bytes of the leaves so far.
        events: number of events in the accepted entries.
        verdicts: how often each verdict was given.
        refused: how many entries do not count, by verdict and by the signer they name.
    """

    origin: str
    partition: int
    first_leaf: int
    next_offset: int
    sealed_at_ms: int
    control: Control
    streams: BatchStreams
    leaves: list[bytes] = field(default_factory=list[bytes])
    events: int = 0
    verdicts: dict[Verdict, int] = field(default_factory=dict[Verdict, int])
    refused: Counter[tuple[Verdict, str]] = field(
        default_factory=Counter[tuple[Verdict, str]]
    )

    @property
    def registry_size(self) -> int:
        """Number of control leaves that the next leaf pins."""
        return self._next if self.partition == CONTROL else self.control.size

    @property
    def _next(self) -> int:
        return self.first_leaf + len(self.leaves)

    def fill(self, records: Iterable[Record], monotonic: Callable[[], float]) -> None:
        """Judge records until they or one second are over.

        Raises:
            IntegrityError: the log gave an offset out of order.
        """
        until = monotonic() + MAX_SECONDS
        log_id = sha256(self.origin.encode()).digest()
        for record in records:
            self._cover_gap(record)
            self._seal(record, log_id)
            if monotonic() >= until:
                return

    def result(self, size: int) -> SealResult:
        """Return what the batch came to, once its tree has ``size`` leaves."""
        return SealResult(
            origin=self.origin,
            leaves=len(self.leaves),
            events=self.events,
            size=size,
            verdicts=self.verdicts,
            refused=self.refused,
        )

    def _cover_gap(self, record: Record) -> None:
        if record.offset < self.next_offset:
            raise IntegrityError(
                f"{self.origin}: the log gave offset {record.offset} after "
                f"{self.next_offset - 1}",
                place=f"log {self.origin} offset {record.offset}",
                expected=f"offset {self.next_offset} or later",
                actual=f"offset {record.offset}",
            )
        if record.offset > self.next_offset:
            gap = gap_leaf(
                first=self.next_offset,
                last=record.offset - 1,
                registry_size=self.registry_size,
                sealed_at_ms=self.sealed_at_ms,
            )
            self._add(gap, Judgement(Verdict.GAP))

    def _seal(self, record: Record, log_id: bytes) -> None:
        judgement = judge(
            record.value,
            origin=self.origin,
            log_id=log_id,
            streams=self.streams,
            control=self.control,
            registry_size=self.registry_size,
        )
        value = record.value or b""
        leaf = SealLeaf(
            verdict=judgement.verdict,
            offset=record.offset,
            broker_timestamp_ms=record.timestamp_ms,
            aux=judgement.aux,
            registry_size=self.registry_size,
            sealed_at_ms=self.sealed_at_ms,
            record_hash=sha256(value).digest(),
            env=peek_env(value),
        )
        self._add(leaf, judgement)

    def _add(self, leaf: SealLeaf, judgement: Judgement) -> None:
        index = self._next
        self.streams.apply(judgement, index)
        accepted = judgement.entry if judgement.verdict == Verdict.ACCEPTED else None
        if self.partition == CONTROL:
            self.control.apply(index, accepted)
        if accepted:
            self.events += accepted.header.n_events
        self.verdicts[judgement.verdict] = self.verdicts.get(judgement.verdict, 0) + 1
        if judgement.verdict.is_quarantine and judgement.verdict != Verdict.GAP:
            self.refused[judgement.verdict, self._signer(judgement)] += 1
        self.leaves.append(leaf.to_bytes())
        self.next_offset = leaf.last_offset + 1

    def _signer(self, judgement: Judgement) -> str:
        """Return whom an entry names as its signer, unproven."""
        if judgement.entry is None:
            return "nobody"
        key = self.control.key(judgement.entry.header.key_fp)
        return key.identity if key else "an unknown key"
