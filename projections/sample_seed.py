"""The seed of a sample, from the log: a number that neither side chose.

The seed is SHA-256 over the text of a checkpoint (its three lines, UTF-8, each with
its newline) and the 16 bytes of the request's event id. The checkpoint is the one that
the first manifest which covers the request names for the request's log: the first tree
head known to have been published after the request was sealed. Its root hangs on all
that was sealed up to then, so who asks cannot know it when asking. Who keeps the ledger
could try what to seal before it publishes; witnesses see to it that one history alone
is published, not that no other was tried out.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from ledger.errors import MissingEvidenceError

if TYPE_CHECKING:
    from ledger.checkpoint import Checkpoint
    from ledger.verification import LedgerVerifier
    from projections.rows import EventPosition


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed and what it was made from.

    Attributes:
        digest: 32 bytes.
        checkpoint: the tree head.
        manifest: leaf of the manifest that names it, in ``manifest_log``.
    """

    digest: bytes
    checkpoint: Checkpoint
    manifest_log: str
    manifest: int


def seed_of(verifier: LedgerVerifier, request: UUID, position: EventPosition) -> Seed:
    """Return the seed of a request, everything it rests on verified.

    Args:
        verifier: of the ledger.
        request: event of the request.
        position: where that event is in the log.

    Raises:
        IntegrityError: the evidence contradicts itself.
        MissingEvidenceError: no manifest covers the request yet.
    """
    origin, leaf, index = position
    verifier.event(origin=origin, leaf=leaf, index=index)
    cut = verifier.manifests.covering(origin, leaf)
    if cut is None:
        raise MissingEvidenceError(
            f"request {request}: no manifest names a checkpoint that covers it yet",
            place=str(position),
            hint="the worker publishes one within a minute of growth: try again then",
        )
    return Seed(
        digest_of(cut.checkpoint, request), cut.checkpoint, cut.origin, cut.leaf
    )


def digest_of(checkpoint: Checkpoint, request: UUID) -> bytes:
    """Return the seed that a checkpoint gives to a request: 32 bytes."""
    return sha256(checkpoint.body.encode() + request.bytes).digest()
