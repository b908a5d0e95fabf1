"""The golden ledger's first day: people, systems, environments, sources, consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.telling import (
    APPROVER,
    AUDITOR,
    AUTHOR,
    OTHER_AUTHOR,
    REVIEWER,
    micros,
)

if TYPE_CHECKING:
    from projections.golden.world import World

_UNITS = {
    AUTHOR: ("data science", "first"),
    OTHER_AUTHOR: ("data science", "first"),
    APPROVER: ("model risk", "second"),
    REVIEWER: ("operations", "first"),
    AUDITOR: ("internal audit", "third"),
}
_SOURCES = (
    ("core-banking", "postgres", "credit", 30),
    ("bureau", "vendor", "credit", 30),
    ("ward-monitors", "kafka", "triage", 14),
    ("laboratory", "postgres", "triage", 14),
)


def tell_ground(world: World) -> None:
    """Tell what is there before any model is trained, and seal it."""
    _people(world)
    _systems(world)
    _places(world)
    _data(world)
    _consumers(world)
    world.later(hours=3)
    world.seal(project=False)


def _people(world: World) -> None:
    for who, (unit, line) in _UNITS.items():
        world.emit(
            "governance.principal.registered",
            principal=who,
            kind="person",
            unit=unit,
            line=line,
        )
    for system, model in (("credit", "credit-score"), ("triage", "triage-risk")):
        world.emit(
            "governance.role.granted",
            called=f"mandate {system}",
            principal=APPROVER,
            role="approver",
            system=system,
            gates=["production"],
            max_materiality="high",
            valid_from=micros("2026-01-01T00:00:00Z"),
            until=micros("2026-12-31T00:00:00Z"),
            system_id=system,
        )
        for stage in ("data", "features", "training", "evaluation"):
            world.emit(
                "governance.role.granted",
                called=f"expert {model} {stage}",
                principal=AUTHOR,
                role="expert",
                system=system,
                model=model,
                stage=stage,
                valid_from=micros("2026-01-01T00:00:00Z"),
                system_id=system,
            )


def _systems(world: World) -> None:
    world.emit(
        "governance.system.registered",
        called="system credit",
        system="credit",
        title="Consumer credit scoring",
        purpose="decide on consumer credit up to 20,000 EUR",
        materiality="high",
        model_kind="classifier",
        origin="internal",
        legal_entity="Example Bank AG",
        business_line="retail",
        owner=AUTHOR,
        system_id="credit",
    )
    world.emit(
        "governance.system.classified",
        called="class credit",
        system="credit",
        regime="eu-ai-act",
        category="high_risk",
        grounds="Annex III, point 5(b): creditworthiness of natural persons",
        decided_by=APPROVER,
        system_id="credit",
    )
    world.emit(
        "governance.system.registered",
        called="system triage",
        system="triage",
        title="Emergency triage",
        purpose="order patients in the emergency room by urgency",
        materiality="high",
        model_kind="classifier",
        origin="internal",
        legal_entity="Example Hospital",
        business_line="emergency",
        owner=OTHER_AUTHOR,
        system_id="triage",
    )


def _places(world: World) -> None:
    for environment, kind in (("dev", "development"), ("test", "test")):
        world.emit("serving.environment.registered", environment=environment, kind=kind)
    evidence = ["evaluation.test.completed"]
    gate = {"gate": "production", "approvals": 1, "evidence": evidence}
    world.emit(
        "serving.environment.registered",
        called="environment prod",
        environment="prod",
        kind="production",
        member_state="DE",
        gates=[gate],
        owner="person:ops",
    )
    world.emit(
        "serving.environment.registered",
        environment="edge",
        kind="edge",
        member_state="DE",
        gates=[gate],
    )


def _data(world: World) -> None:
    for source, kind, system, notice in _SOURCES:
        world.emit(
            "data.source.registered",
            called=f"source {source}",
            source=source,
            title=source.replace("-", " ").title(),
            kind=kind,
            owner=f"service:{source}",
            notice_days=notice,
            system_id=system,
        )
    for dataset, system, title in (
        ("loans", "credit", "Loan applications"),
        ("visits", "triage", "Emergency visits"),
    ):
        world.emit(
            "data.dataset.registered",
            called=f"dataset {dataset}",
            dataset=dataset,
            title=title,
            owner=AUTHOR,
            license="LicenseRef-internal",
            purposes=["training", "evaluation"],
            sources=[s for s, _, of, _ in _SOURCES if of == system],
            description=title.lower(),
            system_id=system,
        )


def _consumers(world: World) -> None:
    world.emit(
        "consumer.contract.declared",
        called="contract pricing",
        consumer="pricing",
        owner="person:pia",
        channels=[{"kind": "kafka.topic", "id": "credit.decisions"}],
        columns=["output"],
        purpose="risk-based pricing",
        valid_from=micros("2026-01-01T00:00:00Z"),
        valid_to=None,
        system_id="credit",
    )
    for kind, days, provision in (
        ("floor", 180, "EU AI Act, Article 19(1)"),
        ("ceiling", 760, "12 CFR 1002.12(b)"),
    ):
        world.emit(
            "governance.retention_rule.set",
            called=f"retention {kind}",
            rule=f"payload-{kind}",
            data_class="payload",
            bound=kind,
            period_days=days,
            provision=provision,
            uses=[],
            enabled=True,
            reason="policy 2026",
        )
