"""One origin as its sealer holds it, and the last steps of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.checkpoint import Checkpoint
from ledger.public import PublicFolder
from ledger.seal.publish import Publication
from ledger.seal.publisher import Publisher
from ledger.seal.signing import NoteSigner
from ledger.seal.witnesses import Witnesses

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.config import Config
    from ledger.control import Control
    from ledger.keys import Signer
    from ledger.log import Log
    from ledger.note import Vkey
    from ledger.seal.publish import Hook
    from ledger.seal.state import HeadState, State


@dataclass(frozen=True, slots=True)
class SealedOrigin:
    """What a sealer works with: one partition of the log, its state, its public folder.

    Attributes:
        origin: such as ``acme/p0``.
        partition: −1 control, −2 manifest, 0 and up events.
        signer: the origin's log keys; they sign notes of this origin and nothing else.
        log: where the records are.
        state: where the head is.
        public: the published ledger.
        publication: the way there.
        publisher: signs, and asks the witnesses on the way.
        control: returns the control log as it stands for the newest head.
        hook: called with the name of each step before it is taken.
    """

    origin: str
    partition: int
    signer: NoteSigner
    log: Log
    state: State
    public: PublicFolder
    publication: Publication
    publisher: Publisher
    control: Callable[[], Control]
    hook: Hook

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """The keys that check the origin's checkpoints, old ones included."""
        known = self.control().known_vkeys(self.origin)
        return (*known, *(vkey for vkey in self.signer.vkeys if vkey not in known))

    def checkpoint_of(self, head: HeadState) -> Checkpoint:
        """Return the checkpoint that a head comes to."""
        return Checkpoint(origin=self.origin, size=head.size, root=head.root)

    def copy(self, head: HeadState) -> None:
        """Step 6: give what was staged its final names."""
        self.hook("copy")
        self.publication.copy(size=head.size, root=head.root)

    def sign(self, head: HeadState) -> bytes:
        """Step 5: see :meth:`ledger.seal.publisher.Publisher.sign`."""
        return self.publisher.sign(head)

    def publish(self, head: HeadState, note: bytes) -> None:
        """Step 7: see :meth:`ledger.seal.publisher.Publisher.publish`."""
        self.publisher.publish(head, note)

    def publish_again(self, head: HeadState) -> None:
        """Sign and publish a head without growth: cosignatures or keys are due."""
        self.publish(head, self.sign(head))
        self.clean(head)

    def clean(self, head: HeadState) -> None:
        """Step 8: retire overtaken partial tiles, drop staging."""
        self.hook("clean")
        self.publication.clean(size=head.size, root=head.root)


def sealed_origin(
    config: Config,
    *,
    partition: int,
    log: Log,
    state: State,
    signer: NoteSigner | Signer,
    control: Callable[[], Control],
    now_ms: Callable[[], int],
    hook: Hook,
) -> SealedOrigin:
    """Put together what a sealer of one partition works with."""
    origin, public = config.origin(partition), PublicFolder(config.public)
    publication = Publication(
        public=config.public, staging=config.staging, origin=origin, hook=hook
    )
    keys = signer if isinstance(signer, NoteSigner) else _only(origin, signer)
    publisher = Publisher(
        signer=keys,
        publication=publication,
        public=public,
        state=state,
        witnesses=Witnesses(config, origin),
        control=control,
        enforce=config.seal.witnesses == "enforce",
        renew_s=config.seal.renew_s,
        hook=hook,
        now_ms=now_ms,
    )
    return SealedOrigin(
        origin=origin,
        partition=partition,
        signer=keys,
        log=log,
        state=state,
        public=public,
        publication=publication,
        publisher=publisher,
        control=control,
        hook=hook,
    )


def _only(origin: str, signer: Signer) -> NoteSigner:
    return NoteSigner(origin, lambda: [signer])
