"""One event of a ledger, verified every step of the way."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ledger.codec import Decoded, Decoders
from ledger.errors import EvidenceError, IntegrityError
from ledger.verification.clocks import verify_not_later
from ledger.verification.dating import Dated, Dating, dating_words
from ledger.verification.entry import EntryCheck, SealedEntry
from ledger.verification.evidence import Evidence
from ledger.verification.places import at, event_place, leaf_place
from ledger.verification.steps import SUSPECT, Step, held, step_of
from ledger.verification.witnessing import ANY_TERMS, WitnessTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.entry import SignedEntry
    from ledger.leaf import SealLeaf
    from ledger.log import Log
    from ledger.public import Public
    from ledger.verification.manifest import ManifestReader

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
        claimed_at_ms: the producer's clock, milliseconds since 1970.
        sealed_at_ms: the sealer's clock, milliseconds since 1970.
        attested_ms: sealed not later than this, milliseconds since 1970, by the word of
            somebody else than the operator; None without one.
        attested_by: whose word that is; ``operator's clock only`` without one.
        suspect: sealed, or attested to be sealed no later than, in a window in which
            the key counts as compromised.
        checkpoint: the tree head that covers the leaf.
        proof: inclusion proof of the leaf in that tree.
    """

    decoded: Decoded
    entry: SignedEntry
    seal_leaf: SealLeaf
    identity: str
    kind: str
    claimed_at_ms: int
    sealed_at_ms: int
    attested_ms: int | None
    attested_by: str
    suspect: bool
    checkpoint: Checkpoint
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    """An entry that was checked, and when it was sealed."""

    sealed: SealedEntry
    dated: Dated


class LedgerVerifier:
    """Verifies single events of one ledger; keeps what many of them share.

    Safe to use from several threads.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
        tsa_roots: root certificates, PEM or DER, of the time authorities that the
            caller believes; without any no token's time is established.
        terms: what the caller knows of the witnesses.
    """

    def __init__(
        self,
        *,
        log: Log,
        public: Public,
        ledger_id: bytes,
        tsa_roots: Sequence[bytes] = (),
        terms: WitnessTerms = ANY_TERMS,
    ) -> None:
        self._evidence = Evidence(
            log=log, public=public, ledger_id=ledger_id, terms=terms
        )
        self._dating = Dating(self._evidence, tsa_roots=tsa_roots)
        self._entries: OrderedDict[tuple[str, int], _Checked] = OrderedDict()
        self._decoders = Decoders(self._evidence.schema)
        self._lock = threading.RLock()

    @property
    def control(self) -> Control:
        """The sealed control log, verified on first use."""
        with self._lock:
            return self._evidence.control

    @property
    def manifests(self) -> ManifestReader:
        """The reader of manifests, which finds what dates a leaf."""
        return self._dating.manifests

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
            found = self._entries.get((origin, leaf))
            if found is None or found.dated.cut is None:
                sealed = _checked(EntryCheck(self._evidence, origin, leaf))
                found = _Checked(sealed, self._dated(sealed))
                self._keep(found)
            return self._decoded(found, index)

    def steps_for_event(self, *, origin: str, leaf: int, index: int) -> list[Step]:
        """Return each step with its outcome; what follows a failure is not checked."""
        check = EntryCheck(self._evidence, origin, leaf)

        def key(step: Callable[[], str]) -> Step:
            return _marked("key", step(), suspect=check.suspect)

        def manifest() -> Step:
            sealed = check.sealed()
            return _dating_step(sealed, self._dated(sealed))

        def decode() -> Step:
            dated = Dated(None, None, "")
            decoded = self._decoded(_Checked(check.sealed(), dated), index).decoded
            return held("decode", f"{decoded.name} version {decoded.version}")

        steps: list[tuple[str, Callable[[], Step]]] = [
            (name, partial(key, step) if name == "key" else partial(_held, name, step))
            for name, step in check.steps()
        ]
        steps += [("manifest", manifest), ("decode", decode)]
        with self._lock:
            return _outcomes(steps)

    def _dated(self, sealed: SealedEntry) -> Dated:
        """Date an entry, and hold the sealer's clock to who dates it."""
        origin, leaf = sealed.origin, sealed.leaf
        dated = self._dating.date(origin, leaf)
        if (until := dated.attested_ms) is not None:
            place, by = leaf_place(origin, leaf), dated.attested_by
            verify_not_later(sealed.seal_leaf, until, place, by=by)
        return dated

    def _keep(self, found: _Checked) -> None:
        self._entries[found.sealed.origin, found.sealed.leaf] = found
        while len(self._entries) > _KEPT_ENTRIES:
            self._entries.popitem(last=False)

    def _decoded(self, found: _Checked, index: int) -> VerifiedEvent:
        sealed, dated = found.sealed, found.dated
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
            claimed_at_ms=sealed.entry.header.claimed_time_ms,
            sealed_at_ms=sealed.seal_leaf.sealed_at_ms,
            attested_ms=dated.attested_ms,
            attested_by=dated.attested_by,
            suspect=_is_suspect(sealed, dated),
            checkpoint=sealed.checkpoint,
            proof=sealed.proof,
        )


def _checked(check: EntryCheck) -> SealedEntry:
    for _, step in check.steps():
        step()
    return check.sealed()


def _is_suspect(sealed: SealedEntry, dated: Dated) -> bool:
    """Tell whether an entry may be of a time at which its key was in other hands.

    What was attested only later may have been made later: the doubt counts.
    """
    until = dated.attested_ms
    return sealed.suspect or (until is not None and sealed.is_suspect_at(until))


def _dating_step(sealed: SealedEntry, dated: Dated) -> Step:
    """Return what manifest and times come to; no manifest yet is no finding."""
    words = dating_words(sealed, dated)
    if dated.cut is None:
        return Step("manifest", "not_established", words)
    return _marked("manifest", words, suspect=_is_suspect(sealed, dated))


def _marked(name: str, detail: str, *, suspect: bool) -> Step:
    step = held(name, detail)
    return replace(step, code=SUSPECT) if suspect else step


def _held(name: str, step: Callable[[], str]) -> Step:
    return held(name, step())


def _outcomes(steps: list[tuple[str, Callable[[], Step]]]) -> list[Step]:
    found: list[Step] = []
    for name, step in steps:
        if found and found[-1].is_finding:
            found.append(Step(name, "not_checked", "an earlier step failed"))
            continue
        try:
            found.append(step())
        except EvidenceError as error:
            found.append(step_of(name, error))
    return found
