"""How stories of scripted worlds are told: one line for each step of a model's life."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ledger.output import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.emitter import EventRef
    from projections.golden.world import World

AUTHOR = "person:ana"
OTHER_AUTHOR = "person:chen"
APPROVER = "person:bela"
REVIEWER = "person:dina"
AUDITOR = "person:eve"
SERVER = "service:server"
TRAINER = "service:trainer"
BUILDER = "service:ci"
PEOPLE = (AUTHOR, OTHER_AUTHOR, APPROVER, REVIEWER, AUDITOR)
IDENTITIES = (*PEOPLE, SERVER, TRAINER, BUILDER)


def digest(text: str) -> str:
    """Return the digest of a text that stands for some content."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def reference(ref: EventRef) -> dict[str, Any]:
    """Return what an event refers to another by."""
    return {"id": ref.id, "digest": ref.digest}


@dataclass(frozen=True, slots=True)
class Lived:
    """What one release leaves behind.

    Attributes:
        version: model version event.
        release: release event.
        deployment: activation in production.
        attestation: of the serving process.
    """

    version: EventRef
    release: EventRef
    deployment: EventRef
    attestation: EventRef


@dataclass(slots=True)
class Teller:
    """Tells the life of one system's model in a world.

    Attributes:
        world: the stage.
        system: name of the AI system.
        model: name of its model.
        features: names of its features, in order; all are float64.
    """

    world: World
    system: str
    model: str
    features: tuple[str, ...]

    def emit(self, event_type: str, /, **fields: Any) -> EventRef:
        """Record an event of this system."""
        return self.world.emit(event_type, **{"system_id": self.system, **fields})

    def day(self, date: str, hour: int = 9) -> None:
        """Go to an hour of a day, UTC."""
        self.world.at(f"{date}T{hour:02}:00:00Z")

    def night(self) -> None:
        """Let the day end: what was recorded is sealed three hours later."""
        self.world.later(hours=3)
        self.world.seal(project=False)

    def dataset_version(
        self, dataset: str, label: str, *, part: str | None = None, **fields: Any
    ) -> EventRef:
        """Record a version of a dataset; its content is named by its label."""
        split = None
        if part is not None:
            fraction = 0.8 if part == "train" else 0.2
            split = {"name": part, "method": "random", "seed": 7, "fraction": fraction}
        wanted: dict[str, Any] = {
            "rows": 10_000,
            "sources": [],
            "derived_from": [],
            "identity_strength": "content",
            "split": split,
            **fields,
        }
        return self.emit(
            "data.dataset_version.created",
            called=label,
            signed_by=TRAINER,
            basis="observed",
            dataset=dataset,
            digest=digest(label),
            scheme="table1",
            **wanted,
        )

    def quality(self, version: EventRef, *, passed: bool = True) -> EventRef:
        """Record that the quality of a dataset version was checked."""
        return self.emit(
            "data.quality.checked",
            signed_by=TRAINER,
            basis="observed",
            dataset_version=version,
            passed=passed,
            tool="checks 1.0",
            assertions=[
                {
                    "name": "not_null",
                    "column": self.features[0],
                    "success": passed,
                    "severity": "high",
                    "expected": "0 missing",
                    "actual": "0 missing" if passed else "212 missing",
                }
            ],
        )

    def built(self, commit: str, *, kind: str = "training_program") -> EventRef:
        """Record a build of the training program or the serving image."""
        return self.emit(
            "pipeline.artifact.packaged",
            signed_by=BUILDER,
            basis="attested",
            name=f"{self.model}-{kind}",
            kind=kind,
            digest=digest(f"{self.model} {kind} {commit}"),
            repository=f"https://git.example/{self.system}",
            commit=commit,
            dirty=False,
            builder="ci/1",
            tests_passed=True,
            environment_digest=digest(f"{self.model} environment"),
        )

    def trained(
        self,
        label: str,
        *,
        train: str,
        commit: str,
        parameters: dict[str, str],
        accuracy: float,
        **version: Any,
    ) -> EventRef:
        """Record a training run and the version it made, a fraction of a day long."""
        run = self.emit(
            "pipeline.run.started",
            called=f"run {self.model} {label}",
            signed_by=TRAINER,
            basis="observed",
            run=f"train-{self.model}",
            step="train",
            code={
                "repository": f"https://git.example/{self.system}",
                "commit": commit,
                "branch": "main",
                "dirty": False,
                "entry_command": ["python", "train.py"],
                "entry_digest": digest(f"{commit} train.py"),
            },
            environment={
                "python": "3.11.7",
                "implementation": "CPython",
                "os": "Linux 6.1",
                "machine": "x86_64",
                "cpu_count": 4,
                "lock_digest": digest(f"{self.model} environment"),
                "distributions": 61,
            },
            seeds={"numpy": 7},
            parameters=parameters,
        )
        self._ran(run, label, train=train, accuracy=accuracy)
        return self.emit(
            "registry.model_version.created",
            called=f"{self.model} {label}",
            signed_by=TRAINER,
            basis="observed",
            model=self.model,
            version=label,
            artifact_digest=digest(f"{self.model} {label} artifact"),
            artifact_scheme="file",
            run=run,
            inputs=[{"name": one, "type": "float64"} for one in self.features],
            outputs=[{"name": "score", "type": "float64"}],
            framework="scikit-learn 1.7",
            license="LicenseRef-internal",
            **version,
        )

    def _ran(self, run: EventRef, label: str, *, train: str, accuracy: float) -> None:
        self.emit(
            "pipeline.input.read",
            signed_by=TRAINER,
            basis="observed",
            run=run.id,
            name="train",
            role="training",
            dataset_version=self.world.named[train],
            dataset=train.partition("-")[0],
            digest=digest(train),
            scheme="table1",
            bytes_read=812_000,
            rows=10_000,
            rank=0,
        )
        self.emit(
            "pipeline.run.updated",
            signed_by=TRAINER,
            basis="observed",
            run=run.id,
            metrics=[{"name": "accuracy", "value": accuracy}],
        )
        self.world.later(hours=1)
        self.emit(
            "pipeline.run.ended",
            signed_by=TRAINER,
            basis="observed",
            run=run.id,
            outcome="completed",
            outputs=[
                {
                    "name": "model",
                    "digest": digest(f"{self.model} {label} artifact"),
                    "scheme": "file",
                    "size_bytes": 48_211,
                }
            ],
            compute={"wall_us": 3_600_000_000, "cpu_us": 9_100_000_000},
        )

    def tested(
        self,
        label: str,
        *,
        test: str,
        accuracy: float,
        criteria: EventRef,
        passed: bool = True,
    ) -> EventRef:
        """Record a test of a version on test data, against a limit set before."""
        interval = {"low": accuracy - 0.01, "high": accuracy + 0.01}
        return self.emit(
            "evaluation.test.completed",
            signed_by=TRAINER,
            basis="observed",
            kind="performance",
            model_version=self.world.named[f"{self.model} {label}"],
            dataset_version=self.world.named[test],
            metrics=[
                {"name": "accuracy", "value": accuracy, **interval},
                {"name": "accuracy", "value": accuracy - 0.02, "slice": "age<25"},
            ],
            criteria=[criteria.id],
            passed=passed,
            overlap_rows=0,
            tool="mlledger",
        )

    def released(
        self, label: str, *, previous: EventRef | None = None, **fields: Any
    ) -> EventRef:
        """Record a release of a version."""
        name = f"{self.system}-{label}"
        wanted: dict[str, Any] = {
            "configuration_digest": digest(f"{self.model} configuration"),
            "feature_schema_digest": digest(" ".join(self.features)),
            "environment_digest": digest(f"{self.model} environment"),
            "instructions_digest": digest(f"{self.model} instructions"),
            "thresholds": {"score": 0.5},
            "backing_services": ["features.example"],
            "secret_references": ["features-token@3"],
            "approved_uses": [f"{self.system}-use"],
            "restrictions": ["minors"],
            "change_class": "predetermined" if previous else "substantial",
            **fields,
        }
        return self.emit(
            "registry.release.created",
            called=f"release {name}",
            signed_by=AUTHOR,
            release=name,
            model_version=self.world.named[f"{self.model} {label}"],
            model=self.model,
            version=label,
            artifact_digest=digest(f"{self.model} {label} artifact"),
            digest=digest(f"release {name}"),
            previous=previous,
            **wanted,
        )

    def approved(self, release: EventRef, label: str, **fields: Any) -> EventRef:
        """Record the request for an approval and a second person's decision."""
        content = digest(f"release {self.system}-{label}")
        asked = self.emit(
            "registry.approval.requested",
            signed_by=AUTHOR,
            object=release,
            gate="production",
            digest=content,
            requested_of="model risk",
        )
        self.world.later(hours=2)
        return self.emit(
            "registry.approval.decided",
            called=f"approval {self.system}-{label}",
            signed_by=APPROVER,
            **{
                "request": asked,
                "object": release,
                "gate": "production",
                "digest": content,
                "decision": "approve",
                "meaning": "approval",
                "signature_kind": "person_key",
                "mandate": "model risk committee",
                **fields,
            },
        )

    def live(
        self, release: EventRef, label: str, *, environment: str = "prod", **fields: Any
    ) -> tuple[EventRef, EventRef]:
        """Record a deployment, and what its process says it has loaded."""
        name = f"{self.system}-{label}"
        deployment = self.emit(
            "serving.deployment.activated",
            called=f"{environment} {name}",
            signed_by=SERVER,
            **{
                "release": release,
                "release_digest": digest(f"release {name}"),
                "environment": environment,
                "service": self.system,
                "role": "champion",
                "traffic": 1.0,
                "emergency": False,
                "reason": "release",
                **fields,
            },
        )
        attestation = self.emit(
            "serving.process.attested",
            called=f"attested {environment} {name}",
            signed_by=SERVER,
            basis="attested",
            deployment=deployment,
            release_digest=digest(f"release {name}"),
            artifact_digest=digest(f"{self.model} {label} artifact"),
            configuration_digest=digest(f"{self.model} configuration"),
            code_digest=digest(f"{self.model} serving code"),
            packages_digest=digest(f"{self.model} environment"),
            host="host-1",
            python="3.11.7",
            matches=True,
        )
        return deployment, attestation

    def ended(self, deployment: EventRef, reason: str) -> None:
        """Record the end of a deployment."""
        self.emit(
            "serving.deployment.deactivated",
            signed_by=SERVER,
            deployment=deployment,
            reason=reason,
        )

    def decided(
        self,
        lived: Lived,
        count: int,
        *,
        prefix: str = "",
        adverse_every: int = 3,
        **fields: Any,
    ) -> list[EventRef]:
        """Record decisions ten minutes apart; each ``adverse_every``-th is adverse."""
        made: list[EventRef] = []
        for number in range(count):
            adverse = number % adverse_every == 0
            made.append(
                self.world.emit(
                    "prediction.decision.recorded",
                    called=f"{prefix}{number}" if prefix else None,
                    signed_by=SERVER,
                    **{
                        "release": lived.release.id,
                        "deployment": lived.deployment.id,
                        "attestation": lived.attestation.id,
                        "case_id": sha256(f"{prefix}{number}".encode()).digest()[:16],
                        "use": f"{self.system}-use",
                        "path": "model",
                        "mode": "human_in_loop",
                        "output": "refuse" if adverse else "accept",
                        "adverse": adverse,
                        "reason_codes": ["income"] if adverse else [],
                        "caller": "branch-app",
                        "latency_us": 900 + number,
                        **fields,
                    },
                )
            )
            self.world.later(600)
        return made

    def read(
        self,
        called: str,
        *,
        kind: str,
        signed_by: str,
        reason: str | None = None,
        **fields: Any,
    ) -> None:
        """Somebody reads a payload or a report; with a reason, in an emergency."""
        self.emit(
            "governance.access.logged",
            called=called,
            signed_by=signed_by,
            basis="observed",
            kind=kind,
            principal=signed_by,
            rows=1 if kind == "payload" else None,
            payload_opened=kind == "payload",
            break_glass=reason is not None,
            reason=reason,
            channel="vault" if kind == "payload" else "cli",
            **fields,
        )


def micros(moment: str) -> int:
    """Return an ISO 8601 time as microseconds since 1970."""
    return parse_time(moment)


@dataclass(frozen=True, slots=True)
class Chapter:
    """What happens to one system on one day; no two share a day.

    Attributes:
        date: the day, ISO 8601.
        teller: of the system.
        happens: tells it.
    """

    date: str
    teller: Teller
    happens: Callable[[], object]
