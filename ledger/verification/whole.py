"""A whole ledger, recomputed from its id: policy, checkpoints, tiles, leaves, records.

Memory stays flat: tiles and records stream by, accepted entries lie in a temporary
file.
No database of the projections is asked, and no state of a sealer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
)
from ledger.public import OriginReader, Public
from ledger.verification.control import ControlReader, policy_of
from ledger.verification.files import OriginFiles
from ledger.verification.leaves import LeafAudit
from ledger.verification.places import partition_of
from ledger.verification.steps import Step, held, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.checkpoint import Checkpoint
    from ledger.log import Log
    from ledger.note import Vkey


def verify_log(
    *,
    log: Log,
    public: Public,
    ledger_id: bytes,
    origins: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Step]:
    """Verify a ledger and return every step; see :func:`exit_code` for the sum.

    Args:
        log: the ledger's log; may be longer than what is sealed.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
        origins: the origins to check beside the control log; None for all.
        progress: called with the number of leaves that were done since the last call.
    """
    audit = _LedgerAudit(log, public, ledger_id, progress or _silent)
    return audit.steps(origins)


def verify_published(
    *, log: Log, public: Public, ledger_id: bytes, origins: Sequence[str]
) -> list[Step]:
    """Verify every published file of some origins, their leaves' records left out.

    Policy, checkpoints and all tiles, older ones included, must be of one history. The
    control log is recomputed whole. Takes time with the number of tiles, one for 256
    entries.

    Args:
        log: the ledger's log.
        public: the published ledger.
        ledger_id: 32 bytes, never from ``public``.
        origins: the origins to check beside the control log.
    """
    audit = _LedgerAudit(log, public, ledger_id, None)
    return audit.steps(origins)


def _silent(_leaves: int) -> None:
    """Show no progress."""


class _LedgerAudit:
    def __init__(
        self,
        log: Log,
        public: Public,
        ledger_id: bytes,
        progress: Callable[[int], None] | None,
    ) -> None:
        """Take what to read; without ``progress`` leaves' records are left out."""
        self._log = log
        self._public = public
        self._reader = ControlReader(log=log, public=public, ledger_id=ledger_id)
        self._progress = progress

    def steps(self, origins: Sequence[str] | None) -> list[Step]:
        try:
            control = self._reader.refresh()
        except EvidenceError as error:
            return [step_of("control log", error), _all_the_rest()]
        wanted = control.origins if origins is None else origins
        events = [name for name in wanted if name != self._reader.origin]
        # Event checkpoints are read first: the control log they pin is then complete.
        audits = [self._begin(name) for name in events]
        audits.insert(0, self._begin(self._reader.origin))
        try:
            self._reader.refresh()
        except EvidenceError as error:
            return [step_of("control log", error), _all_the_rest()]
        found = [self._identity_step(), self._policy_step()]
        for audit in audits:
            found += audit.steps(self._reader, self._progress)
        return found

    def _begin(self, origin: str) -> _OriginAudit:
        vkey = self._reader.control.log_vkeys.get(origin)
        return _OriginAudit(self._log, self._public, origin, vkey)

    def _identity_step(self) -> Step:
        control = self._reader.control
        return held(
            "control log",
            f"ledger {control.name}, id {control.ledger_id.hex()}: {control.size} "
            "control leaves, all verdicts recomputed",
        )

    def _policy_step(self) -> Step:
        wanted = policy_of(self._reader.control).encode()
        try:
            found = self._public.policy()
            if found != wanted:
                raise IntegrityError(
                    "policy: not what the control log implies",
                    place="policy",
                    expected=wanted.decode(),
                    actual=found.decode(errors="replace"),
                )
        except EvidenceError as error:
            return step_of("policy", error)
        return held("policy", "byte for byte what the control log implies")


def _all_the_rest() -> Step:
    return Step(
        "everything else",
        "not_checked",
        "nothing can be checked without the control log",
        code=MissingEvidenceError.code,
    )


class _OriginAudit:
    """One origin; its checkpoint is read when this is made, the rest later."""

    def __init__(
        self, log: Log, public: Public, origin: str, vkey: Vkey | None
    ) -> None:
        self._log = log
        self._public = public
        self._origin = origin
        self._vkey = vkey
        self._found: Checkpoint | EvidenceError | None = None
        try:
            self._found = self._read()
        except EvidenceError as error:
            self._found = error

    def _read(self) -> Checkpoint | None:
        if self._vkey is None:
            raise IntegrityError(
                f"{self._origin}: the control log knows no such origin",
                place=self._origin,
            )
        self._files = OriginFiles(self._public, self._vkey)
        if self._files.names:
            return self._files.checkpoint()
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
            return self._log.bounds(partition_of(self._origin))[1]
        except ConfigurationError as error:
            raise MissingEvidenceError(
                f"{self._origin}: the control log knows it, but not this home: {error}",
                place=self._origin,
                hint="set log.partitions in mlledger.toml",
            ) from error

    def steps(
        self, control: ControlReader, progress: Callable[[int], None] | None
    ) -> list[Step]:
        name = f"{self._origin} checkpoint"
        if isinstance(self._found, EvidenceError):
            return [step_of(name, self._found)]
        if self._found is None or self._vkey is None:
            return [held(name, "nothing appended and nothing published")]
        checkpoint = self._found
        reader = OriginReader(self._public, self._vkey, checkpoint=checkpoint)
        found = [
            held(name, f"size {checkpoint.size}, signed by {self._origin}'s log key"),
            *self._files.tile_steps(checkpoint),
            *self._files.kept_steps(reader),
        ]
        if progress is not None:
            found += self._leaf_steps(reader, control, progress)
        return found

    def _leaf_steps(
        self,
        reader: OriginReader,
        control: ControlReader,
        progress: Callable[[int], None],
    ) -> list[Step]:
        audit = LeafAudit(
            log=self._log,
            origin=self._origin,
            control=control.control,
            control_sealed_at_ms=control.sealed_at_ms,
            progress=progress,
        )
        return audit.steps(reader.leaves(0, reader.checkpoint.size))
