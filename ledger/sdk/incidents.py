"""Verbs about incidents: what went wrong, who was told, what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ledger.sdk.changes import Moment, name_of, now_unless
from ledger.sdk.handles import Entry, Handle, Release
from ledger.sdk.recorder import Recorder


class IncidentVerbs(Recorder):
    """A case, from becoming known to its end (EU AI Act, Article 73)."""

    def open_incident(
        self,
        incident: str,
        title: str,
        *,
        severity: str,
        aware_at: Moment | None = None,
        occurred_at: Moment | None = None,
        category: str | None = None,
        releases: Sequence[Release] = (),
        member_states: Sequence[str] = (),
    ) -> Entry:
        """Record that an incident became known.

        Args:
            incident: its number, for ever.
            title: what happened, in short; names nobody.
            severity: info, low, medium, high or critical.
            aware_at: when it became known; now by default. Clocks run from here.
            occurred_at: when it happened.
            category: kind of harm, by its provision.
            releases: releases involved.
            member_states: countries touched, ISO 3166.
        """
        made = self.record(
            "incident.case.opened",
            basis="declared",
            incident=incident,
            title=title,
            severity=severity,
            occurred_at=occurred_at,
            aware_at=now_unless(aware_at),
            category=category,
            releases=[one.id for one in releases],
            member_states=list(member_states),
        )
        return Entry(id=made.id, digest=made.digest, name=incident)

    def update_incident(
        self,
        incident: str | Entry,
        *,
        severity: str | None = None,
        causal_link_at: Moment | None = None,
        category: str | None = None,
        releases: Sequence[Release] = (),
        note: str | None = None,
    ) -> Entry:
        """Record what more became known; ``causal_link_at`` starts another clock."""
        name = name_of(incident)
        made = self.record(
            "incident.case.updated",
            basis="declared",
            incident=name,
            severity=severity,
            causal_link_at=causal_link_at,
            category=category,
            releases=[one.id for one in releases],
            note=note,
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def close_incident(
        self, incident: str | Entry, *, outcome: str, evidence: Sequence[Handle] = ()
    ) -> Entry:
        """Record what an incident came to, and the events that show it."""
        name = name_of(incident)
        made = self.record(
            "incident.case.closed",
            basis="declared",
            incident=name,
            outcome=outcome,
            evidence=[one.id for one in evidence],
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def report_incident(
        self,
        incident: str | Entry,
        authority: str,
        *,
        kind: str,
        sent_at: Moment | None = None,
        due: Moment | None = None,
        document: str | Path | bytes | None = None,
    ) -> Entry:
        """Record that an authority was told; ``kind`` is initial or complete."""
        name = name_of(incident)
        made = self.record(
            "incident.report.sent",
            basis="observed",
            incident=name,
            authority=authority,
            kind=kind,
            sent_at=now_unless(sent_at),
            due=due,
            document=self.kept(document),
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def act_on_incident(
        self,
        incident: str | Entry,
        action: str,
        description: str,
        *,
        taken_at: Moment | None = None,
        by: str | None = None,
    ) -> Entry:
        """Record what was done; ``by`` is a pseudonym and signs nothing."""
        name = name_of(incident)
        made = self.record(
            "incident.action.taken",
            basis="observed",
            incident=name,
            action=action,
            description=description,
            taken_at=now_unless(taken_at),
            by=by,
        )
        return Entry(id=made.id, digest=made.digest, name=name)
