"""The audit of one origin, in whatever process: every leaf, in order, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ledger.audit.progress import Binding, ProgressFile, apply
from ledger.errors import EvidenceError, MissingEvidenceError
from ledger.log import CONTROL, Log, open_log
from ledger.public import OriginReader, PublicFolder
from ledger.verification.control import ControlReader
from ledger.verification.leaves import LeafAudit
from ledger.verification.origin import verify_origin
from ledger.verification.places import partition_of
from ledger.verification.steps import Step
from ledger.verification.witnessing import ANY_TERMS, WitnessTerms

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.config import Config

SAVED_EVERY = 8_192
"""Leaves between two saves of the progress."""


@dataclass(frozen=True, slots=True)
class Task:
    """One origin to audit; can be sent to another process.

    Attributes:
        config: the ledger home.
        ledger_id: 32 bytes, from configuration or command line.
        origin: the origin.
        resume: whether to go on from a progress file.
        terms: what is known of the witnesses.
    """

    config: Config
    ledger_id: bytes
    origin: str
    resume: bool = False
    terms: WitnessTerms = ANY_TERMS

    @property
    def folder(self) -> Path:
        """Where progress files are."""
        return self.config.home / "audit"


def audit_origin(task: Task, progress: Callable[[int], None]) -> list[Step]:
    """Audit one origin with a log of its own; returns every step.

    Args:
        task: what to audit.
        progress: called with the number of leaves that were done since the last call.

    Raises:
        UnavailableError: the log is away; what was done so far can be gone on from.
    """
    log, public = open_log(task.config), PublicFolder(task.config.public)
    try:
        control = ControlReader(log=log, public=public, ledger_id=task.ledger_id)
        control.refresh()
        work = _Work(task, log, public, progress)
        return verify_origin(
            log=log,
            public=public,
            control=control,
            origin=task.origin,
            recompute=work.recompute,
            terms=task.terms,
        )
    finally:
        log.close()


class _Work:
    """What the leaves of an origin take: progress is saved and gone on from."""

    def __init__(
        self,
        task: Task,
        log: Log,
        public: PublicFolder,
        progress: Callable[[int], None],
    ) -> None:
        self._task = task
        self._log = log
        self._public = public
        self._progress = progress
        self._file = ProgressFile(task.folder, task.origin)

    def recompute(self, reader: OriginReader, control: ControlReader) -> list[Step]:
        """See :data:`ledger.verification.origin.Recompute`."""
        audit, found = self._resumed(reader, control), list[Step]()
        if audit is None:
            audit = self._audit(control, start=0)
        elif audit.leaves:
            found = [_resumed_step(self._task.origin, audit.leaves)]
        try:
            self._run(audit, reader, control)
        finally:
            audit.close()
        self._file.drop()
        return [
            *found,
            *audit.found(),
            audit.watch.step(self._task.origin, audit.sealed_at_ms),
        ]

    def _run(
        self, audit: LeafAudit, reader: OriginReader, control: ControlReader
    ) -> None:
        judged = audit.each(reader.leaves(audit.leaves, reader.checkpoint.size))
        while sum(1 for _ in islice(judged, SAVED_EVERY)) == SAVED_EVERY:
            if partition_of(self._task.origin) != CONTROL:
                self._file.save(self._binding(audit.leaves, reader, control), audit)

    def _resumed(
        self, reader: OriginReader, control: ControlReader
    ) -> LeafAudit | None:
        """Return the audit an earlier run has saved, if it is of this history."""
        saved = self._file.load() if self._task.resume else None
        if saved is None or partition_of(self._task.origin) == CONTROL:
            return None
        said, data = saved
        if not self._still_holds(said, reader, control):
            return None
        try:
            audit = self._audit(control, start=int(data["counters"]["offset"]))
            apply(data, audit)
        except (KeyError, TypeError, ValueError):
            return None
        if audit.leaves != said.size:
            audit.close()
            return None
        audit.pass_over(reader.leaves(0, said.size))
        self._progress(said.size)
        return audit

    def _still_holds(
        self, said: Binding, reader: OriginReader, control: ControlReader
    ) -> bool:
        known = control.control.size
        if not (0 < said.size <= reader.checkpoint.size):
            return False
        if not 0 < said.control_size <= known:
            return False
        try:
            return said == self._binding(
                said.size, reader, control, control_size=said.control_size
            )
        except EvidenceError:
            return False  # the audit from the beginning will say what it is

    def _binding(
        self,
        size: int,
        reader: OriginReader,
        control: ControlReader,
        *,
        control_size: int | None = None,
    ) -> Binding:
        checkpoint = control.checkpoint
        known = OriginReader(self._public, control.vkey, checkpoint=checkpoint)
        pinned = control_size or known.checkpoint.size
        return Binding(
            ledger_id=self._task.ledger_id.hex(),
            origin=self._task.origin,
            size=size,
            root=reader.root_at(size).hex(),
            control_size=pinned,
            control_root=known.root_at(pinned).hex(),
        )

    def _audit(self, control: ControlReader, *, start: int) -> LeafAudit:
        return LeafAudit(
            log=self._log,
            origin=self._task.origin,
            control=control.control,
            control_sealed_at_ms=control.sealed_at_ms,
            progress=self._progress,
            start=start,
        )


def _resumed_step(origin: str, leaves: int) -> Step:
    return Step(
        f"{origin} progress",
        "not_checked",
        f"records and verdicts of leaves 0 to {leaves - 1} were checked by an earlier "
        "run, not by this one: that is taken on trust from its progress file, of which "
        "only the roots of the trees were checked; audit without --resume to be sure",
        place=f"audit/{origin.replace('/', '~')}.json",
        code=MissingEvidenceError.code,
    )
