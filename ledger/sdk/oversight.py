"""Verbs about oversight: what persons do with decisions and with whole systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.sdk.changes import Moment, now_unless
from ledger.sdk.handles import Deployment, Entry, Handle
from ledger.sdk.recorder import Recorder


class OversightVerbs(Recorder):
    """Who looked, who stopped it, and who was told."""

    def review_decision(  # noqa: PLR0913  one keyword a field
        self,
        decision: bytes,
        action: str,
        *,
        by: str,
        role: str | None = None,
        group: str | None = None,
        final_output: str | None = None,
        reason_code: str | None = None,
        opened_at: Moment | None = None,
        decided_at: Moment | None = None,
        rationale_commitment: bytes | None = None,
    ) -> Entry:
        """Record what a person did with a decision, signed with that person's key.

        Args:
            decision: id of the decision.
            action: confirm, override, modify, defer or disregard.
            by: identity of the person.
            role: role in which they acted.
            group: team that they belong to.
            final_output: class or bucket that counts.
            reason_code: why, as a code.
            opened_at: when they opened the case; None means they did not.
            decided_at: when they decided; now by default.
            rationale_commitment: commitment to the reasons in words.

        Raises:
            ConfigurationError: the home holds no key for that identity.
        """
        made = self.record_as(
            by,
            "oversight.review.decided",
            basis="stated",
            decision=bytes(decision),
            reviewer=by,
            role=role,
            group=group,
            action=action,
            final_output=final_output,
            reason_code=reason_code,
            opened_at=opened_at,
            decided_at=now_unless(decided_at),
            rationale_commitment=rationale_commitment,
        )
        return Entry(id=made.id, digest=made.digest, name=action)

    def stop_system(
        self,
        system: str,
        *,
        reason: str,
        deployment: Deployment | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a person stopped a system, or one deployment of it.

        Args:
            system: name of the AI system.
            reason: why.
            deployment: this deployment alone.
            by: pseudonym of who stopped it; it signs nothing.
        """
        made = self.record(
            "oversight.system.stopped",
            basis="observed",
            system=system,
            deployment=deployment.id if deployment else None,
            by=by,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=system)

    def resume_system(
        self, stop: Entry, *, reason: str, by: str | None = None
    ) -> Entry:
        """Record that a stopped system goes on; ``stop`` is what stopped it."""
        made = self.record(
            "oversight.system.resumed",
            basis="observed",
            stop=stop,
            by=by,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=stop.name)

    def test_stop(
        self,
        system: str,
        *,
        passed: bool,
        seconds: float | None = None,
        document: str | Path | bytes | None = None,
    ) -> Entry:
        """Record a drill: whether the system stops when it is told to.

        Args:
            system: name of the AI system.
            passed: whether it stopped as it should.
            seconds: how long it took.
            document: record of the drill; kept by its content.
        """
        made = self.record(
            "oversight.stop.tested",
            basis="observed",
            system=system,
            passed=passed,
            seconds=None if seconds is None else float(seconds),
            document=self.kept(document),
        )
        return Entry(id=made.id, digest=made.digest, name=system)

    def send_notice(  # noqa: PLR0913  one keyword a field
        self,
        kind: str,
        recipient: str,
        *,
        regime: str | None = None,
        decision: bytes | None = None,
        about: Handle | None = None,
        reasons: Sequence[str] = (),
        due: Moment | None = None,
        sent_at: Moment | None = None,
        document: str | Path | bytes | None = None,
    ) -> Entry:
        """Record that somebody was told; names nobody.

        Args:
            kind: pre_use, adverse, ai_interaction, withdrawal and so on.
            recipient: kind of recipient, such as ``person`` or ``consumer``.
            regime: law or policy that asks for it.
            decision: id of the decision it is about.
            about: other event it is about.
            reasons: codes of the reasons given.
            due: when it was due.
            sent_at: when it was sent; now by default.
            document: text that was sent; kept by its content.
        """
        made = self.record(
            "oversight.notice.sent",
            basis="observed",
            kind=kind,
            recipient=recipient,
            regime=regime,
            decision=None if decision is None else bytes(decision),
            about=about.id if about else None,
            reasons=list(reasons),
            due=due,
            sent_at=now_unless(sent_at),
            document=self.kept(document),
        )
        return Entry(id=made.id, digest=made.digest, name=kind)
