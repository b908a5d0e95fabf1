"""The shipper: the one thread of a producer that packs, sends and collects receipts.

Each round it does what is due for every :class:`~ledger.shipping.outbox.Outbox`: its
own journal first, then those it has adopted. ``emit`` only appends to the source.
Whatever goes wrong here is noted in ``last_error`` and tried again, with growing
pauses; nothing is dropped, for all of it lies in the journal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LedgerError
from ledger.forks import gate
from ledger.journal.sources import DamagedSourceError
from ledger.shipping.answers import apply_receipts, resend_silent
from ledger.shipping.outbox import WINDOW, Outbox
from ledger.shipping.receipts import Question, ReceiptDesk, Reply
from ledger.shipping.sending import Backoff, LogHandle, TimeLeft

if TYPE_CHECKING:
    from ledger.journal.quarantine import Quarantine
    from ledger.shipping.foundlings import Foundlings

LINGER_S = 0.020
_IDLE_S = 0.5
_RECEIPTS_S = (0.1, 2.0)
_RECEIPTS_AT_ONCE = 512


class Shipper:
    """Ships one producer's events until it is told to stop.

    Args:
        open_own: opens the producer's own journal, on the shipper's thread.
        log: where entries go.
        desk: answers whether they are sealed.
        foundlings: journals of other processes; None adopts none.
        quarantine: takes refused entries; None where nothing touches a disk.
        key_fp: the producer's key.
        heartbeat_s: seconds between signs of life.
        retention_s: seconds for which sealed entries stay in the journal.
        monotonic: clock for pauses.

    Attributes:
        own: ships the producer's own journal, once that is open.
        oldest_unacked_s: age of the oldest entry the log has not answered, or 0.
    """

    def __init__(  # noqa: PLR0913  one argument per neighbour
        self,
        open_own: Callable[[], Outbox],
        *,
        log: LogHandle,
        desk: Callable[[Callable[[], None]], ReceiptDesk],
        foundlings: Foundlings | None,
        quarantine: Quarantine | None,
        key_fp: bytes,
        heartbeat_s: float,
        retention_s: float = 0.0,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self.own: Outbox | None = None
        self.last_error = ""
        self.finished = threading.Event()
        self.progress = threading.Condition()
        self.appended = self.sealed = 0
        self._open_own = open_own
        self._log = log
        self._foundlings = foundlings
        self._quarantine = quarantine
        self._key_fp = key_fp
        self._heartbeat_s = heartbeat_s
        self._retention_s = retention_s
        self._monotonic = monotonic
        self._backoff = Backoff(monotonic)
        self._wakes = threading.Event()
        self._desk = desk(self.wake)
        self._waiters = self._told = 0
        self._is_well = False
        self._deadline: TimeLeft | None = None
        self._last_sign = monotonic()
        self._ask_at = self._pause = self._packed_at = self.oldest_unacked_s = 0.0
        self._thread = threading.Thread(
            target=self._run, name="mlledger-shipper", daemon=True
        )

    @property
    def adopted(self) -> int:
        """Journals of other processes that are being shipped."""
        return 0 if self._foundlings is None else len(self._foundlings)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Have the next round begin now."""
        self._wakes.set()

    def wait(self, reached: Callable[[], bool], timeout: float) -> bool:
        """Wait until ``appended`` and ``sealed`` satisfy a condition; packs at once."""
        # Both can fall, when a stream is refused: only news since the call counts.
        with self.progress:
            told = self._told
            if self.finished.is_set():
                return reached()
            self._waiters += 1
            try:
                self.wake()
                return self.progress.wait_for(
                    lambda: self._told > told and reached(), timeout
                )
            finally:
                self._waiters -= 1

    def stop(self, timeout: float) -> None:
        """Close the stream, send what time allows, wait for the end of the thread."""
        self._deadline = TimeLeft(self._monotonic, timeout)
        self.wake()
        self.finished.wait(timeout + 0.25)

    def _run(self) -> None:
        while not self._is_done():
            self._is_well = False
            try:
                with gate:
                    self._round()
                self._is_well = True
            except DamagedSourceError as error:
                self._failed(error)
                self._mend(error)
            except Exception as error:  # noqa: BLE001  the thread must go on; recorded
                self._failed(error)
            self._rest()
        self._end()

    def _round(self) -> None:
        own = self.own = self.own or self._open_own()
        self._pack(own)
        self._ship(own)
        others = self._foundlings
        if others is not None and self._deadline is None:
            others.look()
        adopted = [] if others is None else others.outboxes()
        for outbox in adopted:
            self._ship(outbox)
        self._receipts([own, *adopted])
        if others is not None:
            others.let_go()
        self.oldest_unacked_s = own.oldest_unsent_s()
        self._tell(own)

    def _mend(self, error: DamagedSourceError) -> None:
        quarantine = self._quarantine
        if self.own is not None and quarantine is not None:
            self.own.source.repair(
                lambda name, lost: quarantine.keep(name, lost, str(error))
            )

    def _pack(self, own: Outbox) -> None:
        if self._is_due(own):
            own.pack()
            self._packed_at = self._monotonic()
        now = self._monotonic()
        if self._deadline is not None:
            # Events go first, and the end after them unless the log is away or slow.
            hurry = self._backoff.is_waiting or self._deadline.is_half_over
            if not own.has_events and (hurry or not own.is_busy):
                own.close_stream()
        elif own.stream is not None and now - self._last_sign >= self._heartbeat_s:
            own.heartbeat()
            self._last_sign = now
        elif own.stream is None:
            self._last_sign = now

    def _is_due(self, own: Outbox) -> bool:
        if not own.has_events:
            return False
        if own.fills_an_entry or self._waiters or self._deadline is not None:
            return True
        # While the log is slow or away, entries wait until they are full.
        is_open = own.in_flight < WINDOW and not self._backoff.is_waiting
        return is_open and self._monotonic() - self._packed_at >= LINGER_S

    def _ship(self, outbox: Outbox) -> None:
        try:
            if outbox.collect():
                self._backoff.succeeded()
            if not self._backoff.is_waiting:
                outbox.send(self._log.get(), self.wake)
                if outbox.collect():
                    self._backoff.succeeded()
        except (LedgerError, OSError) as error:
            self._failed(error)
            if self._backoff.failures % 3 == 0:
                self._log.close()

    def _receipts(self, outboxes: list[Outbox]) -> None:
        if (reply := self._desk.reply()) is not None:
            self._apply(outboxes, reply)
        if self._desk.is_busy or self._monotonic() < self._ask_at:
            return
        if self._deadline is not None and (outboxes[0].stream or outboxes[0].is_busy):
            return  # what time is left goes to sending
        for outbox in outboxes:
            outbox.tidy(self._retention_s)
        rows = {
            outbox.journal.journal_id: waiting
            for outbox in outboxes
            if (waiting := outbox.journal.waiting(_RECEIPTS_AT_ONCE))
        }
        held = any(outbox.held for outbox in outboxes)
        if rows or held:
            self._desk.ask(Question(rows, self._key_fp, wants_key=held))
        else:
            self._ask_at = self._monotonic() + _RECEIPTS_S[0]

    def _apply(self, outboxes: list[Outbox], reply: Reply) -> None:
        sealed = False
        self.last_error = reply.error or self.last_error
        for outbox in outboxes:
            receipts = reply.receipts.get(outbox.journal.journal_id, ())
            trouble = apply_receipts(outbox, receipts, reply, self._quarantine)
            self.last_error = trouble or self.last_error
            sealed = sealed or any(item.is_sealed for item in receipts)
            outbox.held = outbox.held and not reply.is_authorised
            if reply.error is None:
                resend_silent(outbox, outbox.journal.waiting(_RECEIPTS_AT_ONCE))
        low, high = _RECEIPTS_S
        self._pause = low if sealed else min(high, max(low, self._pause * 2))
        self._ask_at = self._monotonic() + self._pause

    def _tell(self, own: Outbox) -> None:
        """Tell threads that wait how far appending and sealing have come."""
        if not self._waiters:
            return
        pending = own.journal.count_to_resign() > 0
        with self.progress:
            self.appended = 0 if pending else own.journal.through("new")
            self.sealed = 0 if pending else own.journal.through("new", "appended")
            self._told += 1
            self.progress.notify_all()

    def _failed(self, error: Exception) -> None:
        self.last_error = f"{type(error).__name__}: {error}"
        self._backoff.failed()

    def _rest(self) -> None:
        """Sleep until something is due, looking every 20 ms for new events.

        ``emit`` wakes nobody: that would cost it more than its own work.
        """
        if self._is_well and self.own and self._is_due(self.own):
            return
        until = self._monotonic() + self._pause_s()
        while not self._wakes.wait(LINGER_S):
            own = self.own
            if own is None or own.source.pending_events or self._monotonic() >= until:
                break
        self._wakes.clear()

    def _pause_s(self) -> float:
        """Return for how long a round without new events may wait."""
        own, others = self.own, self._foundlings
        if own is None or self._waiters or self._deadline is not None:
            return 0.0
        if own.is_busy or (others is not None and others.is_busy):
            return 0.0
        due = min(self._ask_at, self._last_sign + self._heartbeat_s)
        return min(_IDLE_S, due - self._monotonic())

    def _is_done(self) -> bool:
        if self._deadline is None:
            return False
        own, is_over = self.own, self._deadline.is_over
        return is_over or (own is not None and not own.stream and not own.is_busy)

    def _end(self) -> None:
        try:
            with gate:
                self._leave()
        except Exception as error:  # noqa: BLE001  nobody is left to raise to; recorded
            self.last_error = f"{type(error).__name__}: {error}"
        self._desk.close()
        self.finished.set()
        self._log.close()

    def _leave(self) -> None:
        if self._foundlings is not None:
            self._foundlings.release_all()
        if self.own is not None:
            self._tell(self.own)
            self.own.tidy(self._retention_s)
            self.own.finish()
