"""Credit scoring after the poison was found: incident, roll-back, third release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.credit import Credit
from projections.golden.telling import (
    APPROVER,
    AUDITOR,
    AUTHOR,
    OTHER_AUTHOR,
    REVIEWER,
    SERVER,
    Chapter,
    Lived,
    digest,
    micros,
)

if TYPE_CHECKING:
    from projections.golden.telling import Teller


def chapters_of_credit(teller: Teller) -> list[Chapter]:
    """Return what happens to credit scoring, day by day."""
    credit = _CreditToTheEnd(teller)
    return [
        Chapter("2026-01-06", teller, credit.prepares_data),
        Chapter("2026-01-08", teller, credit.trains_first),
        Chapter("2026-01-12", teller, credit.goes_live),
        Chapter("2026-01-14", teller, credit.decides_first),
        Chapter("2026-02-02", teller, credit.is_reviewed),
        Chapter("2026-02-16", teller, credit.is_poisoned),
        Chapter("2026-02-20", teller, credit.trains_second),
        Chapter("2026-03-02", teller, credit.replaces_first),
        Chapter("2026-03-04", teller, credit.decides_second),
        Chapter("2026-03-20", teller, credit.learns_of_poison),
        Chapter("2026-03-21", teller, credit.rolls_back),
        Chapter("2026-03-30", teller, credit.reports_incident),
        Chapter("2026-04-06", teller, credit.trains_third),
        Chapter("2026-04-15", teller, credit.recovers),
        Chapter("2026-04-17", teller, credit.decides_third),
        Chapter("2026-05-04", teller, credit.is_audited),
        Chapter("2026-05-20", teller, credit.outcomes_arrive),
        Chapter("2026-06-01", teller, credit.mends),
    ]


class _CreditToTheEnd(Credit):
    def learns_of_poison(self) -> None:
        """The bureau's data were poisoned since February; an incident begins."""
        t = self._t
        t.emit(
            "data.source.withdrawn",
            called="bureau withdrawn",
            source="bureau",
            cause="poisoned",
            effective_at=micros("2026-03-20T09:00:00Z"),
            since=micros("2026-02-01T00:00:00Z"),
            dataset_versions=[],
            action_required="do not use; name the decisions touched",
        )
        t.emit(
            "incident.case.opened",
            called="incident 1",
            signed_by=APPROVER,
            incident="INC-1",
            title="Poisoned bureau data in credit scoring",
            severity="high",
            occurred_at=micros("2026-03-02T12:00:00Z"),
            aware_at=micros("2026-03-20T09:30:00Z"),
            category="3(49)(c)",
            releases=[self._lived["v2"].release.id],
            member_states=["DE"],
        )
        t.emit(
            "oversight.system.stopped",
            called="stop credit",
            signed_by=REVIEWER,
            system="credit",
            deployment=self._lived["v2"].deployment.id,
            reason="poisoned training data",
        )
        t.emit(
            "governance.hold.placed",
            called="hold INC-1",
            signed_by=APPROVER,
            hold="INC-1",
            reason="incident",
            provision="EU AI Act, Article 73(6)",
            decisions=[],
            cases=[],
            uses=["credit-use"],
            everything=False,
        )
        t.read(
            "emergency reading d2-0",
            kind="payload",
            signed_by=REVIEWER,
            role="officer",
            purpose="incident",
            query="vault show",
            decision=self._named["d2-0"].id,
            reason="who is touched must be told today",
        )

    def rolls_back(self) -> None:
        """Release 2 is recalled; release 1 comes back under an exception."""
        t = self._t
        t.emit(
            "registry.release.withdrawn",
            called="recall credit-v2",
            signed_by=AUTHOR,
            release=self._lived["v2"].release,
            kind="recalled",
            effective_at=micros("2026-03-21T09:00:00Z"),
            reason="trained on poisoned data",
            notified=["pricing"],
        )
        t.ended(self._lived["v2"].deployment, "recalled")
        t.emit(
            "governance.exception.granted",
            called="exception rollback",
            signed_by=APPROVER,
            exception="EX-1",
            policy="production",
            object=self._lived["v1"].release,
            system="credit",
            reason="roll back while the third release is made",
            compensating_control="every refusal is reviewed by a person",
            approver=APPROVER,
            expires=micros("2026-05-01T00:00:00Z"),
        )
        release = self._lived["v1"].release
        deployment, attestation = t.live(
            release, "v1", emergency=True, reason="rollback"
        )
        version = self._lived["v1"].version
        self._lived["v1"] = Lived(version, release, deployment, attestation)
        t.emit(
            "oversight.system.resumed",
            signed_by=REVIEWER,
            stop=self._named["stop credit"],
            reason="release 1 is back",
        )

    def reports_incident(self) -> None:
        """The authority is told within the fifteen days."""
        t = self._t
        t.emit(
            "incident.case.updated",
            signed_by=APPROVER,
            incident="INC-1",
            causal_link_at=micros("2026-03-25T10:00:00Z"),
            releases=[],
            note="nine decisions under release 2 rest on the poisoned source",
        )
        t.emit(
            "incident.report.sent",
            called="report INC-1",
            signed_by=APPROVER,
            incident="INC-1",
            authority="market surveillance",
            kind="initial",
            sent_at=micros("2026-03-30T09:00:00Z"),
            due=micros("2026-04-04T09:30:00Z"),
            document=digest("report INC-1"),
        )
        t.emit(
            "incident.action.taken",
            signed_by=APPROVER,
            incident="INC-1",
            action="recall",
            description="release 2 recalled, release 1 put back",
            taken_at=micros("2026-03-21T09:00:00Z"),
        )
        t.emit(
            "oversight.notice.sent",
            kind="withdrawal",
            recipient="consumer",
            regime="internal",
            about=self._named["recall credit-v2"].id,
            sent_at=micros("2026-03-30T10:00:00Z"),
        )

    def trains_third(self) -> None:
        """Version v3, without the bureau."""
        t = self._t
        made = t.dataset_version(
            "loans",
            "loans-train-3",
            part="train",
            sources=["core-banking"],
            derived_from=[self._named["loans-train-1"]],
        )
        t.quality(made)
        t.built("c0ffee03")
        self._trains("v3", "loans-train-3", "c0ffee03", "5", 0.87)

    def recovers(self) -> None:
        """Release 3 replaces the rolled-back release 1; the incident is closed."""
        t = self._t
        self._goes_live("v3", "v2", ends="v1", thresholds={"score": 0.55})
        t.emit(
            "incident.case.closed",
            signed_by=APPROVER,
            incident="INC-1",
            outcome="third release without the source; decisions named",
            evidence=[self._lived["v3"].release.id],
        )
        t.emit(
            "governance.hold.released",
            signed_by=APPROVER,
            hold="INC-1",
            reason="closed",
        )

    def decides_third(self) -> None:
        """Six decisions under release 3; a batch scores the portfolio."""
        t = self._t
        t.decided(self._lived["v3"], 6, prefix="d3-")
        t.emit(
            "prediction.batch.recorded",
            called="batch april",
            signed_by=SERVER,
            basis="observed",
            release=self._lived["v3"].release.id,
            deployment=self._lived["v3"].deployment.id,
            input=self._named["loans-test-1"],
            rows=100_000,
            key_column="loan_id",
            started_at=micros("2026-04-17T01:00:00Z"),
            ended_at=micros("2026-04-17T02:00:00Z"),
            errors=3,
        )

    def is_audited(self) -> None:
        """An auditor opens two findings; drift is found; the quarter's review."""
        t = self._t
        for key, cause in (
            ("AUD-1", "the roll-back in March was not approved beforehand"),
            ("AUD-2", "nobody is named who can explain deployment and monitoring"),
        ):
            t.emit(
                "control.finding.opened",
                called=f"finding {key}",
                signed_by=AUDITOR,
                finding=key,
                origin="audit",
                severity="medium",
                model=t.model,
                object=self._lived["v1"].deployment.id if key == "AUD-1" else None,
                cause=cause,
                evidence=[self._named["exception rollback"].id],
                due=micros("2026-06-30T00:00:00Z"),
            )
        t.emit(
            "control.finding.acknowledged",
            signed_by=AUTHOR,
            finding="AUD-1",
            owner=AUTHOR,
            due=micros("2026-05-31T00:00:00Z"),
            note="will be approved afterwards",
        )
        self._measured("v3", "2026-04-01", "2026-05-01", value=0.31, breach=True)
        t.emit(
            "monitoring.context.noted",
            title="Central bank raises rates",
            begins=micros("2026-04-10T00:00:00Z"),
            systems=["credit"],
        )

    def outcomes_arrive(self) -> None:
        """Late labels: what became of January's loans; drift is reviewed."""
        t = self._t
        for number in range(6):
            t.emit(
                "prediction.outcome.observed",
                called=f"outcome d1-{number}",
                basis="observed",
                decision=self._named[f"d1-{number}"].id,
                outcome="refuse" if number in (0, 1) else "accept",
                observed_at=micros("2026-05-19T00:00:00Z"),
                source="core-banking",
                censored=False,
            )
        t.emit(
            "monitoring.review.completed",
            called="review credit 2",
            signed_by=REVIEWER,
            kind="model",
            model=t.model,
            object=self._lived["v3"].deployment,
            trigger="breach",
            measurements=[self._named["measured credit 2026-04-01"].id],
            reviewer=REVIEWER,
            decision="accept",
            next_due=micros("2026-08-20T00:00:00Z"),
            note="rates explain it",
        )

    def mends(self) -> None:
        """A finding is closed by another than its owner; experts are handed over."""
        t = self._t
        t.emit(
            "control.finding.closed",
            signed_by=AUDITOR,
            finding="AUD-1",
            reason="declared",
            evidence=[self._named["exception rollback"].id],
            closer=AUDITOR,
            note="exception recorded",
        )
        t.emit(
            "governance.role.granted",
            called="hand-over training",
            principal=OTHER_AUTHOR,
            role="expert",
            system="credit",
            model=t.model,
            stage="training",
            valid_from=micros("2026-06-01T00:00:00Z"),
            handed_over_from=AUTHOR,
        )
        t.emit(
            "governance.role.revoked",
            grant=self._named["expert credit-score training"],
            effective_at=micros("2026-06-01T00:00:00Z"),
            reason="handed over",
        )
        t.emit(
            "governance.report.issued",
            called="report june",
            report="R5",
            subject=self._named["d1-3"].id,
            digest=digest("R5 d1-3"),
            media_type="application/json",
            positions=[],
        )
        t.read(
            "reading report june",
            kind="report",
            signed_by=AUDITOR,
            role="auditor",
            purpose="audit",
            query="R5",
            decision=self._named["d1-3"].id,
        )
