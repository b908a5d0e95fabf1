"""Recovery and retention: archive, trim, restore, and what is declared about it.

====================  ================================================================
:mod:`archiving`      sealed records into the archive, and the archive against the tree
:mod:`trimming`       the beginning of a log is deleted, after it was sealed that it may
:mod:`rebuilding`     the sealer's state made anew from tiles and records
:mod:`restoring`      a lost log: put back where nothing of it is lost
:mod:`breaking`       otherwise: broken off and continued in a new epoch
====================  ================================================================

**What a new epoch is.** An entry's header names its log: ``log_id = SHA-256(origin)``.
What was signed for ``acme/p0`` can never be sealed in another origin, so the records of
a lost log are not appended again anywhere. The old origin is closed, at its last
published checkpoint, and stays what it was: a tree in ``public/``, and its records in
the archive. New entries are signed for ``acme/p0/e1``, an origin with a log, a tree and
a key of its own. Which partition is in which epoch stands in ``[log.epochs]``.
"""

from __future__ import annotations

from ledger.recovery.archiving import Archived, archive_origin, verify_archive
from ledger.recovery.breaking import Restored
from ledger.recovery.rebuilding import Rebuilt, rebuild_state
from ledger.recovery.restoring import restore
from ledger.recovery.trimming import Trimmed, trim

__all__ = [
    "Archived",
    "Rebuilt",
    "Restored",
    "Trimmed",
    "archive_origin",
    "rebuild_state",
    "restore",
    "trim",
    "verify_archive",
]
