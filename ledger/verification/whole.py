"""A whole ledger, recomputed from its id: policy, checkpoints, tiles, leaves, records.

Memory stays flat: tiles and records stream by, accepted entries lie in a temporary
file.
No database of the projections is asked, and no state of a sealer.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ledger.errors import (
    EvidenceError,
    IntegrityError,
    MissingEvidenceError,
)
from ledger.verification.control import ControlReader, policy_of
from ledger.verification.cuts import verify_manifests
from ledger.verification.origin import OriginAudit, Recompute, recomputed
from ledger.verification.steps import Step, held, step_of
from ledger.verification.witnessing import ANY_TERMS, WitnessTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import Public


def verify_log(
    *,
    log: Log,
    public: Public,
    ledger_id: bytes,
    origins: Sequence[str] | None = None,
    progress: Callable[[int], None] | None = None,
    tsa_roots: Sequence[bytes] = (),
    terms: WitnessTerms = ANY_TERMS,
) -> list[Step]:
    """Verify a ledger and return every step; see :func:`exit_code` for the sum.

    Args:
        log: the ledger's log; may be longer than what is sealed.
        public: the published ledger.
        ledger_id: 32 bytes, from configuration or command line, never from ``public``.
        origins: the origins to check beside the control log; None for all.
        progress: called with the number of leaves that were done since the last call.
        tsa_roots: root certificates, PEM or DER, of the time authorities that the
            caller believes; without any a token's imprint alone is checked.
        terms: what the caller knows of the witnesses, and how old what they signed may
            be.
    """
    recompute = partial(recomputed, log=log, progress=progress or _silent)
    audit = _LedgerAudit(log, public, ledger_id, recompute, terms)
    found = audit.steps(origins)
    if origins is None and audit.reader.checkpoint is not None:
        found += verify_manifests(
            log=log, public=public, control=audit.reader, tsa_roots=tsa_roots
        )
    return found


def verify_published(
    *,
    log: Log,
    public: Public,
    ledger_id: bytes,
    origins: Sequence[str],
    terms: WitnessTerms = ANY_TERMS,
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
        terms: what the caller knows of the witnesses.
    """
    return _LedgerAudit(log, public, ledger_id, None, terms).steps(origins)


def verify_foundation(control: ControlReader, public: Public) -> list[Step]:
    """Recompute the control log, and compare the policy that it implies."""
    try:
        control.refresh()
    except EvidenceError as error:
        return [step_of("control log", error), _all_the_rest()]
    return [_identity_step(control.control), _policy_step(control.control, public)]


def _silent(_leaves: int) -> None:
    """Show no progress."""


class _LedgerAudit:
    def __init__(
        self,
        log: Log,
        public: Public,
        ledger_id: bytes,
        recompute: Recompute | None,
        terms: WitnessTerms = ANY_TERMS,
    ) -> None:
        """Take what to read; without ``recompute`` leaves' records are left out."""
        self._log = log
        self._public = public
        self.reader = ControlReader(log=log, public=public, ledger_id=ledger_id)
        self._recompute = recompute
        self._terms = terms

    def steps(self, origins: Sequence[str] | None) -> list[Step]:
        try:
            control = self.reader.refresh()
        except EvidenceError as error:
            return [step_of("control log", error), _all_the_rest()]
        wanted = control.origins if origins is None else origins
        events = [name for name in wanted if name != self.reader.origin]
        # Event checkpoints are read first: the control log they pin is then complete.
        audits = [self._begin(name) for name in events]
        audits.insert(0, self._begin(self.reader.origin))
        try:
            self.reader.refresh()
        except EvidenceError as error:
            return [step_of("control log", error), _all_the_rest()]
        control = self.reader.control
        found = [_identity_step(control), _policy_step(control, self._public)]
        for audit in audits:
            found += audit.steps(self.reader, self._recompute, self._terms)
        return found

    def _begin(self, origin: str) -> OriginAudit:
        return OriginAudit(self._log, self._public, origin, self.reader.control)


def _identity_step(control: Control) -> Step:
    return held(
        "control log",
        f"ledger {control.name}, id {control.ledger_id.hex()}: {control.size} "
        "control leaves, all verdicts recomputed",
    )


def _policy_step(control: Control, public: Public) -> Step:
    wanted = policy_of(control).encode()
    try:
        found = public.policy()
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
