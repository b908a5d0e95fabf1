"""Events that ended processes left in their journals, taken over by the worker.

A process that was killed, or ended faster than the log took its events, leaves a
journal that nobody holds. Until somebody adopts it, its events are in no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import ConfigurationError, LedgerError
from ledger.journal_admin import flush_journals, journal_status
from ledger.keys import load_signer
from ledger.setup import key_uri

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.journal_admin import JournalStatus
    from ledger.keys import Signer

LOOK_S = 30.0
PATIENCE_S = 10.0


class Leftovers:
    """Sends what ended processes of this home left; looks every half minute.

    Events are signed by the identity whose process emitted them. Where the home has no
    key of it, they stay, and are named once.

    Args:
        config: the ledger home.
        say: told in a line what was taken, and what could not be.
        monotonic: clock, seconds.
    """

    def __init__(
        self,
        config: Config,
        *,
        say: Callable[[str], None],
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        self._config = config
        self._say = say
        self._monotonic = monotonic
        self._look_at = monotonic()
        self._said: set[str] = set()

    def step(self) -> int:
        """Take over what is there, if it is time to look; returns journals taken."""
        if self._monotonic() < self._look_at:
            return 0
        try:
            return self._take()
        except (LedgerError, OSError) as error:
            self._say_once(f"journals of ended processes cannot be taken over: {error}")
            return 0
        finally:
            self._look_at = self._monotonic() + LOOK_S

    def _take(self) -> int:
        waiting = [row for row in journal_status(self._config) if not row.is_held]
        taken = 0
        for identity in sorted({row.identity for row in waiting}):
            rows = [row for row in waiting if row.identity == identity]
            signer = self._signer(identity)
            if signer is not None:
                taken += self._flush(identity, signer, rows)
            elif events := sum(row.events for row in rows):
                self._say_once(
                    f"{events} events of {identity or 'an unknown identity'} wait in "
                    f"{_journals(rows)} of ended processes; this home has no key of it"
                )
        return taken

    def _flush(self, identity: str, signer: Signer, rows: list[JournalStatus]) -> int:
        done = flush_journals(
            self._config, identity=identity, signer=signer, timeout=PATIENCE_S
        )
        news = [row for row in rows if row.events or row.new]
        left = {row.journal_id for row in done.left if row.events or row.new}
        taken = [row for row in news if row.journal_id not in left]
        if taken:
            events = sum(row.events for row in taken)
            entries = sum(row.new for row in taken)
            self._say(
                f"took over {_journals(taken)} that ended processes of {identity} "
                f"left: {events} events to sign, {entries} signed entries to send"
            )
        if len(taken) < len(news):
            self._say_once(
                f"{_journals(news[len(taken) :])} of {identity} could not be taken "
                f"over: {done.last_error or 'another process holds them'}"
            )
        return len(taken)

    def _signer(self, identity: str) -> Signer | None:
        try:
            return load_signer(key_uri(self._config, identity), base=self._config.home)
        except ConfigurationError:
            return None

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say(text)


def _journals(rows: list[JournalStatus]) -> str:
    return f"{len(rows)} journal{'' if len(rows) == 1 else 's'}"
