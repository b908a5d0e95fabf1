"""What the operator says of the whole ledger as it runs: manifests, tokens, digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import clock
from ledger.administration import operator_signer
from ledger.errors import ConfigurationError, LedgerError
from ledger.seal.aside import aside
from ledger.seal.manifest import ManifestWriter
from ledger.seal.tokens import TokenFetcher
from projections.columns import from_time
from projections.digests import digest_projections, digested_events
from projections.integrity.queries import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from ledger.config import Config
    from ledger.log import Log
    from ledger.verification import ControlReader
    from projections.database import Database
    from projections.digests import Digested

_DAY_US = 86_400_000_000
_LOOK_S = 3_600.0
DIGESTED = "ledger.projection.digested"


class Overseer:
    """Writes the manifest log of a home; without the operator's key, nothing.

    Args:
        config: the ledger home.
        log: the ledger's log.
        say: told in words what does not work.
    """

    def __init__(self, config: Config, log: Log, *, say: Callable[[str], None]) -> None:
        self._say = say
        self._tokens = TokenFetcher(config, log=log, say=say)
        self._writer: ManifestWriter | None = None
        self._digesting: Future[list[Digested]] | None = None
        self._look_at = 0.0
        try:
            signer = operator_signer(config)
        except ConfigurationError as error:
            say(f"no manifests are written here, the operator's key is away: {error}")
        else:
            self._writer = ManifestWriter(config, log=log, signer=signer)

    def write_manifest(self, *, at_once: bool) -> bool:
        """See :meth:`ledger.seal.manifest.ManifestWriter.write_if_due`."""
        return self._writer is not None and self._writer.write_if_due(at_once=at_once)

    def fetch_token(self, *, wait: bool) -> int:
        """See :meth:`ledger.seal.tokens.TokenFetcher.step`."""
        return self._tokens.step(wait=wait)

    def write_digests(
        self, database: Database, control: ControlReader, *, wait: bool
    ) -> bool:
        """Digest the projections when a day has passed; tell whether it was written.

        Args:
            database: the projections' database.
            control: the control log; a ledger's first day begins with it.
            wait: until the digest is there; else it is made beside the work and
                written by a later call.

        Raises:
            LogUnavailableError: the log is away; repeat the call.
        """
        if self._writer is None:
            return False
        if self._digesting is None and self._is_due(database, control):
            self._digesting = aside(lambda: _digest(database), name="digest")
        if self._digesting is None or not (wait or self._digesting.done()):
            return False
        digesting, self._digesting = self._digesting, None
        try:
            found = digesting.result()
        except LedgerError as error:
            self._say(f"no digest of the projections: {error}")
            return False
        self._writer.write(digested_events(found))
        return True

    def _is_due(self, database: Database, control: ControlReader) -> bool:
        if clock.monotonic() < self._look_at or not control.sealed_at_ms:
            return False
        self._look_at = clock.monotonic() + _LOOK_S
        with database.connect() as connection:
            last = events(connection, type_name=DIGESTED, limit=1)
        since = from_time(last[0].time) if last else control.sealed_at_ms[0] * 1_000
        return clock.now_us() - since >= _DAY_US


def _digest(database: Database) -> list[Digested]:
    with database.connect("auditor", autocommit=True) as connection:
        return digest_projections(connection)
