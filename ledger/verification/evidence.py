"""Where a verifier gets its evidence: checkpoints, leaves, records, control log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.checkpoint import verify_checkpoint
from ledger.errors import (
    IntegrityError,
    MissingEvidenceError,
    QuorumError,
    RootMismatchError,
    SignatureError,
)
from ledger.policy import Policy, verify_cosigned
from ledger.public import PENDING, OriginReader, Public, head_reader, placed
from ledger.verification.control import ControlReader
from ledger.verification.places import leaf_place, log_place, partition_of
from ledger.verification.witnessing import (
    ANY_TERMS,
    Listed,
    WitnessTerms,
    witness_words,
)

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.log import Log


class Evidence:
    """The evidence of one ledger, authenticated from its id on; kept between calls.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
        control: a reader of the control log that follows from that id already.
        terms: what the caller knows of the witnesses.

    Attributes:
        opened: how often a checkpoint was read because a leaf asked for it.
    """

    def __init__(
        self,
        *,
        log: Log,
        public: Public,
        ledger_id: bytes = b"",
        control: ControlReader | None = None,
        terms: WitnessTerms = ANY_TERMS,
    ) -> None:
        self._log = log
        self._public = public
        self._control = control or ControlReader(
            log=log, public=public, ledger_id=ledger_id
        )
        self._readers: dict[str, OriginReader] = {}
        self._notes: dict[str, tuple[OriginReader, bytes]] = {}
        self._said: tuple[bytes, Policy, str] = (b"", Policy(), "")
        self._terms = terms
        self.opened = 0

    @property
    def control(self) -> Control:
        """The sealed control log, verified on first use."""
        if self._control.checkpoint is None:
            self._control.refresh()
        return self._control.control

    def reader(self, origin: str, *, leaf: int) -> OriginReader:
        """Return a reader at a verified checkpoint that covers a leaf.

        Raises:
            IntegrityError: no such origin, or its checkpoint contradicts itself.
            MissingEvidenceError: no published checkpoint covers the leaf.
        """
        reader = self._readers.get(origin)
        if reader is None or leaf >= reader.checkpoint.size:
            reader = self._covering(origin, leaf)
            self._readers[origin] = reader
            self.opened += 1
        if not 0 <= leaf < reader.checkpoint.size:
            raise MissingEvidenceError(
                f"{leaf_place(origin, leaf)}: not published",
                place=leaf_place(origin, leaf),
                expected=f"a checkpoint of size {leaf + 1} or more",
                actual=f"size {reader.checkpoint.size}",
            )
        return reader

    def newest(self, origin: str, *, at_least: int = 0) -> OriginReader | None:
        """Return a reader at an origin's newest checkpoint; None: none is due yet.

        Args:
            origin: such as ``acme/manifest``.
            at_least: a checkpoint read earlier does when it has so many leaves; 0
                reads it anew.

        Raises:
            IntegrityError: no such origin, or its checkpoint contradicts itself.
            MissingEvidenceError: nothing is published of records that are in the log.
        """
        known = self._readers.get(origin)
        if known and 0 < at_least <= known.checkpoint.size:
            return known
        try:
            reader = self._open(origin)
        except MissingEvidenceError:
            if self._log.readable(partition_of(origin))[1]:
                # Else what is in the log waits, sealed, for its first witnesses.
                head_reader(self._public, self.control.active_vkeys(origin))
            return None
        if known is None or known.checkpoint != reader.checkpoint:
            self._readers[origin] = known = reader
        return known

    def refresh(self) -> None:
        """Fold what was published of the control log meanwhile.

        Raises:
            IntegrityError: it contradicts itself, or went back.
            MissingEvidenceError: a record, tile or checkpoint is absent.
        """
        self._control.refresh()

    def checkpoint(self, origin: str) -> Checkpoint:
        """Return an origin's newest checkpoint, read anew and verified.

        Raises:
            IntegrityError: no such origin, or its checkpoint contradicts itself.
            MissingEvidenceError: nothing is published.
        """
        return self._open(origin).checkpoint

    def files(self, origin: str) -> list[str]:
        """Name the published files of an origin."""
        return list(self._public.list(origin))

    def file(self, origin: str, path: str) -> bytes:
        """Return a published file of an origin.

        Raises:
            MissingEvidenceError: it is absent.
        """
        return self._public.read(origin, path)

    def control_sealed_at_ms(self, leaf: int) -> int | None:
        """Return the clock of a control leaf; None when it is not published yet."""
        sealed = self._control.sealed_at_ms
        return sealed[leaf] if leaf < len(sealed) else None

    def record(self, origin: str, offset: int) -> bytes | None:
        """Return the value of a record.

        Raises:
            MissingEvidenceError: the log does not hold it.
        """
        partition, place = partition_of(origin), log_place(origin, offset)
        start, end = self._log.readable(partition)
        found = None
        if start <= offset < end:
            found = next(self._log.read(partition, offset, max_records=1), None)
        if found is None or found.offset != offset:
            raise MissingEvidenceError(
                f"{place}: the record is not in the log", place=place
            )
        return found.value

    def control_of(self, registry_size: int) -> Control:
        """Return a control state that knows a registry size.

        Raises:
            MissingEvidenceError: fewer control leaves are published.
        """
        if self.control.size < registry_size:
            self._control.refresh()
        if self.control.size < registry_size:
            raise MissingEvidenceError(
                f"control log: {registry_size} leaves are pinned, {self.control.size} "
                "are published",
                place=f"{self._control.origin}/checkpoint",
                expected=f"size {registry_size} or more",
                actual=f"size {self.control.size}",
            )
        return self.control

    def _covering(self, origin: str, leaf: int) -> OriginReader:
        """Return a reader at the checkpoint, or at the head that waits beyond it."""
        try:
            reader = self._open(origin)
            if leaf < reader.checkpoint.size:
                return reader
        except MissingEvidenceError:
            pass  # nothing may have had its witnesses yet
        return head_reader(self._public, self.control.active_vkeys(origin))

    def _open(self, origin: str) -> OriginReader:
        vkeys = self.control.active_vkeys(origin)
        if not vkeys:
            self._control.refresh()
            vkeys = self.control.active_vkeys(origin)
        if not vkeys:
            raise IntegrityError(
                f"{origin}: the control log knows no such origin",
                place=origin,
                expected=", ".join(self.control.log_vkeys),
                actual=origin,
            )
        try:
            return self._published(origin)
        except SignatureError:
            # Its key may have come into use since the control log was read.
            self._control.refresh()
            return self._published(origin)

    def _published(self, origin: str) -> OriginReader:
        vkeys = self.control.active_vkeys(origin)
        data = self._public.read(origin, "checkpoint")
        with placed(origin, "checkpoint"):
            checkpoint = verify_checkpoint(data, vkeys)
        reader = OriginReader(self._public, vkeys, checkpoint=checkpoint)
        self._notes[origin] = (reader, data)
        return reader

    def witnessed(self, checkpoint: Checkpoint) -> str:
        """Return in words who cosigned a checkpoint, or a later one that covers it.

        Raises:
            QuorumError: too few witnesses, or none yet: it waits for them.
            StaleError: they signed longer ago than the caller allows.
            IntegrityError: a line of a witness does not verify, or the later one is of
                another history.
        """
        origin = checkpoint.origin
        listed = Listed.of(self._control, origin)
        if origin not in self._notes or self._size(origin) < checkpoint.size:
            self._open(origin)
        if self._size(origin) < checkpoint.size:
            raise QuorumError(
                f"{origin}: size {checkpoint.size} is sealed, but waits for its "
                "witnesses",
                place=f"{origin}/{PENDING}",
                expected=f"quorum {listed.policy.quorum}",
            )
        reader, data = self._notes[origin]
        with placed(origin, "checkpoint"):
            if (root := reader.root_at(checkpoint.size)) != checkpoint.root:
                raise RootMismatchError(expected=root, computed=checkpoint.root)
            return self._words(data, listed.policy)

    def _size(self, origin: str) -> int:
        return self._notes[origin][0].checkpoint.size

    def _words(self, data: bytes, policy: Policy) -> str:
        if self._said[:2] != (data, policy):
            terms = self._terms
            found = verify_cosigned(
                data, policy, now_s=terms.now_s, max_age_s=terms.max_age_s
            )
            words = witness_words(found, policy, terms.outside)
            self._said = (data, policy, words)
        return self._said[2]

    def schema(self, schema_id: bytes) -> bytes:
        """Return the exact bytes of a registered schema.

        Raises:
            MissingEvidenceError: the control log holds none of that id.
        """
        schema = self.control.schema(schema_id)
        if schema is None:
            raise MissingEvidenceError(f"schema {schema_id.hex()}: not registered")
        return schema
