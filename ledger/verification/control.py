"""The control log as a verifier reads it: from the pinned ledger id, and nothing else.

The genesis record is the one whose header hashes to the ledger id; it names the key of
the control log, whose checkpoint vouches for the leaves, whose record hashes vouch
for the records. Every verdict is recomputed before an entry counts.
"""

from __future__ import annotations

from array import array
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.checkpoint import (
    Checkpoint,
    format_policy,
    parse_checkpoint,
    verify_checkpoint,
)
from ledger.control import Control
from ledger.entry import peek_env
from ledger.errors import IntegrityError, MissingEvidenceError, RootMismatchError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL, Log
from ledger.note import is_signed_by
from ledger.public import PENDING, OriginReader, Public, placed
from ledger.verdict import Judgement, MemoryStreams, Verdict, judge
from ledger.verification.founding import genesis_entry, genesis_vkey
from ledger.verification.places import at, leaf_place, log_place
from ledger.verification.records import Records

if TYPE_CHECKING:
    from ledger.note import Vkey


def load_control(
    log: Log, public: Public, ledger_id: bytes, *, vkey: Vkey | None = None
) -> Control:
    """Read, authenticate and fold the sealed control log.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
        vkey: the control log's key, when the caller knows it; genesis must agree.

    Raises:
        IntegrityError: another ledger, or evidence that contradicts itself.
        MissingEvidenceError: a record, tile or checkpoint is absent.
    """
    reader = ControlReader(log=log, public=public, ledger_id=ledger_id)
    control = reader.refresh()
    if vkey is not None and reader.vkey != vkey:
        raise IntegrityError(
            "genesis names another key for the control log",
            place=log_place(reader.origin, 0),
            expected=str(vkey),
            actual=str(reader.vkey),
        )
    return control


def policy_of(control: Control) -> str:
    """Return the text of ``public/policy`` that the control log implies.

    It lists the log keys in use, in the order of the origins, the older first.
    """
    active = [vkey for log in control.logs.values() for vkey in log.active]
    return format_policy(active, control.witness_policy)


class ControlReader:
    """Follows the sealed control log: folds each leaf once, as it is published.

    It follows the newest head that the log signed, also while that waits for its
    witnesses: what keys may do must not be read from an older state meanwhile.

    Its checkpoint must carry the signature of a log key that is in use once all its
    leaves are folded. Each leaf is judged by what precedes it, from the ledger id on:
    no key comes into use without the roots, whoever signed the checkpoint.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, given from outside.

    Attributes:
        control: the state after the leaves folded so far; it grows in place.
        sealed_at_ms: per control leaf, the sealer's clock.
        policies: every witness policy so far, with the control leaf that set it.
        checkpoint: the newest checkpoint that was verified, or None.
    """

    def __init__(self, *, log: Log, public: Public, ledger_id: bytes) -> None:
        self._log = log
        self._public = public
        self._ledger_id = ledger_id
        self._streams = MemoryStreams()
        self._vkey: Vkey | None = None
        self.control = Control()
        self.sealed_at_ms: array[int] = array("Q")
        self.policies: list[tuple[int, str]] = []
        self.checkpoint: Checkpoint | None = None

    @property
    def vkey(self) -> Vkey:
        """First key of the control log, as genesis sets it."""
        if self._vkey is None:
            self._vkey = genesis_vkey(genesis_entry(self._log, self._ledger_id))
        return self._vkey

    @property
    def origin(self) -> str:
        """Origin of the control log."""
        return self.vkey.name

    def refresh(self) -> Control:
        """Fold what was published since the last call; returns the state.

        Raises:
            IntegrityError: the evidence contradicts itself, or went back.
            MissingEvidenceError: a record, tile or checkpoint is absent.
        """
        name, data = self._newest()
        with placed(self.origin, name):
            checkpoint, note = parse_checkpoint(data)
        grown = checkpoint.size > self.control.size
        if grown and not any(is_signed_by(note, vkey) for vkey in self._active()):
            # Do the leaves below this checkpoint bring its key into use?
            self._anew().take(name, data, checkpoint)
        else:
            self._verify_signed(name, data)
        if checkpoint != self.checkpoint:
            self.take(name, data, checkpoint)
        return self.control

    def folded_to(self, checkpoint: Checkpoint) -> Control:
        """Return the state at a tree head that the caller vouches for, from the start.

        Its tiles are published, its note need not be; this reader stays as it is.
        """
        other = self._anew()
        other.fold(OriginReader(self._public, self.vkey, checkpoint=checkpoint))
        return other.control

    def _newest(self) -> tuple[str, bytes]:
        """Return the note of the newest head; what is pending is read first."""
        try:
            pending = self._public.read(self.origin, PENDING)
        except MissingEvidenceError:
            return "checkpoint", self._public.read(self.origin, "checkpoint")
        with placed(self.origin, PENDING):
            head, _ = parse_checkpoint(pending)
        try:
            data = self._public.read(self.origin, "checkpoint")
        except MissingEvidenceError:
            return PENDING, pending
        with placed(self.origin, "checkpoint"):
            published, _ = parse_checkpoint(data)
        is_newer = head.size > published.size
        return (PENDING, pending) if is_newer else ("checkpoint", data)

    def _anew(self) -> ControlReader:
        return ControlReader(
            log=self._log, public=self._public, ledger_id=self._ledger_id
        )

    def take(self, name: str, data: bytes, checkpoint: Checkpoint) -> None:
        """Fold up to a note that was read, then check who signed it.

        Raises: as :meth:`refresh`.
        """
        reader = OriginReader(self._public, self.vkey, checkpoint=checkpoint)
        self._verify_grown(reader)
        self.fold(reader)
        self._verify_signed(name, data)
        self.checkpoint = checkpoint

    def fold(self, reader: OriginReader) -> None:
        """Fold the leaves that a reader has more than were folded; no note is asked."""
        start = self.control.size
        records = Records(self._log, CONTROL)
        leaves = reader.leaves(start, reader.checkpoint.size)
        for index, leaf in enumerate(leaves, start):
            self._fold(index, leaf, records)

    def _verify_signed(self, name: str, data: bytes) -> None:
        with placed(self.origin, name):
            verify_checkpoint(data, self._active())

    def _active(self) -> tuple[Vkey, ...]:
        return self.control.active_vkeys(self.origin) or (self.vkey,)

    def _verify_grown(self, reader: OriginReader) -> None:
        old, new = self.checkpoint, reader.checkpoint
        if old is None:
            return
        place = f"{self.origin}/checkpoint"
        if new.size < old.size:
            raise IntegrityError(
                f"{self.origin}: the control log went back",
                place=place,
                expected=f"size {old.size} or more",
                actual=f"size {new.size}",
                hint="its newest state was replaced by an older one: restore it",
            )
        root = reader.root_at(old.size)
        if root != old.root:
            raise RootMismatchError(
                expected=old.root,
                computed=root,
                place=place,
                what=f"root at size {old.size}",
            )

    def _fold(self, index: int, data: bytes, records: Records) -> None:
        with at(leaf_place(self.origin, index)):
            leaf = parse_leaf(data)
        judgement = self._judge(index, leaf, records)
        verify_judged(leaf, judgement, leaf_place(self.origin, index))
        self._streams.apply(judgement, index)
        accepted = judgement.verdict == Verdict.ACCEPTED
        before = self.control.witness_policy
        self.control.apply(index, judgement.entry if accepted else None)
        if self.control.witness_policy != before:
            self.policies.append((index, self.control.witness_policy))
        self.sealed_at_ms.append(leaf.sealed_at_ms)

    def _judge(self, index: int, leaf: SealLeaf, records: Records) -> Judgement:
        if leaf.verdict == Verdict.GAP:
            return Judgement(Verdict.GAP, leaf.aux)
        place = log_place(self.origin, leaf.offset)
        record = records.at(leaf.offset)
        if record is None:
            raise MissingEvidenceError(
                f"{place}: the record is not in the log",
                place=place,
                expected=leaf.record_hash.hex(),
            )
        verify_record(leaf, record.value, place)
        return judge(
            record.value,
            origin=self.origin,
            log_id=sha256(self.origin.encode()).digest(),
            streams=self._streams,
            control=self.control,
            registry_size=index,
        )


def verify_record(leaf: SealLeaf, value: bytes | None, place: str) -> None:
    """Check that a record is the one its leaf was made from.

    Raises:
        IntegrityError: it is not; the place is the record's.
    """
    found = sha256(value or b"").digest()
    if found != leaf.record_hash:
        raise IntegrityError(
            f"{place}: the record is not the one that was sealed",
            place=place,
            expected=f"SHA-256 {leaf.record_hash.hex()}",
            actual=f"SHA-256 {found.hex()}",
            hint="restore the record from a replica, an archive or the producer's copy",
        )
    if leaf.env != peek_env(value or b""):
        raise IntegrityError(
            f"{place}: header and signature are not those of its leaf",
            place=place,
            expected=leaf.env.hex(),
            actual=peek_env(value or b"").hex(),
        )


def verify_judged(leaf: SealLeaf, judgement: Judgement, place: str) -> None:
    """Check that a leaf says what the verdict's rules say.

    Raises:
        IntegrityError: the sealer gave another verdict.
    """
    if (leaf.verdict, leaf.aux) != (judgement.verdict, judgement.aux):
        raise IntegrityError(
            f"{place}: the sealed verdict is not the one the rules give",
            place=place,
            expected=f"{judgement.verdict.name} aux {judgement.aux}",
            actual=f"{leaf.verdict.name} aux {leaf.aux}",
        )
