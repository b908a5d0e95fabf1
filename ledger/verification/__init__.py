"""Verification: what the evidence says, recomputed from a ledger id alone.

:func:`verify_log` checks a whole ledger, :class:`LedgerVerifier` single events,
:func:`load_control` the control log. A contradiction raises
:class:`~ledger.errors.IntegrityError` or :class:`~ledger.errors.MalformedError`, absent
evidence :class:`~ledger.errors.MissingEvidenceError`: exit codes 5 and 6, which never
mix.
"""

from __future__ import annotations

from ledger.verification.control import ControlReader, load_control, policy_of
from ledger.verification.event import LedgerVerifier, VerifiedEvent
from ledger.verification.quarantine import Quarantined, quarantine
from ledger.verification.steps import Status, Step, exit_code
from ledger.verification.tokens import roots_of
from ledger.verification.whole import verify_log, verify_published
from ledger.verification.witnessing import (
    WitnessTerms,
    policy_words,
    terms_of,
    witness_words,
)

__all__ = [
    "ControlReader",
    "LedgerVerifier",
    "Quarantined",
    "Status",
    "Step",
    "VerifiedEvent",
    "WitnessTerms",
    "exit_code",
    "load_control",
    "policy_of",
    "policy_words",
    "quarantine",
    "roots_of",
    "terms_of",
    "verify_log",
    "verify_published",
    "witness_words",
]
