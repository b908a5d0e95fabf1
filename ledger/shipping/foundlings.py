"""The journals of processes that are gone, while this process ships them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger import clock
from ledger.journal.adoption import adopt, journal_ids
from ledger.shipping.outbox import Outbox

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.shipping.packer import Packer
    from ledger.shipping.surroundings import Surroundings

_LOOK_S = 30.0
_AT_ONCE = 32
_PATIENCE_S = 10.0


@dataclass(slots=True)
class _Found:
    outbox: Outbox
    since: float


class Foundlings:
    """Adopts journals that nobody holds; used from the shipper's thread.

    One journal is adopted a round, so that the producer's own events never wait. At
    most 32 are held at once; one that only waits for its seal makes room for others.

    Args:
        config: names the journal folder.
        packer: signs leftover events of its identity; None signs nothing.
        around: clock and counters.
        monotonic: clock for pauses.
    """

    def __init__(
        self,
        config: Config,
        packer: Packer | None,
        around: Surroundings,
        *,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._config = config
        self._packer = packer
        self._around = around
        self._monotonic = monotonic
        self._held: dict[bytes, _Found] = {}
        self._waiting: list[bytes] = []
        self._look_at = 0.0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def has_candidates(self) -> bool:
        """Whether the last look found journals that have not been tried yet."""
        return bool(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether there is more to do than to wait for seals."""
        return self.has_candidates or any(
            outbox.is_busy or outbox.stream for outbox in self.outboxes()
        )

    def outboxes(self) -> list[Outbox]:
        """Return what ships the journals held now."""
        return [found.outbox for found in self._held.values()]

    def look(self) -> None:
        """Adopt the next journal, if there is one and room for it."""
        now = self._monotonic()
        if not self._waiting and now >= self._look_at:
            self._waiting = journal_ids(self._config.journal)
            self._look_at = now + _LOOK_S
        if self._waiting and len(self._held) < _AT_ONCE:
            self._adopt(self._waiting.pop(0), now)

    def let_go(self) -> None:
        """Pack what is left in the journals, end their streams, drop finished ones."""
        now = self._monotonic()
        for journal_id, found in list(self._held.items()):
            outbox = found.outbox
            if outbox.has_events:
                outbox.pack()
            elif outbox.stream is not None:
                outbox.close_stream()
            elif outbox.is_finished or self._is_in_the_way(found, now):
                del self._held[journal_id]
                outbox.finish()

    def release_all(self) -> None:
        """Let go of every journal; what is not finished stays for others."""
        for journal_id in list(self._held):
            self._held.pop(journal_id).outbox.finish()

    def _is_in_the_way(self, found: _Found, now: float) -> bool:
        outbox = found.outbox
        if outbox.is_busy:
            return False
        if outbox.packer is None and outbox.has_unsigned:
            return True  # its events wait for a process of their own identity
        return bool(self._waiting) and now - found.since > _PATIENCE_S

    def _adopt(self, journal_id: bytes, now: float) -> None:
        if journal_id in self._held:
            return
        adopted = adopt(self._config, journal_id, self._around.now_ms())
        if adopted is None:
            return
        packer = self._packer
        if packer is not None and packer.identity != adopted.journal.identity:
            packer = None
        self._around.on_step("adopted")
        self._held[journal_id] = _Found(
            Outbox(
                adopted.journal,
                adopted.spool,
                packer,
                self._around,
                adopted=True,
                release=adopted.release,
            ),
            now,
        )
