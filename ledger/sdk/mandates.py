"""Verbs about mandates: who may decide, who knows a stage, what need not be kept."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.sdk.changes import Moment, now_unless
from ledger.sdk.handles import Entry, Handle
from ledger.sdk.recorder import Recorder


class MandateVerbs(Recorder):
    """Who has which role, until when, and which exceptions were granted."""

    def grant_role(  # noqa: PLR0913  one keyword a field
        self,
        principal: str,
        role: str,
        *,
        system: str | None = None,
        model: str | None = None,
        stage: str | None = None,
        gates: Sequence[str] = (),
        max_materiality: str | None = None,
        valid_from: Moment | None = None,
        until: Moment | None = None,
        handed_over_from: str | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Give a person or service a role.

        Args:
            principal: identity that gets it, such as ``person:ana``.
            role: ``approver`` (a mandate), ``owner``, or ``expert`` for a stage.
            system: AI system it is for; any by default.
            model: model it is for; any by default.
            stage: whole, data, features, training, evaluation, deployment or
                monitoring.
            gates: gates at which it may decide; none by default.
            max_materiality: highest tier it may decide on; any by default.
            valid_from: from when; now by default.
            until: until when; open by default.
            handed_over_from: identity that had it before.
            reason: why.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "governance.role.granted",
            basis="declared",
            principal=principal,
            role=role,
            system=system,
            model=model,
            stage=stage,
            gates=list(gates),
            max_materiality=max_materiality,
            valid_from=now_unless(valid_from),
            until=until,
            handed_over_from=handed_over_from,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=principal)

    def hand_over(
        self,
        model: str,
        *,
        to: str,
        from_: str,
        role: str = "expert",
        stage: str = "whole",
        grant: Entry | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Hand a model, or one stage of it, from one person to another.

        Args:
            model: name of the model.
            to: identity that takes it over.
            from_: identity that had it.
            role: ``owner`` or ``expert``.
            stage: as for :meth:`grant_role`.
            grant: what gave it to the other; with it, that role ends now.
            reason: why.
            by: identity that signs; the client's own by default.
        """
        made = self.grant_role(
            to,
            role,
            model=model,
            stage=stage,
            handed_over_from=from_,
            reason=reason,
            by=by,
        )
        if grant is not None:
            self.revoke_role(grant, reason=f"handed over to {to}", by=by)
        return made

    def revoke_role(
        self,
        grant: Entry,
        *,
        effective_at: Moment | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a role ends before its time; now by default."""
        made = self.record_as(
            by,
            "governance.role.revoked",
            basis="declared",
            grant=grant,
            effective_at=now_unless(effective_at),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=grant.name)

    def grant_exception(  # noqa: PLR0913  one keyword a field
        self,
        exception: str,
        policy: str,
        *,
        reason: str,
        compensating_control: str,
        approver: str,
        expires: Moment,
        object: Handle | None = None,  # noqa: A002  the word of the event type
        system: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a rule or gate need not be kept for a time.

        Args:
            exception: its name, for ever.
            policy: name of the rule or gate.
            reason: why.
            compensating_control: what is done instead.
            approver: identity of who granted it.
            expires: until when it holds; there is none without an end.
            object: release, deployment or other event it is for.
            system: AI system it is for, where there is no object.
            by: identity that signs; the approver where the home has that key is best.
        """
        made = self.record_as(
            by,
            "governance.exception.granted",
            basis="declared",
            exception=exception,
            policy=policy,
            object=object,
            system=system,
            reason=reason,
            compensating_control=compensating_control,
            approver=approver,
            expires=expires,
        )
        return Entry(id=made.id, digest=made.digest, name=exception)

    def end_exception(
        self, exception: Entry, *, reason: str | None = None, by: str | None = None
    ) -> Entry:
        """Record that an exception ends now, before its time."""
        made = self.record_as(
            by,
            "governance.exception.ended",
            basis="declared",
            exception=exception,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=exception.name)
