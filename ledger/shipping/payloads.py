"""Envelopes of one journal on their way to the vault, beside its entries.

They go their own way: a transport that is away never delays an event, and what went
wrong is told in ``stats()``. Runs on the shipper's thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LedgerError
from ledger.journal import payloads as rows
from ledger.shipping.sending import Backoff

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.journal.store import Journal
    from ledger.payload.transport import PayloadLog

WINDOW = 128
WIPE_S = 60.0
"""Every so often the journal's files are freed of envelopes that were sent."""


class PayloadHandle:
    """The transport, opened when the first envelope waits; shared by a producer.

    Attributes:
        sent: envelopes the transport has acknowledged.
        last_error: the last trouble in words, or empty.
    """

    def __init__(self, config: Config | None = None) -> None:
        self.sent = 0
        self.last_error = ""
        self.backoff = Backoff(clock.monotonic)
        self._config = config
        self._log: PayloadLog | None = None

    def get(self) -> PayloadLog:
        """Return the open transport.

        Raises:
            LedgerError: it cannot be opened.
        """
        if self._log is None:
            from ledger.payload.transport import open_payload_log

            assert self._config is not None  # noqa: S101  no envelope without a home
            self._log = open_payload_log(self._config)
        return self._log

    def failed(self, error: Exception) -> None:
        """Note trouble; try again later."""
        self.last_error = f"payload: {type(error).__name__}: {error}"
        self.backoff.failed()
        if self.backoff.failures % 3 == 0:
            self.close()

    def close(self) -> None:
        """Let go of the transport; what is unanswered will be sent again."""
        log, self._log = self._log, None
        if log is not None:
            log.close()


class PayloadOutbox:
    """Ships the envelopes of one journal.

    Args:
        journal: its tables.
        handle: the transport.
        on_step: told the name of each step once it is done; tests kill there.
        monotonic: clock for pauses.
    """

    def __init__(
        self,
        journal: Journal,
        handle: PayloadHandle,
        on_step: Callable[[str], None],
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._db = journal.database
        self._handle = handle
        self._on_step = on_step
        self._monotonic = monotonic
        self._flying: deque[tuple[int, Future[object]]] = deque()
        self._last = 0
        self._wipe_at: float | None = None
        self.waiting = rows.count(self._db)

    def took(self, envelopes: Sequence[bytes]) -> None:
        """Count envelopes that entered the journal."""
        self.waiting += len(envelopes)

    def ship(self, wake: Callable[[], None]) -> None:
        """Note what has arrived, and send what waits."""
        if not self.waiting:
            return
        try:
            self._collect()
            if self.waiting and not self._handle.backoff.is_waiting:
                self._send(wake)
                self._collect()
        except (LedgerError, OSError) as error:
            self._flying.clear()
            self._last = 0
            self._handle.failed(error)

    def wipe_is_due(self) -> bool:
        """Tell whether sent envelopes may lie in files that should be freed of them."""
        due = self._wipe_at
        if due is None or self.waiting or self._monotonic() < due:
            return False
        self._wipe_at = None
        rows.wipe_log(self._db)
        return True

    def _send(self, wake: Callable[[], None]) -> None:
        if not self._flying:
            self._last = 0  # numbers begin anew once the table is empty
        room = WINDOW - len(self._flying)
        found = rows.waiting(self._db, after=self._last, limit=room) if room else []
        if not found:
            return
        futures = self._handle.get().send([envelope for _n, envelope in found])
        self._on_step("payload sent")
        numbers = [number for number, _envelope in found]
        self._flying.extend(zip(numbers, futures, strict=True))
        futures[-1].add_done_callback(lambda _future: wake())
        self._last = found[-1][0]

    def _collect(self) -> None:
        done: list[int] = []
        try:
            while self._flying and self._flying[0][1].done():
                self._flying[0][1].result()
                done.append(self._flying.popleft()[0])
        finally:
            if done:
                rows.sent(self._db, done)
                self.waiting -= len(done)
                self._handle.sent += len(done)
                self._handle.backoff.succeeded()
                self._wipe_at = self._wipe_at or self._monotonic() + WIPE_S
                self._on_step("payload noted")
