"""Write down, every minute of growth, how far the whole ledger has come.

A manifest names size and root of every other origin's published checkpoint at one
moment; it goes into a log of its own, by the operator's key. It is a *consistent* cut:
the checkpoints are read until two readings in a row agree, so there was a moment at
which all of them stood, and nothing in it rests on something outside it.

Each manifest is a stream of its own (opened, the fact, closed), like every act of the
operator: a stream cannot be continued by another process, and one that lived as long
as its worker would look silent whenever nothing grows and stay open for ever when the
worker is killed. It costs three small records a minute while the ledger grows.
"""

from __future__ import annotations

from collections import deque
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger import __version__, clock
from ledger.authority import role_of
from ledger.errors import MissingEvidenceError
from ledger.genesis import operator_groups, signed_stream
from ledger.log import MANIFEST
from ledger.public import PublicFolder
from ledger.seal.service import drain, sealers_for
from ledger.verification.evidence import Evidence
from ledger.verification.manifest import ManifestReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger.checkpoint import Checkpoint
    from ledger.config import Config
    from ledger.events.base import Event
    from ledger.keys import Signer
    from ledger.log import Log
    from ledger.seal.state import State

_READINGS = 20
Cut = tuple["Checkpoint", ...]


class ManifestWriter:
    """Appends manifests, and what else the operator says of the whole ledger.

    Appending is all it does: the sealer of the manifest log seals what it wrote.

    Args:
        config: the ledger home.
        log: the ledger's log.
        signer: the operator's key.
        now_ms: wall clock in milliseconds.
    """

    def __init__(
        self,
        config: Config,
        *,
        log: Log,
        signer: Signer,
        now_ms: Callable[[], int] = clock.now_ms,
    ) -> None:
        self._log = log
        self._signer = signer
        self._now_ms = now_ms
        self._every_ms = config.time.every_s * 1_000
        self._partition = config.current(MANIFEST)
        self._log_id = sha256(config.origin(self._partition).encode()).digest()
        self._evidence = Evidence(
            log=log, public=PublicFolder(config.public), ledger_id=config.ledger_id
        )
        self._waiting: deque[bytes] = deque()
        self._written: Cut | None = None
        self._written_ms = 0

    def write_if_due(self, *, at_once: bool = False) -> bool:
        """Append a manifest when the ledger has grown; tell whether one was.

        Args:
            at_once: also when the last one is younger than the settings ask for.

        Raises:
            LogUnavailableError: the log is away; what was begun is finished first by
                the next call.
            IntegrityError, MalformedError, MissingEvidenceError: what is published
                contradicts itself, or is not there any more.
        """
        self._send()
        if self._written is None:
            self._recall()
        age_ms = self._now_ms() - self._written_ms
        if not at_once and self._written and 0 <= age_ms < self._every_ms:
            return False
        cut = self._cut()
        if cut is None or cut in ((), self._written):
            return False
        self._written, self._written_ms = cut, self._now_ms()
        self.write([_fact(cut)])
        return True

    def write(self, facts: Sequence[Event]) -> None:
        """Append facts to the manifest log as a stream of their own.

        Raises:
            LogUnavailableError: as :meth:`write_if_due`.
        """
        groups = operator_groups(facts, software="mlledger", version=__version__)
        self._waiting += signed_stream(
            signer=self._signer, log_id=self._log_id, groups=groups
        )
        self._send()

    def _send(self) -> None:
        """Append what waits; an entry whose fate is unknown goes again, byte-equal."""
        while self._waiting:
            self._log.append(self._partition, self._waiting[0])
            self._waiting.popleft()

    def _recall(self) -> None:
        newest = ManifestReader(self._evidence).newest()
        self._written = tuple(newest.checkpoints.values()) if newest else ()
        self._written_ms = newest.sealed_at_ms if newest else 0

    def _cut(self) -> Cut | None:
        """Return the published checkpoints of one moment; None while they run away."""
        self._evidence.refresh()
        before = self._read()
        for _ in range(_READINGS):
            again = self._read()
            if again == before:
                return again
            before = again
        return None

    def _read(self) -> Cut:
        origins = self._evidence.control.origins
        return tuple(self._published(name for name in origins if not _is_own(name)))

    def _published(self, origins: Iterable[str]) -> Iterable[Checkpoint]:
        for origin in origins:
            try:
                yield self._evidence.checkpoint(origin)
            except MissingEvidenceError:
                continue  # nothing published there: neither sealed nor to be named


def publish_now(config: Config, log: Log, state: State, *, signer: Signer) -> bool:
    """Append a manifest when the ledger has grown, and seal it.

    Args:
        config: the ledger home.
        log: the ledger's log.
        state: the sealer's state.
        signer: the operator's key.

    Returns:
        Whether there was any growth to write down.

    Raises:
        LogUnavailableError, IntegrityError, MalformedError, MissingEvidenceError: see
            :meth:`ManifestWriter.write_if_due`.
    """
    partition = config.current(MANIFEST)
    written = ManifestWriter(config, log=log, signer=signer).write_if_due(at_once=True)
    drain(sealers_for(config, log, state, partitions=[partition]))
    return written


def _is_own(origin: str) -> bool:
    return role_of(origin) == "manifest"


def _fact(cut: Cut) -> Event:
    from ledger.events.ledger import ManifestPublished, SeenCheckpoint

    named = [
        SeenCheckpoint(origin=item.origin, size=item.size, root=item.root)
        for item in cut
    ]
    return ManifestPublished.record(checkpoints=named)
