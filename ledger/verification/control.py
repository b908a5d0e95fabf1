"""The control log as a verifier reads it: from the pinned ledger id, and nothing else.

The genesis record is the one whose header hashes to the ledger id; it names the key of
the control log, whose checkpoint vouches for the leaves, whose record hashes vouch
for the records. Every verdict is recomputed before an entry counts.
"""

from __future__ import annotations

from array import array
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, format_policy
from ledger.control import Control
from ledger.entry import SignedEntry, parse_entry, peek_env, verify_events_root
from ledger.errors import IntegrityError, MissingEvidenceError, RootMismatchError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.log import CONTROL, Log
from ledger.public import OriginReader, Public, read_checkpoint
from ledger.verdict import Judgement, MemoryStreams, Verdict, judge
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
    """Return the text of ``public/policy`` that the control log implies."""
    return format_policy(list(control.log_vkeys.values()), control.witness_policy)


class ControlReader:
    """Follows the sealed control log: folds each leaf once, as it is published.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, given from outside.

    Attributes:
        control: the state after the leaves folded so far; it grows in place.
        sealed_at_ms: per control leaf, the sealer's clock.
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
        self.checkpoint: Checkpoint | None = None

    @property
    def vkey(self) -> Vkey:
        """Key of the control log, as genesis sets it."""
        if self._vkey is None:
            self._vkey = _genesis_vkey(genesis_entry(self._log, self._ledger_id))
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
        checkpoint = read_checkpoint(self._public, self.vkey)
        if checkpoint == self.checkpoint:
            return self.control
        reader = OriginReader(self._public, self.vkey, checkpoint=checkpoint)
        self._verify_grown(reader)
        start = self.control.size
        records = Records(self._log, CONTROL)
        leaves = reader.leaves(start, checkpoint.size)
        for index, data in enumerate(leaves, start):
            self._fold(index, data, records)
        self.checkpoint = checkpoint
        return self.control

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
        self.control.apply(index, judgement.entry if accepted else None)
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


def genesis_entry(log: Log, ledger_id: bytes) -> SignedEntry:
    """Return the entry that founds the ledger with this id.

    Raises:
        IntegrityError: the log's first control record is another one.
        MissingEvidenceError: the log has no first control record.
    """
    place = log_place("control", 0)
    first, end = log.bounds(CONTROL)
    record = next(log.read(CONTROL, 0, max_records=1), None) if first < end else None
    if record is None or record.offset != 0 or record.value is None:
        raise MissingEvidenceError(
            f"{place}: the genesis record is not in the log",
            place=place,
            expected=f"ledger id {ledger_id.hex()}",
        )
    with at(place):
        entry = parse_entry(record.value)
        if entry.header_hash != ledger_id:
            raise IntegrityError(
                "this log is of another ledger, or its genesis was altered",
                place=place,
                expected=f"ledger id {ledger_id.hex()}",
                actual=entry.header_hash.hex(),
            )
        verify_events_root(entry)
    return entry


def _genesis_vkey(entry: SignedEntry) -> Vkey:
    with at(log_place("control", 0)):
        founded = Control()
        founded.apply(0, entry)
    return next(iter(founded.log_vkeys.values()))
