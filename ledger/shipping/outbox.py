"""One journal on its way into the log: pack, send, note the answers.

All methods run on the shipper's thread. Order within a stream is kept: at most four
entries and 4 MiB are unanswered, and after a failure all is sent again from there.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from ledger.entry import MAX_EVENTS, EventBytes
from ledger.journal.rows import Packed, Stream, Unsent, Waiting
from ledger.payload.pairs import parted
from ledger.shipping.packer import ENTRY_BYTES, Packer
from ledger.shipping.payloads import PayloadOutbox
from ledger.shipping.refusal import MAX_TRIES, data_events, predecessor, tries

if TYPE_CHECKING:
    from ledger.journal.sources import Source
    from ledger.journal.store import Journal
    from ledger.log import Log, Position
    from ledger.shipping.surroundings import Surroundings

WINDOW = 4
WINDOW_BYTES = 4 << 20


class Outbox:
    """Ships one journal.

    Args:
        journal: its tables.
        source: where its events wait.
        packer: signs for the journal's identity; None if that is somebody else's, then
            entries are resent but nothing is signed.
        around: clock, counters and the like.
        adopted: whether another process, which is gone, began the journal.
        release: told at the end whether the journal is finished; unlocks it.
    """

    def __init__(
        self,
        journal: Journal,
        source: Source,
        packer: Packer | None,
        around: Surroundings,
        *,
        adopted: bool = False,
        release: Callable[[bool], None] = lambda _finished: None,
    ) -> None:
        self.journal = journal
        self.source = source
        self.packer = packer
        self.adopted = adopted
        self.held = False
        self._around = around
        self._release = release
        self._stream: Stream | None = None
        self._signed_types: Counter[bytes] = Counter()
        self._sent: deque[tuple[Unsent, Future[Position]]] = deque()
        self._last = (0, -1)
        self.payloads = PayloadOutbox(journal, around.payloads, around.on_step)

    @property
    def stream(self) -> Stream | None:
        """The open stream, if one is."""
        return self._stream

    @property
    def is_busy(self) -> bool:
        """Whether something waits to be signed, sent or answered."""
        if self.has_events or self._sent or self.payloads.waiting:
            return True
        return self.journal.count("new") > 0

    @property
    def in_flight(self) -> int:
        """Entries sent and not answered."""
        return len(self._sent)

    @property
    def has_events(self) -> bool:
        """Whether events wait to be signed that this outbox may sign."""
        return self.packer is not None and not self.held and self.has_unsigned

    @property
    def has_unsigned(self) -> bool:
        """Whether events wait to be signed, by whomever."""
        return self.source.pending_events > 0 or self.journal.count_to_resign() > 0

    @property
    def fills_an_entry(self) -> bool:
        """Whether what waits is enough for a full entry."""
        events, size = self.source.pending_events, self.source.pending_bytes
        return events >= MAX_EVENTS or size >= ENTRY_BYTES

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left that has to stay on this disk."""
        states = ("new", "appended", "sealed")
        if self.has_unsigned or self.payloads.waiting:
            return False
        return not any(map(self.journal.count, states))

    def pack(self) -> bool:
        """Sign waiting events in one transaction; False when there were none."""
        if self.packer is None or self.held:
            return False
        if again := self.journal.to_resign(MAX_EVENTS):
            events = [event for _n, event in again]
            self._commit(*self._signed(events, before=0), resigned=again[-1][0])
            self._count(events)
            self._around.on_step("resigned")
            return True
        n = min(WINDOW, max(1, self.source.pending_bytes // ENTRY_BYTES))
        taken = self.source.take(max_events=n * MAX_EVENTS, max_bytes=n * ENTRY_BYTES)
        if not taken.events:
            return False
        events, envelopes = parted(taken.events)
        stream, packed = self._signed(events, before=self.journal.taken)
        self._commit(
            stream, packed, mark=taken.mark, taken=len(events), envelopes=envelopes
        )
        self.payloads.took(envelopes)
        self._around.on_step("packed")
        self.source.consumed(taken)
        self._count(events)
        return True

    def heartbeat(self) -> None:
        """Sign a heartbeat, if a stream is open."""
        if self._stream is not None and self.packer is not None:
            counts = self._around.counts(self._signed_types)
            stream, item = self.packer.heartbeat(
                self._stream, counts, self.journal.taken
            )
            self._commit(stream, [item])

    def close_stream(self) -> None:
        """Sign the close entry, if a stream is open."""
        if self._stream is not None and self.packer is not None:
            counts = self._around.counts(self._signed_types)
            stream, item = self.packer.close(self._stream, counts, self.journal.taken)
            self._commit(stream, [item])
            self._stream = None
            self._around.on_step("closed")

    def send(self, log: Log, wake: Callable[[], None]) -> int:
        """Send entries within the window; returns their number.

        Raises:
            LogUnavailableError: the log refuses to take them now.
        """
        self.payloads.ship(wake)
        if not self._sent:
            self._last = (0, -1)
        room = WINDOW - len(self._sent)
        size = sum(len(item.value) for item, _ in self._sent)
        if room <= 0 or size >= WINDOW_BYTES:
            return 0
        unsent = self.journal.unsent(
            after=self._last, limit=room, now_ms=self._around.now_ms()
        )
        for count, item in enumerate(unsent):
            size += len(item.value)
            if size > WINDOW_BYTES and self._sent:
                return count
            self._around.on_step("sending")
            future = log.send(item.partition, item.value)
            self._around.on_step("sent")
            self._sent.append((item, future))
            self._last = (item.stream, item.seq)
            future.add_done_callback(lambda _future: wake())
        return len(unsent)

    def collect(self) -> int:
        """Note the log's answers, in order; returns how many entries are appended.

        Raises:
            LedgerError: what the log answered to the first entry that failed; it and
                all later ones will be sent again.
        """
        places: list[tuple[int, int, int]] = []
        try:
            while self._sent and self._sent[0][1].done():
                position = self._sent[0][1].result()
                item, _future = self._sent.popleft()
                places.append((item.stream, item.seq, position.offset))
        except BaseException:
            self.forget_sent()
            raise
        finally:
            if places:
                self.journal.appended(places, self._around.now_ms())
                self._around.tally.appended += len(places)
                self._around.on_step("appended")
        return len(places)

    def forget_sent(self) -> None:
        """Take everything unanswered as not sent."""
        self._sent.clear()

    def sealed(self, rows: Sequence[Waiting]) -> None:
        """Note sealed entries."""
        self.journal.sealed(rows, self._around.now_ms())
        self._around.tally.sealed += len(rows)
        self._around.on_step("sealed")

    def rewind(self, number: int, wait_ms: int) -> None:
        """Send a stream again from its first unsealed entry after a while."""
        self.forget_sent()
        self.journal.rewind(number, retry_ms=self._around.now_ms() + wait_ms)
        self._around.tally.resent += 1

    def give_up(
        self,
        number: int,
        *,
        may_sign: Callable[[bytes], bool],
        keep: Callable[[str, bytes], object],
    ) -> None:
        """Give a refused stream up; its events will be signed anew in another one.

        Args:
            number: of the stream.
            may_sign: tells by schema id whether an event is to be signed anew.
            keep: told a file name and the bytes of each entry, before they go.
        """
        self.forget_sent()
        stream = self.journal.streams()[number - 1]
        events: list[EventBytes] = []
        for seq, value in self.journal.unsealed(number):
            keep(f"{stream.stream_id.hex()}.{seq}.entry", value)
            events += data_events(value)
        again = [event for event in events if may_sign(event[0])]
        if tries(self.journal.streams()[:number]) >= MAX_TRIES:
            again = []
        self._around.tally.refused += len(events) - len(again)
        self._around.tally.resigned += len(again)
        self.journal.give_up(number, again)
        if self._stream is not None and self._stream.number == number:
            self._stream = None

    def tidy(self, retention_s: float) -> None:
        """Drop entries sealed longer ago than a retention, and traces of payload."""
        if self.payloads.wipe_is_due():
            self.source.wipe()
        self.journal.forget_sealed(self._around.now_ms() - int(retention_s * 1000))

    def oldest_unsent_s(self) -> float:
        """Return the age of the oldest entry the log has not acknowledged, or 0."""
        oldest = self.journal.oldest_ms("new")
        return 0.0 if oldest is None else (self._around.now_ms() - oldest) / 1000

    def age_ms(self, row: Waiting) -> int:
        """Return for how long an entry has been appended."""
        return self._around.now_ms() - row.at_ms

    def finish(self) -> None:
        """Close the files; the journal is removed if nothing is left in it."""
        finished = self.is_finished
        self.journal.close()
        self.source.close()
        self._release(finished)
        self._around.on_step("finished")

    def _signed(
        self, events: Sequence[EventBytes], *, before: int
    ) -> tuple[Stream, list[Packed]]:
        assert self.packer is not None  # noqa: S101  the callers have looked
        stream, packed = self._stream, list[Packed]()
        if stream is None:
            stream, opening = self._open(self.packer, before)
            packed.append(opening)
        stream, entries = self.packer.pack(stream, events, before)
        return stream, packed + entries

    def _open(self, packer: Packer, taken: int) -> tuple[Stream, Packed]:
        self._signed_types.clear()
        earlier = self.journal.streams()
        if not earlier and not self.adopted:
            return packer.open(1, self.journal.journal_id, None, taken)
        named = predecessor(self.journal)
        return packer.open(len(earlier) + 1, self._around.new_id(), named, taken)

    def _commit(self, stream: Stream, packed: Sequence[Packed], **more: Any) -> None:
        """Make entries durable; further arguments as of :meth:`Journal.record`."""
        self.journal.record(stream, packed, now_ms=self._around.now_ms(), **more)
        self._stream = stream

    def _count(self, events: Sequence[EventBytes]) -> None:
        self._around.tally.packed += len(events)
        self._signed_types.update([known_as for known_as, _ in events])
