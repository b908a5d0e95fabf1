"""The golden ledger's second system: triage, an edge device, a patient's request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.telling import (
    APPROVER,
    AUTHOR,
    OTHER_AUTHOR,
    REVIEWER,
    SERVER,
    TRAINER,
    Chapter,
    Lived,
    digest,
    micros,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.emitter import EventRef
    from projections.golden.telling import Teller


def chapters_of_triage(teller: Teller) -> list[Chapter]:
    """Return what happens to triage, day by day."""
    triage = _Triage(teller)
    return [
        Chapter("2026-01-19", teller, triage.prepares),
        Chapter("2026-01-21", teller, triage.goes_live),
        Chapter("2026-01-23", teller, triage.decides),
        Chapter("2026-02-24", teller, triage.is_withdrawn_before_use),
        Chapter("2026-03-10", teller, triage.goes_to_the_edge),
        Chapter("2026-04-10", teller, triage.edge_delivers_late),
        Chapter("2026-04-20", teller, triage.is_asked_for_erasure),
        Chapter("2026-05-11", teller, triage.is_corrected),
        Chapter("2026-05-25", teller, triage.is_probed),
    ]


class _Triage:
    def __init__(self, teller: Teller) -> None:
        self._t = teller
        self._lived: dict[str, Lived] = {}

    @property
    def _named(self) -> Mapping[str, EventRef]:
        return self._t.world.named

    def prepares(self) -> None:
        """Data, a base model of others, version v1 fine-tuned from it."""
        t = self._t
        for part in ("train", "test"):
            sources = ["ward-monitors", "laboratory"]
            made = t.dataset_version(
                "visits", f"visits-{part}-1", part=part, sources=sources
            )
            self._quality = t.quality(made)
        t.built("beef01")
        for model, origin in (("vitals-base", "open"), (t.model, "internal")):
            t.emit(
                "registry.model.registered",
                called=f"model {model}",
                signed_by=OTHER_AUTHOR,
                model=model,
                kind="classifier",
                origin=origin,
                owner=OTHER_AUTHOR,
            )
        base = t.emit(
            "registry.model_version.created",
            called="vitals-base 2.1",
            signed_by=OTHER_AUTHOR,
            basis="imported",
            model="vitals-base",
            version="2.1",
            artifact_digest=digest("vitals-base 2.1 artifact"),
            artifact_scheme="file",
            license="Apache-2.0",
        )
        self._criteria = t.emit(
            "evaluation.criteria.set",
            called="criteria triage 1",
            signed_by=APPROVER,
            model=t.model,
            metric="accuracy",
            limit=0.75,
            direction="at_least",
        )
        self._trains("v1", "beef01", 0.81, base)

    def _trains(self, label: str, commit: str, accuracy: float, base: EventRef) -> None:
        t = self._t
        parent = {
            "kind": "fine_tuned_from",
            "version": {"id": base.id, "digest": base.digest},
        }
        t.trained(
            label,
            train="visits-train-1",
            commit=commit,
            parameters={"layers": "3"},
            accuracy=accuracy,
            parents=[parent],
        )
        t.tested(
            label, test="visits-test-1", accuracy=accuracy, criteria=self._criteria
        )

    def _deploys(self, label: str, environment: str, previous: str | None) -> None:
        t = self._t
        before = self._named[f"release triage-{previous}"] if previous else None
        release = t.released(label, previous=before)
        t.approved(release, label, conditions=["a nurse sees every result"])
        deployment, attestation = t.live(release, label, environment=environment)
        version = self._named[f"triage-risk {label}"]
        self._lived[label] = Lived(version, release, deployment, attestation)
        t.emit(
            "registry.alias.set",
            signed_by=OTHER_AUTHOR,
            model=t.model,
            alias="champion" if environment == "prod" else "edge",
            model_version=version,
        )

    def goes_live(self) -> None:
        """Release 1 in production."""
        self._deploys("v1", "prod", None)

    def decides(self) -> None:
        """Eight decisions; two persons' cases; a session of use ends."""
        t = self._t
        t.decided(self._lived["v1"], 8, prefix="t1-", mode="advisory")
        t.emit(
            "oversight.review.decided",
            called="review t1-0",
            signed_by=REVIEWER,
            decision=self._named["t1-0"].id,
            reviewer=REVIEWER,
            role="nurse",
            group="ward 3",
            action="confirm",
            final_output="refuse",
            decided_at=t.world.clock.now_us(),
        )
        t.emit(
            "prediction.session.ended",
            called="session triage",
            signed_by=SERVER,
            basis="observed",
            deployment=self._lived["v1"].deployment.id,
            started_at=micros("2026-01-23T09:00:00Z"),
            ended_at=micros("2026-01-23T10:20:00Z"),
            operator="ward 3",
            verified_by=["person:dina", "person:emil"],
        )

    def is_withdrawn_before_use(self) -> None:
        """Version v2 is released, then withdrawn before it ever runs."""
        t = self._t
        t.built("beef02")
        self._trains("v2", "beef02", 0.79, self._named["vitals-base 2.1"])
        release = t.released("v2", previous=self._lived["v1"].release)
        t.emit(
            "registry.model_version.withdrawn",
            called="withdrawn triage-v2",
            signed_by=OTHER_AUTHOR,
            model_version=self._named["triage-risk v2"],
            effective_at=micros("2026-02-24T12:00:00Z"),
            reason="worse than the version in use",
        )
        t.emit(
            "registry.release.withdrawn",
            signed_by=OTHER_AUTHOR,
            release=release,
            kind="withdrawn",
            effective_at=micros("2026-02-24T12:00:00Z"),
            reason="its version is withdrawn",
        )

    def goes_to_the_edge(self) -> None:
        """Version v3 runs on the edge device, beside version v1 in production."""
        self._t.built("beef03")
        self._trains("v3", "beef03", 0.84, self._named["vitals-base 2.1"])
        self._deploys("v3", "edge", "v1")

    def edge_delivers_late(self) -> None:
        """Decisions of 1 April arrive nine days later."""
        t = self._t
        lived = self._lived["v3"]
        for number in range(4):
            t.world.emit(
                "prediction.decision.recorded",
                called=f"late-{number}",
                signed_by=SERVER,
                time=micros(f"2026-04-01T10:{10 * number:02}:00Z"),
                release=lived.release.id,
                deployment=lived.deployment.id,
                attestation=lived.attestation.id,
                use="triage-use",
                path="model" if number else "fallback",
                mode="advisory",
                output="accept",
                adverse=False,
                latency_us=700,
            )

    def is_asked_for_erasure(self) -> None:
        """A patient asks for erasure; the payload of a decision is deleted."""
        t = self._t
        t.world.later(hours=1)
        asked = t.emit(
            "oversight.request.received",
            called="request erasure",
            signed_by="service:local",
            kind="erasure",
            request="R-17",
            received_at=micros("2026-04-18T08:00:00Z"),
            due=micros("2026-05-18T08:00:00Z"),
            decision=self._named["t1-5"].id,
        )
        t.read(
            "reading t1-5",
            kind="payload",
            signed_by=APPROVER,
            role="dpo",
            purpose="subject_rights",
            query="vault show",
            decision=self._named["t1-5"].id,
        )
        gone = t.emit(
            "governance.payload.deleted",
            called="erasure t1-5",
            cause="request",
            method="row deleted; data key destroyed",
            decisions=[self._named["t1-5"].id],
            key_ids=[bytes(16)],
            deleted_at=t.world.clock.now_us(),
            residuals=[
                {
                    "what": "decision without payload",
                    "place": "log",
                    "count": 1,
                    "may_be_personal": True,
                }
            ],
            backup_clear_by=micros("2026-05-20T00:00:00Z"),
            request=asked.id,
        )
        t.emit(
            "oversight.request.answered",
            request=asked.id,
            outcome="granted",
            answered_at=t.world.clock.now_us(),
            evidence=[gone.id],
        )

    def is_corrected(self) -> None:
        """A quality check was wrong: it stays, and another tells it right."""
        t = self._t
        right = t.quality(self._named["visits-test-1"])
        t.world.as_operator(
            "ledger.event.corrected",
            original={"id": self._quality.id, "digest": self._quality.digest},
            correction={"id": right.id, "digest": right.digest},
            reason="checked against last year's expectations",
            by=OTHER_AUTHOR,
        )
        t.world.as_operator(
            "ledger.setting.changed",
            setting="seal.every_s",
            before="60",
            after="30",
            by="operator",
        )

    def is_probed(self) -> None:
        """A probe answers as known; the emergency stop is tried; systems change."""
        t = self._t
        t.emit(
            "evaluation.probe.completed",
            called="probe triage",
            signed_by=TRAINER,
            basis="observed",
            deployment=self._lived["v1"].deployment,
            suite="golden-visits",
            suite_digest=digest("golden-visits"),
            requests=20,
            mismatches=0,
            errors=0,
            passed=True,
        )
        t.emit(
            "oversight.stop.tested",
            called="stop test triage",
            signed_by=REVIEWER,
            system="triage",
            passed=True,
            seconds=4.0,
        )
        t.emit(
            "governance.system.changed",
            signed_by=OTHER_AUTHOR,
            system="triage",
            changes=[{"field": "owner", "before": OTHER_AUTHOR, "after": AUTHOR}],
            reason="hand-over",
        )
