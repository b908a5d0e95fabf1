"""Bundles: one file that proves events, ranges or answers to somebody offline.

A bundle is a canonical zip (:mod:`ledger.bundle.container`) of a fixed layout
(:mod:`ledger.bundle.layout`). It is written from a ledger's log and public folder
(:mod:`ledger.bundle.collect`) and verified from itself, a policy and a ledger id alone
(:mod:`ledger.bundle.verify`); no database is asked, no network. ``docs/format.md`` says
every byte and every step for writers of other verifiers.
"""

from __future__ import annotations

from ledger.bundle.container import read_bundle, write_bundle
from ledger.bundle.verify import Examined, examine_bundle, verify_bundle

__all__ = [
    "Examined",
    "examine_bundle",
    "read_bundle",
    "verify_bundle",
    "write_bundle",
]
