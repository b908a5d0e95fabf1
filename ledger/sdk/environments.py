"""Verbs about environments: their gates, what is built, what is seen to run there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.sdk.handles import Deployment, Entry
from ledger.sdk.parts import is_digest
from ledger.sdk.recorder import Recorder

Gate = str | Mapping[str, Any]


class EnvironmentVerbs(Recorder):
    """Where releases run, and what must be passed before they do."""

    def register_environment(
        self,
        environment: str,
        kind: str,
        *,
        member_state: str | None = None,
        gates: Sequence[Gate] = (),
        owner: str | None = None,
    ) -> Entry:
        """Register an environment with its gates; the newest registration counts.

        Nothing is refused because of a gate: a release that runs without its gates
        is recorded, and shown as such.

        Args:
            environment: its name, such as ``prod``.
            kind: development, ci, training, test, production, edge or other.
            member_state: country that it serves, ISO 3166.
            gates: names, or mappings with ``gate``, ``materiality`` (tier of systems
                it is for; all by default), ``approvals`` (persons that must approve,
                authors aside; 1 by default) and ``evidence`` (event types that must
                exist for the release or its version).
            owner: who answers for it.
        """
        return self.register(
            "serving.environment.registered",
            "environment",
            environment,
            environment=environment,
            kind=kind,
            member_state=member_state,
            gates=[_gate(gate) for gate in gates],
            owner=owner,
        )

    def observe_deployment(  # noqa: PLR0913  one keyword a field
        self,
        observer: str,
        environment: str,
        service: str,
        *,
        deployment: Deployment | None = None,
        release_digest: str | None = None,
        artifact_digest: str | None = None,
        configuration_digest: str | None = None,
        image_digest: str | None = None,
        packages_digest: str | None = None,
        backing_services: Sequence[str] = (),
        replicas: int | None = None,
    ) -> Entry:
        """Record what an orchestrator, gateway or foreign registry is seen to run.

        Args:
            observer: who saw it, such as ``kubernetes``.
            environment: name of the environment.
            service: service or endpoint.
            deployment: recorded deployment, if it is known.
            release_digest: release that it claims to run.
            artifact_digest: model artifact that it runs.
            configuration_digest: configuration that it runs with.
            image_digest: image that it runs.
            packages_digest: digest over names and versions of what is installed.
            backing_services: services that it was seen to call.
            replicas: how many processes.
        """
        made = self.record(
            "serving.deployment.observed",
            basis="observed",
            observer=observer,
            environment=environment,
            service=service,
            deployment=deployment,
            release_digest=release_digest,
            artifact_digest=artifact_digest,
            configuration_digest=configuration_digest,
            image_digest=image_digest,
            packages_digest=packages_digest,
            backing_services=list(backing_services),
            replicas=replicas,
        )
        return Entry(id=made.id, digest=made.digest, name=service)

    def package(  # noqa: PLR0913  one keyword a field
        self,
        name: str,
        artifact: str | Path | bytes,
        *,
        kind: str,
        commit: str,
        dirty: bool = False,
        repository: str | None = None,
        builder: str | None = None,
        tests_passed: bool | None = None,
        sbom: str | Path | bytes | None = None,
        environment: str | None = None,
    ) -> Entry:
        """Record what a build made from a commit; called by CI.

        Args:
            name: name of the program or image.
            artifact: what was built: a file, a folder, bytes, or its digest.
            kind: training_program, serving_image or package.
            commit: commit hash that it was built from.
            dirty: whether files differed from the commit.
            repository: URL; credentials are cut out.
            builder: build service and job.
            tests_passed: whether its tests passed; None is not said.
            sbom: bill of materials, kept as a document, or its digest.
            environment: digest of what is installed in it.
        """
        from ledger.secrets import redact_url

        made = self.record(
            "pipeline.artifact.packaged",
            basis="observed",
            name=name,
            kind=kind,
            digest=_digest(self, artifact),
            repository=redact_url(repository) if repository else None,
            commit=commit,
            dirty=dirty,
            builder=builder,
            tests_passed=tests_passed,
            sbom_digest=self.kept(sbom),
            environment_digest=environment,
        )
        return Entry(id=made.id, digest=made.digest, name=name)


def _gate(gate: Gate) -> dict[str, Any]:
    given: dict[str, Any] = {"approvals": 1, "evidence": list[str]()}
    return given | ({"gate": gate} if isinstance(gate, str) else dict(gate))


def _digest(recorder: Recorder, built: str | Path | bytes) -> str:
    if isinstance(built, str) and is_digest(built):
        return built
    return recorder.content(built, cached=False).digest
