"""Write down once a day, in the manifest log, what the projections hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from ledger.errors import LedgerError
from ledger.seal.aside import aside
from projections.columns import from_time
from projections.digests import digest_projections, digested_events
from projections.integrity.queries import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from ledger.sealing_service import SealingService
    from projections.database import Database
    from projections.digests import Digested

_DAY_US = 86_400_000_000
_LOOK_S = 3_600.0
DIGESTED = "ledger.projection.digested"


class DigestWriter:
    """Digests the tables beside the work; without the operator's key, nothing.

    Args:
        sealing: what speaks in the manifest log, and knows the control log.
        database: the projections' database.
        say: told in words what does not work.
    """

    def __init__(
        self, sealing: SealingService, database: Database, *, say: Callable[[str], None]
    ) -> None:
        self._sealing = sealing
        self._database = database
        self._say = say
        self._digesting: Future[list[Digested]] | None = None
        self._look_at = 0.0

    def step(self, *, wait: bool) -> None:
        """Digest the projections when a day has passed, and write that.

        Args:
            wait: until the digest is there; else it is made beside the work and
                written by a later call.

        Raises:
            LogUnavailableError: the log is away; repeat the call.
        """
        if not self._sealing.can_tell():
            return
        if self._digesting is None and self._is_due():
            self._digesting = aside(lambda: _digest(self._database), name="digest")
        if self._digesting is None or not (wait or self._digesting.done()):
            return
        digesting, self._digesting = self._digesting, None
        try:
            found = digesting.result()
        except LedgerError as error:
            self._say(f"no digest of the projections: {error}")
            return
        self._sealing.tell(digested_events(found))

    def _is_due(self) -> bool:
        sealed_at_ms = self._sealing.control().sealed_at_ms
        if clock.monotonic() < self._look_at or not sealed_at_ms:
            return False
        self._look_at = clock.monotonic() + _LOOK_S
        with self._database.connect() as connection:
            last = events(connection, type_name=DIGESTED, limit=1)
        since = from_time(last[0].time) if last else sealed_at_ms[0] * 1_000
        return clock.now_us() - since >= _DAY_US


def _digest(database: Database) -> list[Digested]:
    with database.connect("auditor", autocommit=True) as connection:
        return digest_projections(connection)
