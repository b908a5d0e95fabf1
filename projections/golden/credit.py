"""The golden ledger's first system: credit scoring, from data to two releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.telling import (
    APPROVER,
    AUTHOR,
    REVIEWER,
    TRAINER,
    Lived,
    digest,
    micros,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.emitter import EventRef
    from projections.golden.telling import Teller


class Credit:
    """Credit scoring until its second release decides.

    Args:
        teller: of the system ``credit``.
    """

    def __init__(self, teller: Teller) -> None:
        self._t = teller
        self._lived: dict[str, Lived] = {}

    @property
    def _named(self) -> Mapping[str, EventRef]:
        return self._t.world.named

    def prepares_data(self) -> None:
        """Two dataset versions from two sources, checked; the feature view."""
        t = self._t
        for part in ("train", "test"):
            made = t.dataset_version(
                "loans", f"loans-{part}-1", part=part, sources=["core-banking"]
            )
            t.quality(made)
        t.emit(
            "data.feature_view.created",
            called="view credit 1",
            view="credit-features",
            version="1",
            features=[
                {"name": one, "type": "float64", "owner": AUTHOR} for one in t.features
            ],
            sources=["core-banking"],
            dataset_version=self._named["loans-train-1"],
            transform_digest=digest("transform 1"),
            owner=AUTHOR,
        )
        t.built("c0ffee01")
        t.emit(
            "registry.model.registered",
            called="model credit-score",
            signed_by=AUTHOR,
            model=t.model,
            kind="classifier",
            origin="internal",
            owner=AUTHOR,
            description="probability of default within a year",
        )
        t.emit(
            "monitoring.plan.set",
            called="plan credit 1",
            signed_by=AUTHOR,
            model=t.model,
            enabled=True,
            monitors=[
                {
                    "monitor": "score-drift",
                    "metric": "psi",
                    "limit": 0.25,
                    "direction": "at_most",
                }
            ],
            measure_every_days=30.0,
            review_within_days=14.0,
            review_every_days=90.0,
            validate_every_days=365.0,
            retrain_every_days=120.0,
            label_within_days=120.0,
            label_share=0.5,
            owner=AUTHOR,
        )

    def trains_first(self) -> None:
        """Criteria first, then training and test of version v1."""
        t = self._t
        criteria = t.emit(
            "evaluation.criteria.set",
            called="criteria credit 1",
            signed_by=APPROVER,
            model=t.model,
            metric="accuracy",
            limit=0.8,
            direction="at_least",
            baseline="trivial rule",
            baseline_value=0.7,
            dataset_version=self._named["loans-test-1"],
        )
        t.trained(
            "v1",
            train="loans-train-1",
            commit="c0ffee01",
            parameters={"depth": "4"},
            accuracy=0.86,
        )
        t.tested("v1", test="loans-test-1", accuracy=0.85, criteria=criteria)
        t.emit(
            "evaluation.validation.issued",
            called="validation credit-v1",
            signed_by=APPROVER,
            object=self._named["credit-score v1"],
            model=t.model,
            kind="independent",
            validator=APPROVER,
            unit="model risk",
            scope="conceptual soundness, data, outcomes",
            outcome="fit",
            findings=[],
            next_due=micros("2027-01-08T00:00:00Z"),
            document=digest("validation credit-v1"),
        )

    def _goes_live(
        self,
        label: str,
        previous: str | None = None,
        *,
        ends: str | None = None,
        **release: object,
    ) -> None:
        t = self._t
        before = self._named[f"release credit-{previous}"] if previous else None
        made = t.released(label, previous=before, **release)
        t.approved(made, label)
        t.live(made, label, environment="test")
        t.world.later(hours=1)
        deployment, attestation = t.live(made, label)
        version = self._named[f"credit-score {label}"]
        self._lived[label] = Lived(version, made, deployment, attestation)
        old = self._named[f"credit-score {previous}"] if previous else None
        t.emit(
            "registry.alias.set",
            signed_by=AUTHOR,
            model=t.model,
            alias="champion",
            model_version=version,
            previous=old,
        )
        if previous:
            t.ended(self._lived[ends or previous].deployment, f"replaced by {label}")

    def goes_live(self) -> None:
        """Release 1: approved by a second person, tested, deployed."""
        self._goes_live("v1")
        self._t.emit(
            "registry.tag.set",
            signed_by=AUTHOR,
            object=self._named["credit-score v1"],
            key="reviewed",
            value="yes",
        )
        self._t.emit(
            "evaluation.benchmark.completed",
            called="benchmark credit-v1",
            signed_by=TRAINER,
            basis="observed",
            kind="latency",
            model_version=self._named["credit-score v1"],
            deployment=self._named["test credit-v1"],
            requests=5_000,
            errors=0,
            metrics=[{"name": "latency_us.p99", "value": 2_000.0}],
            host="host-1",
        )

    def decides_first(self) -> None:
        """Twelve decisions; people confirm and override; a notice is sent."""
        t = self._t
        t.decided(self._lived["v1"], 12, prefix="d1-")
        self._reviewed("d1-0", "override", final="accept", reason="other income")
        self._reviewed("d1-3", "confirm", final="refuse")
        t.emit(
            "oversight.notice.sent",
            called="notice d1-3",
            kind="adverse",
            recipient="person",
            regime="reg-b",
            decision=self._named["d1-3"].id,
            reasons=["income"],
            due=micros("2026-02-13T00:00:00Z"),
            sent_at=micros("2026-01-14T15:00:00Z"),
            document=digest("notice d1-3"),
        )

    def _reviewed(
        self, decision: str, action: str, *, final: str, reason: str | None = None
    ) -> None:
        now = self._t.world.clock.now_us()
        self._t.emit(
            "oversight.review.decided",
            called=f"review {decision}",
            signed_by=REVIEWER,
            decision=self._named[decision].id,
            reviewer=REVIEWER,
            role="credit officer",
            group="branch north",
            action=action,
            final_output=final,
            reason_code=reason,
            opened_at=now - 180_000_000,
            decided_at=now,
        )

    def is_reviewed(self) -> None:
        """The monthly measurement is within its limit; a review accepts it."""
        t = self._t
        measured = self._measured(
            "v1", "2026-01-01", "2026-02-01", value=0.04, breach=False
        )
        t.emit(
            "monitoring.review.completed",
            called="review credit 1",
            signed_by=REVIEWER,
            kind="model",
            model=t.model,
            object=self._lived["v1"].deployment,
            trigger="schedule",
            measurements=[measured.id],
            reviewer=REVIEWER,
            decision="accept",
            next_due=micros("2026-05-03T00:00:00Z"),
        )
        t.emit(
            "prediction.count.reported",
            called="count january",
            signed_by="service:local",
            basis="observed",
            reporter="core-banking",
            population="credit decisions of January 2026",
            deployment=self._lived["v1"].deployment.id,
            period_from=micros("2026-01-01T00:00:00Z"),
            period_to=micros("2026-02-01T00:00:00Z"),
            count=12,
        )

    def _measured(
        self, label: str, begin: str, end: str, *, value: float, breach: bool
    ) -> EventRef:
        return self._t.emit(
            "monitoring.measurement.recorded",
            called=f"measured credit {begin}",
            signed_by=TRAINER,
            basis="derived",
            model=self._t.model,
            deployment=self._lived[label].deployment,
            monitor="score-drift",
            metric="psi",
            window_from=micros(f"{begin}T00:00:00Z"),
            window_to=micros(f"{end}T00:00:00Z"),
            rows=12,
            value=value,
            reference=0.0,
            effect=value,
            limit=0.25,
            breach=breach,
        )

    def is_poisoned(self) -> None:
        """The bureau announces a change; its data flow into the next data set."""
        t = self._t
        t.emit(
            "data.source.changed",
            called="bureau changes",
            source="bureau",
            change="schema",
            effective_at=micros("2026-04-01T00:00:00Z"),
            announced_at=micros("2026-02-16T09:00:00Z"),
            changes=[{"field": "score", "before": "int", "after": "float"}],
            reason="new delivery format",
        )
        made = t.dataset_version(
            "loans",
            "loans-train-2",
            part="train",
            sources=["core-banking", "bureau"],
            derived_from=[self._named["loans-train-1"]],
        )
        t.quality(made)
        t.built("c0ffee02")

    def trains_second(self) -> None:
        """Version v2, trained on the bureau's data, compared with v1."""
        self._trains("v2", "loans-train-2", "c0ffee02", "5", 0.89)

    def _trains(
        self, label: str, train: str, commit: str, depth: str, accuracy: float
    ) -> None:
        t = self._t
        before = "v1" if label == "v2" else "v2"
        t.trained(
            label,
            train=train,
            commit=commit,
            parameters={"depth": depth},
            accuracy=accuracy,
        )
        criteria = self._named["criteria credit 1"]
        t.tested(label, test="loans-test-1", accuracy=accuracy, criteria=criteria)
        t.emit(
            "evaluation.comparison.completed",
            called=f"comparison credit-{label}",
            signed_by=TRAINER,
            basis="observed",
            kind="difference",
            old=self._named[f"credit-score {before}"],
            new=self._named[f"credit-score {label}"],
            dataset_version=self._named["loans-test-1"],
            dataset_digest=digest("loans-test-1"),
            rows=2_000,
            equal_rows=1_400,
            flips=61,
            flips_to_adverse=20,
            mcnemar_p=0.03,
            max_difference=0.31,
            p99_difference=0.12,
            s_floor=0.02,
            pi_eq=0.7,
            passed=True,
            tool="mlledger",
        )

    def replaces_first(self) -> None:
        """Release 2 replaces release 1."""
        self._goes_live("v2", "v1", approved_uses=["credit-use", "limit-use"])

    def decides_second(self) -> None:
        """Nine decisions under release 2, one of them repeating an earlier one."""
        t = self._t
        t.decided(self._lived["v2"], 9, prefix="d2-")
        t.decided(
            self._lived["v2"],
            1,
            prefix="again-",
            replaces_decision_id=self._named["d2-0"].id,
        )
        t.emit(
            "consumer.access.observed",
            called="access marketing",
            basis="observed",
            window_from=micros("2026-03-04T00:00:00Z"),
            window_to=micros("2026-03-05T00:00:00Z"),
            complete=True,
            resource={"kind": "kafka.topic", "id": "credit.decisions"},
            channel="kafka.group",
            consumer="marketing",
            operation="read",
            count=10,
        )
