"""One origin of a ledger: its files, where its log begins and ends, its leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
)
from ledger.public import OriginReader, Public
from ledger.verification.control import ControlReader
from ledger.verification.files import OriginFiles
from ledger.verification.leaves import LeafAudit
from ledger.verification.log_start import log_start_step
from ledger.verification.places import partition_of
from ledger.verification.steps import Step, held, step_of
from ledger.verification.witnessing import ANY_TERMS, Listed, WitnessTerms

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.control import Control, LogState
    from ledger.log import Log
    from ledger.verification.notes import OriginNotes

Recompute = Callable[[OriginReader, ControlReader], "list[Step]"]
"""Checks the leaves of an origin at a verified checkpoint."""


def verify_origin(
    *,
    log: Log,
    public: Public,
    control: ControlReader,
    origin: str,
    recompute: Recompute,
    terms: WitnessTerms = ANY_TERMS,
) -> list[Step]:
    """Verify one origin: its files, where its log begins and ends, its leaves.

    Args:
        log: the ledger's log.
        public: the published ledger.
        control: the control log, refreshed; refreshed again once the origin's
            checkpoint was read, so that it holds all that the origin pins.
        origin: the origin.
        recompute: checks the leaves.
        terms: what the caller knows of the witnesses.
    """
    audit = OriginAudit(log, public, origin, control.control)
    try:
        control.refresh()
    except EvidenceError as error:
        return [step_of("control log", error)]
    return audit.steps(control, recompute, terms)


class OriginAudit:
    """One origin; its checkpoint is read when this is made, the rest later."""

    def __init__(self, log: Log, public: Public, origin: str, control: Control) -> None:
        self._log = log
        self._public = public
        self._origin = origin
        self._active = control.active_vkeys(origin)
        self._found: OriginNotes | EvidenceError | None = None
        try:
            self._found = self._read()
        except EvidenceError as error:
            self._found = error

    def _read(self) -> OriginNotes | None:
        if not self._active:
            raise IntegrityError(
                f"{self._origin}: the control log knows no such origin",
                place=self._origin,
            )
        self._files = OriginFiles(self._public, self._origin)
        if self._files.names:
            return self._files.notes()
        if self._end():
            raise MissingEvidenceError(
                f"{self._origin}: records are in the log, but nothing is published: "
                "not sealed yet, or removed",
                place=f"{self._origin}/checkpoint",
                expected="checkpoint",
                actual="no file",
            )
        return None

    def _end(self) -> int:
        try:
            return self._log.readable(partition_of(self._origin))[1]
        except ConfigurationError as error:
            raise MissingEvidenceError(
                f"{self._origin}: the control log knows it, but not this home: {error}",
                place=self._origin,
                hint="set log.partitions in mlledger.toml",
            ) from error

    def steps(
        self,
        control: ControlReader,
        recompute: Recompute | None,
        terms: WitnessTerms = ANY_TERMS,
    ) -> list[Step]:
        """Return every step, once the control log was refreshed."""
        name = f"{self._origin} checkpoint"
        if isinstance(self._found, EvidenceError):
            return [step_of(name, self._found)]
        if self._found is None:
            return [held(name, "nothing appended and nothing published")]
        notes, head = self._found, self._found.head
        try:
            self._verify_signed(notes, control)
        except EvidenceError as error:
            return [step_of(name, error)]
        reader = OriginReader(self._public, self._active, checkpoint=head)
        found = [
            *notes.steps(reader, terms),
            *self._files.tile_steps(head),
            *notes.kept_steps(reader),
        ]
        found += self._log_steps(control.control, head)
        if recompute is not None:
            found += recompute(reader, control)
        return found

    def _verify_signed(self, notes: OriginNotes, control: ControlReader) -> None:
        """Check who signed; a key may have come into use while all this was read."""
        listed = Listed.of(control, self._origin)
        active = dict.fromkeys((*self._active, *listed.active))
        notes.verify(listed, [*active])

    def _log_steps(self, control: Control, checkpoint: Checkpoint) -> list[Step]:
        found = [log_start_step(self._log, self._origin, control)]
        state = control.logs.get(self._origin)
        if state is not None and state.closed_at is not None:
            found.append(_closing_step(self._origin, state, checkpoint))
        return found


def recomputed(
    reader: OriginReader,
    control: ControlReader,
    *,
    log: Log,
    progress: Callable[[int], None],
) -> list[Step]:
    """Check every leaf of an origin against the log and the rules."""
    audit = LeafAudit(
        log=log,
        origin=reader.origin,
        control=control.control,
        control_sealed_at_ms=control.sealed_at_ms,
        progress=progress,
    )
    return audit.steps(reader.leaves(0, reader.checkpoint.size))


def _closing_step(origin: str, state: LogState, checkpoint: Checkpoint) -> Step:
    """Check that a closed origin ends where the control log says it does."""
    name = f"{origin} end"
    if (checkpoint.size, checkpoint.root) == (state.final_size, state.final_root):
        return held(name, f"closed at control leaf {state.closed_at}, at this size")
    place, final = f"{origin}/checkpoint", state.final_root or b""
    return step_of(
        name,
        IntegrityError(
            f"{place}: not the checkpoint at which the origin was closed",
            place=place,
            expected=f"size {state.final_size}, root {final.hex()}",
            actual=f"size {checkpoint.size}, root {checkpoint.root.hex()}",
        ),
    )
