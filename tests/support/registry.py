"""A scripted registry: one model whose every name, gate and hand-over is known.

Days of March 2026: on the 2nd v1 is released and deployed, on the 10th v2 takes over in
an emergency, on the 12th that is approved, on the 20th v1 comes back. What an offline
producer says of the 3rd is sealed on the 20th.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger import clock
from ledger.config import FILE_NAME, format_config
from ledger.emitter import EventRef
from projections.asking import Bounds
from projections.database import Database
from projections.golden.world import World, auditor, scripted_world
from tests.support.story import Home

ANA, BELA, CHEN, DORA = "person:ana", "person:bela", "person:chen", "person:dora"
PHONE = "service:phone"
MODEL, SYSTEM = "loans", "lending"
NOW = datetime(2026, 4, 1, tzinfo=UTC)


def digest(text: str) -> str:
    """A digest that stands for some content."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def day(number: int, hour: int = 12) -> datetime:
    """A moment in March 2026."""
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def until(number: int, hour: int = 12, *, known: datetime | None = None) -> Bounds:
    """What had happened by a moment in March 2026."""
    return Bounds(day(number, hour), known)


@dataclass
class Told:
    """The ledger after the story; ``ask`` asks it a question."""

    world: World

    def id(self, name: str) -> UUID:
        return UUID(bytes=self.world.named[name].id)

    def ask(self, question: Any, *arguments: Any, **options: Any) -> Any:
        with auditor(self.world.config) as connection:
            return question(connection, *arguments, **options)

    def copy_alias(self, name: str, *, model: str, count: int) -> None:
        """Copy an alias to so many of another model, straight into its table."""
        with (
            Database.open(self.world.config) as database,
            database.connect("owner", autocommit=True) as connection,
        ):
            connection.execute(
                """
                INSERT INTO registry.alias
                SELECT gen_random_uuid(), a.time, a.sealed_at, a.origin, a.leaf, a.idx,
                       a.identity, a.basis, a.system_id, %s,
                       'z' || to_char(n - 1, 'FM00000'), a.model_version_id,
                       a.model_version_ref_digest, NULL, NULL, NULL
                  FROM registry.alias AS a, generate_series(1, %s) AS n
                 WHERE a.alias = %s
                """,
                (model, count, name),
            )

    @contextmanager
    def pretending(self) -> Iterator[Any]:
        """Lend the owner's connection; what it changes is undone."""
        with (
            Database.open(self.world.config) as database,
            database.connect("owner", autocommit=True) as connection,
            connection.transaction(force_rollback=True),
        ):
            yield connection

    @property
    def home(self) -> Home:
        return Home(self.world.config)


@contextmanager
def told(folder: Path, dsn: str) -> Iterator[Told]:
    """Tell the story into a new home and a database."""
    with scripted_world(
        folder / "home",
        begins="2026-03-01T06:00:00Z",
        identities=(ANA, BELA, CHEN, DORA, PHONE),
        dsn=dsn,
    ) as world:
        (world.config.home / FILE_NAME).write_text(format_config(world.config))
        tell(world)
        yield Told(world)


def tell(world: World) -> None:
    """Tell the whole story."""
    _ground(world)
    world.at("2026-03-02T09:00:00Z")
    _trained(world, "v1", rate="0.1", auc=0.80, sources=["bureau"], by=ANA)
    _released(world, "v1", threshold=0.5, uses=["credit"])
    _names(world)
    _approved(world, "v1")
    _deployed(world, "v1", "prod v1")
    _deployed(world, "v1", "test v1", environment="test")
    _decided(world, "v1", "credit", "marketing", None)
    world.seal()
    world.at("2026-03-10T09:00:00Z")
    _trained(world, "v2", rate="0.2", auc=0.85, sources=["bureau", "web"], by=CHEN)
    _released(world, "v2", threshold=0.6, uses=["credit"], previous="release v1")
    _deployed(world, "v2", "prod v2", emergency=True)
    world.later(hours=1)
    _ended(world, "prod v1", "v2 took over")
    alias(world, "champion", "v2", previous="v1", signed_by=CHEN)
    world.seal()
    world.at("2026-03-12T09:00:00Z")
    _decide(world, "v2", "production", BELA)
    world.at("2026-03-20T09:00:00Z")
    _deployed(world, "v1", "prod v1 again")
    _ended(world, "prod v2", "wrong")
    _withdrawn(world)
    _handed_over(world)
    _contradictions(world)
    _offline(world)
    world.seal()
    world.later(seconds=1)  # what was dated ahead by a millisecond holds now


def _ground(world: World) -> None:
    world.emit(
        "governance.system.registered",
        system=SYSTEM,
        title="Lending",
        purpose="decide on loans",
        materiality="medium",
        origin="internal",
        owner=DORA,
    )
    world.emit(
        "governance.system.changed",
        system=SYSTEM,
        changes=[{"field": "owner", "before": DORA, "after": BELA}],
    )
    world.emit(
        "governance.system.classified",
        system=SYSTEM,
        regime="eu-ai-act",
        category="high_risk",
        grounds="Annex III, point 5(b)",
    )
    gates = [
        {"gate": "production", "approvals": 1},
        {"gate": "board", "approvals": 2, "materiality": "high"},
    ]
    world.emit(
        "serving.environment.registered",
        environment="prod",
        kind="production",
        member_state="DE",
        gates=gates,
    )
    world.emit("serving.environment.registered", environment="test", kind="test")
    world.emit(
        "governance.role.granted",
        called="mandate",
        principal=BELA,
        role="approver",
        gates=["production"],
        max_materiality="high",
        valid_from=clock.now_us(),
    )
    world.emit(
        "governance.principal.registered",
        principal=BELA,
        kind="person",
        unit="risk",
        line="2",
    )
    for author in (ANA, CHEN):
        world.emit(
            "governance.principal.registered",
            principal=author,
            kind="person",
            unit="science",
            line="1",
        )
    world.emit(
        "registry.model.registered",
        called="model",
        model=MODEL,
        kind="classifier",
        origin="internal",
        owner=ANA,
    )


def _trained(
    world: World, label: str, *, rate: str, auc: float, sources: list[str], by: str
) -> None:
    data = world.emit(
        "data.dataset_version.created",
        dataset="applications",
        digest=digest(f"data {label}"),
        scheme="file",
        sources=sources,
        identity_strength="content",
    )
    if label == "v1":
        world.emit(
            "pipeline.artifact.packaged",
            name="trainer",
            kind="training_program",
            digest=digest("trainer"),
            commit=f"commit of {label}",
            dirty=False,
            tests_passed=True,
        )
    run = world.emit(
        "pipeline.run.started",
        signed_by=by,
        called=f"run {label}",
        run="train",
        step="train",
        parameters={"rate": rate, "depth": "3"},
        seeds={"numpy": 7},
        code={"commit": f"commit of {label}", "dirty": False},
    )
    world.emit(
        "pipeline.input.read",
        run=run.id,
        name="rows",
        role="train",
        dataset_version=data,
        digest=digest(f"data {label}"),
        scheme="file",
        rank=0,
    )
    world.emit(
        "pipeline.run.updated",
        run=run.id,
        metrics=[{"name": "auc", "value": 0.1}, {"name": "auc", "value": auc}],
        tags={"team": "blue"},
    )
    world.emit(
        "pipeline.run.ended",
        run=run.id,
        outcome="completed",
        compute={"wall_us": 5_000_000},
    )
    version(world, label, run=run, signed_by=by)
    for kind, name, value in (("test", "auc", auc), ("benchmark", "latency_us.p50", 9)):
        _measured(world, label, kind, {"name": name, "value": float(value)})


def _measured(world: World, label: str, kind: str, metric: dict[str, Any]) -> None:
    further: dict[str, Any] = {"kind": "performance"}
    if kind == "benchmark":
        further = {"kind": "latency", "requests": 10, "errors": 0}
    world.emit(
        f"evaluation.{kind}.completed",
        model_version=world.named[label],
        metrics=[metric],
        **further,
    )


def version(
    world: World,
    label: str,
    *,
    called: str | None = None,
    content: str | None = None,
    model: str = MODEL,
    **fields: Any,
) -> EventRef:
    """Record a model version."""
    return world.emit(
        "registry.model_version.created",
        called=called or label,
        model=model,
        version=label,
        artifact_digest=digest(content or f"weights {label}"),
        artifact_scheme="file",
        inputs=[{"name": "age", "type": "int64"}],
        **fields,
    )


def _released(
    world: World,
    label: str,
    *,
    threshold: float,
    uses: list[str],
    previous: str | None = None,
) -> None:
    world.emit(
        "registry.release.created",
        called=f"release {label}",
        release=f"r-{label}",
        model_version=world.named[label],
        model=MODEL,
        version=label,
        artifact_digest=digest(f"weights {label}"),
        configuration_digest=digest("configuration"),
        thresholds={"high": threshold},
        approved_uses=uses,
        restrictions=["marketing"],
        change_class="none" if previous is None else "predetermined",
        digest=digest(f"release {label}"),
        previous=world.named[previous] if previous else None,
        system_id=SYSTEM,
    )


def _names(world: World) -> None:
    alias(world, "champion", "v1", signed_by=ANA)
    world.emit("registry.tag.set", object=world.named["v1"], key="team", value="red")
    world.emit("registry.tag.set", object=world.named["model"], key="tier", value="1")


def alias(
    world: World,
    name: str,
    label: str | None,
    *,
    previous: str | None = None,
    **fields: Any,
) -> EventRef:
    """Point an alias at a version, or take it away."""
    return world.emit(
        "registry.alias.set",
        model=MODEL,
        alias=name,
        model_version=world.named[label] if label else None,
        previous=world.named[previous] if previous else None,
        **fields,
    )


def _approved(world: World, label: str) -> None:
    """A request by the author; a decision by herself, which is none, and by another."""
    world.emit(
        "registry.approval.requested",
        signed_by=ANA,
        called=f"request {label}",
        object=world.named[f"release {label}"],
        gate="production",
        digest=digest(f"release {label}"),
    )
    _decide(world, label, "production", ANA)
    _decide(world, label, "production", BELA, request=world.named[f"request {label}"])


def _decide(world: World, label: str, gate: str, who: str, **fields: Any) -> EventRef:
    return world.emit(
        "registry.approval.decided",
        signed_by=who,
        called=f"approval {label} {who}",
        object=world.named[f"release {label}"],
        gate=gate,
        digest=digest(f"release {label}"),
        decision="approve",
        meaning="approval",
        signature_kind="person_key",
        **fields,
    )


def _deployed(
    world: World,
    label: str,
    called: str,
    *,
    environment: str = "prod",
    emergency: bool = False,
) -> None:
    world.emit(
        "serving.deployment.activated",
        called=called,
        release=world.named[f"release {label}"],
        release_digest=digest(f"release {label}"),
        environment=environment,
        service="api",
        role="champion",
        traffic=1.0,
        emergency=emergency,
        system_id=SYSTEM,
    )


def _ended(world: World, deployment: str, reason: str) -> None:
    world.emit(
        "serving.deployment.deactivated",
        deployment=world.named[deployment],
        reason=reason,
    )


def _decided(world: World, label: str, *uses: str | None) -> None:
    for use in uses:
        world.emit(
            "prediction.decision.recorded",
            release=world.named[f"release {label}"].id,
            deployment=world.named[f"prod {label}"].id,
            use=use,
            path="model",
            mode="advisory",
        )


def _withdrawn(world: World) -> None:
    """The approval of v2 is revoked, the release recalled; an exception is granted."""
    now = clock.now_us()
    world.emit(
        "registry.approval.revoked",
        signed_by=BELA,
        approval=world.named[f"approval v2 {BELA}"],
        effective_at=now,
    )
    world.emit(
        "registry.release.withdrawn",
        release=world.named["release v2"],
        kind="recalled",
        effective_at=now,
        reason="harm",
    )
    for name, days in (("EX-short", 2), ("EX-long", 30)):
        world.emit(
            "governance.exception.granted",
            signed_by=BELA,
            called=name,
            exception=name,
            policy="board",
            system=SYSTEM,
            reason="no quorum",
            compensating_control="each case is checked by hand",
            approver=BELA,
            expires=now + days * 86_400_000_000,
        )


def _handed_over(world: World) -> None:
    now = clock.now_us()
    expert = {"role": "expert", "model": MODEL, "valid_from": now}
    training = world.emit(
        "governance.role.granted", principal=ANA, stage="training", **expert
    )
    for who, stage, before in ((DORA, "training", ANA), (CHEN, "data", None)):
        world.emit(
            "governance.role.granted",
            principal=who,
            stage=stage,
            handed_over_from=before,
            **expert,
        )
    world.emit("governance.role.revoked", grant=training, effective_at=now)


def _contradictions(world: World) -> None:
    """One label for two contents, two releases of one label, a circle, a stranger."""
    version(world, "v1", called="v1 again", content="other weights")
    world.emit(
        "registry.release.created",
        called="release again",
        release="r-v1",
        model_version=world.named["v1"],
        model=MODEL,
        version="v1",
        artifact_digest=digest("weights v1"),
        change_class="none",
        digest=digest("another release"),
    )
    ids = [clock.new_id(), clock.new_id()]
    for one, other in ((0, 1), (1, 0)):
        parent = {"id": ids[other], "digest": digest("whatever")}
        version(
            world,
            f"circle {one}",
            model="circles",
            id=ids[one],
            parents=[{"kind": "layer_of", "version": parent}],
        )
    world.emit(
        "serving.deployment.observed",
        observer="gateway",
        environment="prod",
        service="unknown-api",
        artifact_digest=digest("nobody knows"),
    )


def _offline(world: World) -> None:
    """What a phone said on the 3rd arrives now; somebody dates an alias ahead."""
    on_the_third = int(day(3).timestamp()) * 1_000_000
    alias(world, "edge", "v1", signed_by=PHONE, time=on_the_third)
    at_once = clock.now_us() + 1_000
    alias(world, "canary", "v1", signed_by=ANA, time=at_once)
    alias(world, "canary", "v2", previous="v2", signed_by=CHEN, time=at_once)
    next_year = int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    alias(world, "champion", None, time=next_year)
    world.emit(
        "registry.model.changed",
        model=MODEL,
        changes=[
            {"field": "title", "before": None, "after": "Loans of the bank"},
            {"field": "owner", "before": ANA, "after": DORA},
        ],
        lifecycle="production",
    )
