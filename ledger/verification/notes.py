"""The signed notes of one origin: the newest, the older ones, the one that waits.

``checkpoint`` must carry the quorum of the witness policy in force; too few witnesses
mean that it could not be checked, never that it contradicts itself. Older checkpoints
were judged when they were new: their lines must be of keys that were listed at some
time, and verify. ``checkpoint.pending`` must continue ``checkpoint``.
"""

from __future__ import annotations

import re
from time import sleep
from typing import TYPE_CHECKING

from ledger.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    unlisted_signers,
    verify_checkpoint,
)
from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
    QuorumError,
)
from ledger.note import Note, Vkey, is_signed_by, verify_cosignature
from ledger.policy import verify_cosigned
from ledger.public import PENDING, OriginReader, Public, placed
from ledger.verification.findings import Findings
from ledger.verification.steps import Step, held, step_of
from ledger.verification.witnessing import (
    Listed,
    WitnessTerms,
    verify_not_before,
    witness_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

KEPT = re.compile(r"checkpoint\.([1-9][0-9]{0,18})")
_PATIENCE = (0.05, 0.2, 0.5)
"""Seconds to wait for a sealer that is between two of its renames."""


class OriginNotes:
    """The notes of an origin, read when this is made and judged later.

    Args:
        public: the published ledger.
        origin: such as ``acme/p0``.
        names: its files, listed before.

    Raises:
        MissingEvidenceError: neither ``checkpoint`` nor a pending one is there.
        MalformedError: one of them is no checkpoint.

    Attributes:
        published: what ``checkpoint`` says, or None where it is absent.
        head: the newest of it and the pending one: all tiles are those of its tree.
    """

    def __init__(self, public: Public, origin: str, names: Sequence[str]) -> None:
        self._public = public
        self._origin = origin
        self._names = names
        # What is pending is read first: it may become the checkpoint meanwhile.
        self._pending = self._read_if_there(PENDING) if PENDING in names else None
        self._newest = self._read_if_there("checkpoint")
        if self._newest is None and self._pending is None:
            self._newest = public.read(origin, "checkpoint")
        self.published = self._parse("checkpoint", self._newest)
        self.pending = self._parse(PENDING, self._pending)
        heads = [note for note in (self.published, self.pending) if note]
        self.head = max(heads, key=lambda head: head.size)

    def verify(self, listed: Listed, active: Sequence[Vkey]) -> None:
        """Check that what is new is signed by the log, and by nobody unlisted.

        Args:
            listed: as the control log says now.
            active: the log keys that were in use while the notes were read.

        Raises:
            IntegrityError: it is not.
        """
        self._listed = listed
        for name, data in (("checkpoint", self._newest), (PENDING, self._pending)):
            if data is not None:
                with placed(self._origin, name):
                    verify_checkpoint(data, active)
                    self._verify_lines(name, data)

    def steps(self, reader: OriginReader, terms: WitnessTerms) -> list[Step]:
        """Say what is published, who signed it, and what waits for its witnesses.

        Args:
            reader: at :attr:`head`.
            terms: what the caller knows of the witnesses.
        """
        name = f"{self._origin} checkpoint"
        found: list[Step] = []
        if self.published is None:
            found.append(step_of(name, self._waits(None)))
        else:
            size = self.published.size
            detail = f"size {size}, signed by {self._origin}'s log key"
            found += [held(name, detail), self._witness_step(reader, terms)]
        if self.pending is not None:
            found.append(self._pending_step(reader))
        return found

    def kept_steps(self, reader: OriginReader) -> list[Step]:
        """Check each ``checkpoint.<size>`` against the tree."""
        findings = Findings(f"{self._origin} older checkpoints")
        with findings.collected():
            self._verify_beside()
        sizes = [int(m[1]) for name in self._names if (m := KEPT.fullmatch(name))]
        for size in sizes:
            with findings.collected():
                self._verify_kept(size, reader)
        return findings.steps(f"{len(sizes)} kept, all of one history")

    def _witness_step(self, reader: OriginReader, terms: WitnessTerms) -> Step:
        name = f"{self._origin} witnesses"
        policy = self._listed.policy
        try:
            with placed(self._origin, "checkpoint"):
                found = verify_cosigned(
                    self._newest or b"",
                    policy,
                    now_s=terms.now_s,
                    max_age_s=terms.max_age_s,
                )
            verify_not_before(found, reader)
        except EvidenceError as error:
            return step_of(name, error)
        return held(name, witness_words(found, policy, terms.outside))

    def _pending_step(self, reader: OriginReader) -> Step:
        name, pending = f"{self._origin} pending", self.pending or self.head
        place = f"{self._origin}/{PENDING}"
        try:
            if (root := reader.root_at(pending.size)) != pending.root:
                raise IntegrityError(
                    f"{place}: its root is not that of the tree at size {pending.size}",
                    place=place,
                    expected=root.hex(),
                    actual=pending.root.hex(),
                )
        except EvidenceError as error:
            return step_of(name, error)
        if self.published is not None and pending.size <= self.published.size:
            return held(name, f"size {pending.size}, published meanwhile")
        return step_of(name, self._waits(self.published))

    def _waits(self, published: Checkpoint | None) -> QuorumError:
        size = published.size if published else 0
        return QuorumError(
            f"{self._origin}: leaves {size} to {self.head.size - 1} are sealed, but "
            "wait for their witnesses",
            place=f"{self._origin}/{PENDING}",
            expected=f"quorum {self._listed.policy.quorum}",
            hint="mlledger witness ls",
        )

    def _verify_lines(self, name: str, data: bytes) -> Checkpoint:
        """Check that every line is of a key that is or was listed, and verifies."""
        checkpoint = verify_checkpoint(data, self._listed.known)
        _, note = parse_checkpoint(data)
        listed = [*self._listed.known, *self._listed.witnesses]
        if strangers := unlisted_signers(note, listed):
            raise IntegrityError(
                f"{name}: signed by keys that the policy does not list",
                place=name,
                expected=", ".join(f"{v.name}+{v.key_id.hex()}" for v in listed),
                actual=", ".join(strangers),
            )
        for vkey in _signers(note, self._listed.witnesses):
            verify_cosignature(note, vkey)
        return checkpoint

    def _verify_kept(self, size: int, reader: OriginReader) -> None:
        name = f"checkpoint.{size}"
        place = f"{self._origin}/{name}"
        try:
            data = self._public.read(self._origin, name)
        except MissingEvidenceError:
            return  # retired since it was listed
        with placed(self._origin, name):
            kept = self._verify_lines(name, data)
        newest = self.published.size if self.published else 0
        if kept.size != size:
            raise IntegrityError(
                f"{place}: its size is not that of its name",
                place=place,
                expected=str(size),
                actual=str(kept.size),
            )
        if size > newest:
            raise IntegrityError(
                f"{self._origin}/checkpoint: older than {name}: history went back",
                place=f"{self._origin}/checkpoint",
                expected=f"size {size} or more",
                actual=f"size {newest}",
            )
        if (root := reader.root_at(size)) != kept.root:
            raise IntegrityError(
                f"{place}: its root is not that of the tree at size {size}",
                place=place,
                expected=root.hex(),
                actual=kept.root.hex(),
            )

    def _verify_beside(self) -> None:
        """Check that the newest checkpoint lies there under its size as well."""
        if self.published is None:
            return
        name = f"checkpoint.{self.published.size}"
        self._patiently(lambda: self._verify_equal(name))

    def _verify_equal(self, name: str) -> None:
        data = self._public.read(self._origin, name)
        newest = self._public.read(self._origin, "checkpoint")
        if f"checkpoint.{parse_checkpoint(newest)[0].size}" == name and data != newest:
            place = f"{self._origin}/{name}"
            raise IntegrityError(
                f"{place}: not byte-equal to checkpoint",
                place=place,
                expected=newest.hex(),
                actual=data.hex(),
            )

    def _patiently(self, check: Callable[[], None]) -> None:
        for seconds in _PATIENCE:
            try:
                return check()
            except EvidenceError:
                sleep(seconds)
        return check()

    def _read_if_there(self, name: str) -> bytes | None:
        try:
            return self._public.read(self._origin, name)
        except MissingEvidenceError:
            return None

    def _parse(self, name: str, data: bytes | None) -> Checkpoint | None:
        with placed(self._origin, name):
            return None if data is None else parse_checkpoint(data)[0]


def _signers(note: Note, vkeys: Iterable[Vkey]) -> list[Vkey]:
    return [vkey for vkey in vkeys if is_signed_by(note, vkey)]
