"""Verbs about AI systems after their registration: changed, classified, retired."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.errors import InvalidEventError
from ledger.sdk.changes import Moment, changed, now_unless
from ledger.sdk.handles import Entry
from ledger.sdk.recorder import Recorder


class SystemVerbs(Recorder):
    """What becomes of a system."""

    def change_system(
        self,
        system: str,
        *,
        before: Mapping[str, str | None] | None = None,
        reason: str | None = None,
        by: str | None = None,
        **changes: str | None,
    ) -> Entry:
        """Record what the inventory says of a system from now on; its name stays.

        Raises:
            InvalidEventError: nothing changes.
        """
        if not changes:
            raise InvalidEventError(f"{system}: nothing changes")
        made = self.record_as(
            by,
            "governance.system.changed",
            basis="declared",
            system=system,
            changes=changed(changes, before or {}),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=system)

    def classify_system(
        self,
        system: str,
        regime: str,
        category: str,
        *,
        grounds: str,
        decided_by: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record which class of a regime a person decided that a system falls into.

        Args:
            system: name of the AI system.
            regime: law or policy, such as ``eu-ai-act``.
            category: class within it, such as ``high_risk``.
            grounds: why, with the provision.
            decided_by: pseudonym of who decided; who signs by default.
            by: identity that signs; the client's own by default.
        """
        made = self.record_as(
            by,
            "governance.system.classified",
            basis="stated",
            system=system,
            regime=regime,
            category=category,
            grounds=grounds,
            decided_by=decided_by or by,
        )
        return Entry(id=made.id, digest=made.digest, name=system)

    def retire_system(
        self,
        system: str,
        *,
        effective_at: Moment | None = None,
        reason: str | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record that a system goes out of use, now by default; its history stays."""
        made = self.record_as(
            by,
            "governance.system.retired",
            basis="declared",
            system=system,
            effective_at=now_unless(effective_at),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=system)
