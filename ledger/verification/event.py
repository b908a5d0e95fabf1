"""One event of a ledger, verified every step of the way."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.codec import Decoded, Decoders
from ledger.errors import EvidenceError, IntegrityError
from ledger.verification.entry import EntryCheck, SealedEntry
from ledger.verification.evidence import Evidence
from ledger.verification.places import at, event_place
from ledger.verification.steps import SUSPECT, Step, held, step_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.entry import SignedEntry
    from ledger.leaf import SealLeaf
    from ledger.log import Log
    from ledger.public import Public

_KEPT_ENTRIES = 32


@dataclass(frozen=True, slots=True)
class VerifiedEvent:
    """An event whose every step was checked.

    Attributes:
        decoded: the event.
        entry: the entry it was signed in.
        seal_leaf: the leaf of that entry.
        identity: who signed, as registered for the key.
        kind: ``service`` or ``person``.
        sealed_at_ms: the sealer's clock, milliseconds since 1970.
        suspect: sealed in a window in which the key counts as compromised.
        checkpoint: the tree head that covers the leaf.
        proof: inclusion proof of the leaf in that tree.
    """

    decoded: Decoded
    entry: SignedEntry
    seal_leaf: SealLeaf
    identity: str
    kind: str
    sealed_at_ms: int
    suspect: bool
    checkpoint: Checkpoint
    proof: tuple[bytes, ...]


class LedgerVerifier:
    """Verifies single events of one ledger; keeps what many of them share.

    Safe to use from several threads.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
    """

    def __init__(self, *, log: Log, public: Public, ledger_id: bytes) -> None:
        self._evidence = Evidence(log=log, public=public, ledger_id=ledger_id)
        self._entries: OrderedDict[tuple[str, int], SealedEntry] = OrderedDict()
        self._decoders = Decoders(self._evidence.schema)
        self._lock = threading.RLock()

    @property
    def control(self) -> Control:
        """The sealed control log, verified on first use."""
        with self._lock:
            return self._evidence.control

    def event(self, *, origin: str, leaf: int, index: int) -> VerifiedEvent:
        """Verify one event, every step.

        Args:
            origin: such as ``acme/p0``.
            leaf: index of its entry's leaf.
            index: its number within the entry, from 0.

        Raises:
            IntegrityError: the evidence contradicts itself; ``place`` says where.
            MalformedError: bytes of the ledger do not parse; likewise.
            MissingEvidenceError: a file or record that is needed is absent.
        """
        with self._lock:
            sealed = self._entries.get((origin, leaf))
            if sealed is None:
                sealed = _checked(EntryCheck(self._evidence, origin, leaf))
                self._keep(sealed)
            return self._decoded(sealed, index)

    def steps_for_event(self, *, origin: str, leaf: int, index: int) -> list[Step]:
        """Return each step with its outcome; what follows a failure is not checked."""
        check = EntryCheck(self._evidence, origin, leaf)

        def decode() -> str:
            decoded = self._decoded(check.sealed(), index).decoded
            return f"{decoded.name} version {decoded.version}"

        found: list[Step] = []
        with self._lock:
            for name, step in [*check.steps(), ("decode", decode)]:
                if found and found[-1].status != "verified":
                    found.append(Step(name, "not_checked", "an earlier step failed"))
                else:
                    found.append(_outcome(name, step, check))
        return found

    def _keep(self, sealed: SealedEntry) -> None:
        self._entries[sealed.origin, sealed.leaf] = sealed
        while len(self._entries) > _KEPT_ENTRIES:
            self._entries.popitem(last=False)

    def _decoded(self, sealed: SealedEntry, index: int) -> VerifiedEvent:
        place = event_place(sealed.origin, sealed.leaf, index)
        bodies = sealed.entry.bodies
        if not 0 <= index < len(bodies):
            raise IntegrityError(
                f"{place}: the entry has no such event",
                place=place,
                expected=f"an index below {len(bodies)}",
                actual=str(index),
            )
        schema_id = sealed.entry.schema_ids[sealed.entry.schema_indexes[index]]
        with at(place):
            decoded = self._decoders.decode(schema_id, bodies[index])
        return VerifiedEvent(
            decoded=decoded,
            entry=sealed.entry,
            seal_leaf=sealed.seal_leaf,
            identity=sealed.key.identity,
            kind=sealed.key.kind,
            sealed_at_ms=sealed.seal_leaf.sealed_at_ms,
            suspect=sealed.suspect,
            checkpoint=sealed.checkpoint,
            proof=sealed.proof,
        )


def _checked(check: EntryCheck) -> SealedEntry:
    for _, step in check.steps():
        step()
    return check.sealed()


def _outcome(name: str, step: Callable[[], str], check: EntryCheck) -> Step:
    try:
        detail = step()
    except EvidenceError as error:
        return step_of(name, error)
    if name == "key" and check.suspect:
        return Step(name, "verified", detail, code=SUSPECT)
    return held(name, detail)
