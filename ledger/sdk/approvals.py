"""Verbs about approval: who asks that an object pass a gate, and who decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger import clock
from ledger.sdk.changes import now_unless
from ledger.sdk.handles import (
    Approval,
    ApprovalRequest,
    Entry,
    Handle,
    object_content,
)
from ledger.sdk.recorder import Recorder, is_person

_REQUESTED = "registry.approval.requested"
_DECIDED = "registry.approval.decided"
_REVOKED = "registry.approval.revoked"


class ApprovalVerbs(Recorder):
    """Who let it pass."""

    def request_approval(
        self,
        object: Handle,  # noqa: A002  the word of the event type
        *,
        gate: str,
        by: str | None = None,
        requested_of: str | None = None,
    ) -> ApprovalRequest:
        """Ask that an object be let through a gate, signed by the person who asks.

        Args:
            object: a release, model version, dataset version or document.
            gate: name of the gate, such as ``production``.
            by: identity of the person; the client's own where that is a person.
            requested_of: person or role that is asked.

        Raises:
            ConfigurationError: the home holds no key for that identity.
            NotAuthorisedError: the client is a service, and no person is named.
        """
        content = object_content(object)
        with self.signing_as(by, _REQUESTED, what="a request for approval") as signing:
            made = self.record(
                _REQUESTED,
                basis="stated",
                via=signing,
                object=object,
                gate=gate,
                digest=content,
                requested_of=requested_of,
            )
        return ApprovalRequest(
            id=made.id, digest=made.digest, object=object, gate=gate, content=content
        )

    def approve(
        self,
        object: Handle,  # noqa: A002  the word of the event type
        *,
        by: str,
        gate: str | None = None,
        decision: str = "approve",
        meaning: str = "approval",
        conditions: Sequence[str] = (),
        expires: datetime | int | None = None,
        mandate: str | None = None,
    ) -> Approval:
        """Record a person's decision about an object, signed with that person's key.

        The decision is bound to the object's content digest. It travels in a stream of
        the person's own. A service that is authorised to attest for persons may sign
        as well; the event then says so.

        Args:
            object: what is decided on, or the request for it.
            by: identity of the person; ``[identities]`` of the home names its key.
            gate: the gate; that of the request by default.
            decision: approve, reject or conditional.
            meaning: review, approval, responsibility or authorship.
            conditions: what must hold, for ``conditional``.
            expires: until when it holds; microseconds since 1970 or a datetime.
            mandate: what entitles the person.

        Raises:
            ConfigurationError: the home holds no key for that identity.
            NotAuthorisedError: that key is known here as no person's.
            InvalidEventError: no gate is named, or a field does not fit.
        """
        request = object if isinstance(object, ApprovalRequest) else None
        target = request.object if request else object
        at = gate or (request.gate if request else "")
        is_own = is_person(by)
        with self.signing_as(by, _DECIDED, what="an approval") as signing:
            made = self.record(
                _DECIDED,
                basis="stated",
                via=signing,
                request=request,
                object=target,
                gate=at,
                digest=object_content(target),
                decision=decision,
                meaning=meaning,
                conditions=list(conditions),
                expires=expires,
                mandate=mandate,
                signature_kind="person_key" if is_own else "attested_by_service",
                auth_time=clock.now_us() if is_own else None,
            )
        return Approval(
            id=made.id, digest=made.digest, gate=at, decision=decision, by=by
        )

    def revoke_approval(
        self,
        approval: Approval,
        *,
        by: str,
        effective_at: datetime | int | None = None,
        reason: str | None = None,
    ) -> Entry:
        """Take an approval back, signed with the key of the person who does.

        Args:
            approval: the decision that no longer holds.
            by: identity of the person.
            effective_at: from when; now by default.
            reason: why.

        Raises:
            ConfigurationError: the home holds no key for that identity.
        """
        with self.signing_as(by, _REVOKED, what="the end of an approval") as signing:
            made = self.record(
                _REVOKED,
                basis="stated",
                via=signing,
                approval=approval,
                effective_at=now_unless(effective_at),
                reason=reason,
            )
        return Entry(id=made.id, digest=made.digest, name=approval.gate)
