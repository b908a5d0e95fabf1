"""Steps 5 and 7 of one origin: sign a head, have it cosigned, publish it.

A checkpoint that its witnesses do not come to a quorum for waits as
``checkpoint.pending`` and is asked about again; with ``[seal] witnesses = "observe"``
it is published all the same. Without growth the newest checkpoint is cosigned anew now
and then, for a reader who bounds its age, and signed anew when the log's keys change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ledger import clock
from ledger.checkpoint import Checkpoint, format_policy, parse_checkpoint
from ledger.errors import ConflictError, IntegrityError, MissingEvidenceError
from ledger.note import Vkey, is_signed_by, parse_note
from ledger.policy import Policy, parse_policy
from ledger.public import PENDING, OriginReader
from ledger.witness.client import Submission

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.public import PublicFolder
    from ledger.seal.publish import Hook, Publication
    from ledger.seal.signing import NoteSigner
    from ledger.seal.state import HeadState, State
    from ledger.seal.witnesses import Witnesses


class Publisher:
    """Brings the heads of one origin to its readers.

    Args:
        signer: the origin's log keys; they sign notes of this origin and nothing else.
        publication: where published files are written.
        public: where they are read, for proofs.
        state: what the sealer remembers, to know a rival from a rollback.
        witnesses: whom to ask.
        control: returns the control log as it stands for the newest head.
        enforce: whether a quorum must have signed before readers see a checkpoint.
        renew_s: seconds after which cosignatures are renewed without growth.
        hook: called with the name of each step before it is taken.
        now_ms: wall clock, milliseconds since 1970.

    Attributes:
        alarm: what is wrong with the newest checkpoint, empty when nothing is.
    """

    def __init__(  # noqa: PLR0913  it stands between the sealer and the world
        self,
        *,
        signer: NoteSigner,
        publication: Publication,
        public: PublicFolder,
        state: State,
        witnesses: Witnesses,
        control: Callable[[], Control],
        enforce: bool,
        renew_s: int,
        hook: Hook,
        now_ms: Callable[[], int],
    ) -> None:
        self.alarm = ""
        self.origin = signer.origin
        self._signer = signer
        self._publication = publication
        self._public = public
        self._state = state
        self._witnesses = witnesses
        self._control = control
        self._enforce = enforce
        self._renew_s = renew_s
        self._hook = hook
        self._now_ms = now_ms
        self._parsed: tuple[str, Policy] = ("", Policy())
        self._asked_at: float | None = None
        self._asked_under = ""

    def sign(self, head: HeadState) -> bytes:
        """Step 5: sign the note of a head that is in the state, and of no other."""
        self._hook("sign")
        return self._signer.sign(_checkpoint(head), self._active())

    def publish(self, head: HeadState, note: bytes) -> None:
        """Step 7: ask the witnesses, then make the note the newest checkpoint.

        Raises:
            IntegrityError: a witness knows better; see :class:`Witnesses`.
            ConflictError: another sealer has gone on meanwhile.
        """
        policy = self._policy()
        self._hook("cosign")
        note, is_satisfied = self._cosigned(head, note, policy)
        self._hook("publish")
        if is_satisfied or not self._enforce or self._is_public(head):
            self._publication.publish(size=head.size, root=head.root, note=note)
        else:
            self._publication.publish_pending(size=head.size, root=head.root, note=note)
        self._asked_at = clock.monotonic()
        self._asked_under = self._policy_text()

    def is_due(self) -> bool:
        """Tell whether the newest head is to be published again without growth."""
        if self._asked_at is None:
            return bool(self._policy().witnesses) or self._lacks_key()
        if self.alarm or self._asked_under != self._policy_text():
            return True
        waited = clock.monotonic() - self._asked_at
        return bool(self._policy().witnesses) and waited >= self._renew_s

    def _lacks_key(self) -> bool:
        """Tell whether a key that came into use has not signed what is published."""
        held = set(self._active()) & set(self._signer.vkeys)
        notes = [parse_note(data) for data in self._known()[:1]]
        return any(not is_signed_by(note, vkey) for note in notes for vkey in held)

    def _cosigned(
        self, head: HeadState, note: bytes, policy: Policy
    ) -> tuple[bytes, bool]:
        if not policy.witnesses:
            self.alarm = ""
            return note, True
        submission = Submission(
            text=parse_note(note).text,
            note=note,
            size=head.size,
            prove=_Prover(self._public, self._signer.vkeys, _checkpoint(head)),
            not_before_s=head.sealed_at_ms // 1000,
            now_s=self._now_ms() // 1000,
        )
        try:
            found = self._witnesses.collect(submission, policy, self._known())
        except IntegrityError as error:
            self._refuse_rival(head, error)
            raise
        self.alarm = found.alarm(policy)
        return found.note, policy.is_satisfied(found.signed)

    def _refuse_rival(self, head: HeadState, error: IntegrityError) -> None:
        """Tell a state that another sealer moved on from one that was rolled back."""
        now = self._state.head(self.origin)
        if now is not None and now.size > head.size:
            raise ConflictError(
                f"{self.origin}: another sealer has gone on to size {now.size}"
            ) from error

    def _policy_text(self) -> str:
        """Return the log keys in use and the witness policy in force, as a policy."""
        return format_policy(self._active(), self._control().witness_policy)

    def _policy(self) -> Policy:
        text = self._policy_text()
        if self._parsed[0] != text:
            self._parsed = (text, parse_policy(text))
        return self._parsed[1]

    def _active(self) -> tuple[Vkey, ...]:
        return self._control().active_vkeys(self.origin)

    def _known(self) -> Sequence[bytes]:
        found: list[bytes] = []
        for name in ("checkpoint", PENDING):
            try:
                found.append(self._publication.read(name))
            except MissingEvidenceError:
                continue
        return found

    def _is_public(self, head: HeadState) -> bool:
        """Tell whether readers see this head already: under an earlier policy."""
        try:
            found, _ = parse_checkpoint(self._publication.read("checkpoint"))
        except MissingEvidenceError:
            return False
        return found.size >= head.size


class _Prover:
    """Makes consistency proofs from the published tiles, for several threads."""

    def __init__(
        self, public: PublicFolder, vkeys: Sequence[Vkey], checkpoint: Checkpoint
    ) -> None:
        self._reader = OriginReader(public, vkeys, checkpoint=checkpoint)
        self._lock = threading.Lock()

    def __call__(self, old_size: int) -> list[bytes]:
        with self._lock:
            return self._reader.consistency_proof(old_size)


def _checkpoint(head: HeadState) -> Checkpoint:
    return Checkpoint(origin=head.origin, size=head.size, root=head.root)
