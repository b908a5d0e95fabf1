"""One origin as its sealer holds it, and the last steps of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.note import Vkey, log_vkey

if TYPE_CHECKING:
    from ledger.keys import Signer
    from ledger.log import Log
    from ledger.public import PublicFolder
    from ledger.seal.publish import Hook, Publication
    from ledger.seal.state import HeadState, State


@dataclass(frozen=True, slots=True)
class SealedOrigin:
    """What a sealer works with: one partition of the log, its state, its public folder.

    Attributes:
        origin: such as ``acme/p0``.
        partition: −1 control, −2 manifest, 0 and up events.
        signer: the origin's log key; it signs notes of this origin and nothing else.
        log: where the records are.
        state: where the head is.
        public: the published ledger.
        publication: the way there.
        hook: called with the name of each step before it is taken.
    """

    origin: str
    partition: int
    signer: Signer
    log: Log
    state: State
    public: PublicFolder
    publication: Publication
    hook: Hook

    @property
    def vkey(self) -> Vkey:
        """The key that checks the origin's checkpoints."""
        return log_vkey(self.origin, self.signer.public_key)

    def checkpoint_of(self, head: HeadState) -> Checkpoint:
        """Return the checkpoint that a head comes to."""
        return Checkpoint(origin=self.origin, size=head.size, root=head.root)

    def copy(self, head: HeadState) -> None:
        """Step 6: give what was staged its final names."""
        self.hook("copy")
        self.publication.copy(size=head.size, root=head.root)

    def sign(self, head: HeadState) -> bytes:
        """Step 5: sign the note of a head that is in the state, and of no other."""
        self.hook("sign")
        return sign_checkpoint(self.checkpoint_of(head), self.signer)

    def publish(self, head: HeadState, note: bytes) -> None:
        """Step 7: make the note the newest checkpoint."""
        self.hook("publish")
        self.publication.publish(size=head.size, root=head.root, note=note)

    def clean(self, head: HeadState) -> None:
        """Step 8: retire overtaken partial tiles, drop staging."""
        self.hook("clean")
        self.publication.clean(size=head.size, root=head.root)
