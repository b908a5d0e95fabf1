"""Audit: everything a ledger says, recomputed, and each finding named in plain words.

What :mod:`ledger.verification` checks is checked here for all of it: control log and
policy, and per origin its checkpoints, tiles, leaves, records, verdicts and streams.
What this package adds is how such a long job is done: a process for each origin, a
progress file from which it goes on (:mod:`ledger.audit.progress`), and words for what a
finding looks like (:mod:`ledger.audit.words`). Tables of the projections are compared
by :mod:`projections.audit`, for this package knows no database.
"""

from __future__ import annotations

from ledger.audit.origins import Task, audit_origin
from ledger.audit.run import audit_ledger
from ledger.audit.words import looks_like

__all__ = ["Task", "audit_ledger", "audit_origin", "looks_like"]
