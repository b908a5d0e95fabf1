"""Verbs about serving: deployments, and what a process has really loaded."""

from __future__ import annotations

import platform
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.sdk import host
from ledger.sdk.handles import Attestation, Deployment, Entry, Release
from ledger.sdk.parts import Part, part_digest
from ledger.sdk.recorder import Recorder
from ledger.secrets import redact_text

if TYPE_CHECKING:
    from ledger.secrets import Redaction


class ServingVerbs(Recorder):
    """What runs where, since when, and whether it is what was released."""

    def deploy(
        self,
        release: Release,
        environment: str,
        *,
        role: str = "champion",
        traffic: float = 1.0,
        service: str | None = None,
        emergency: bool = False,
        reason: str | None = None,
    ) -> Deployment:
        """Record that a release becomes active in an environment.

        Args:
            release: what is deployed.
            environment: where, such as ``prod``.
            role: champion, challenger, shadow or canary.
            traffic: share of requests, 0 to 1.
            service: name of the endpoint.
            emergency: whether a gate was passed over.
            reason: why, in at most 256 characters.
        """
        made = self.record(
            "serving.deployment.activated",
            basis="observed",
            release=release,
            release_digest=release.content,
            environment=environment,
            service=service,
            role=role,
            traffic=float(traffic),
            emergency=emergency,
            reason=reason,
        )
        return Deployment(
            id=made.id,
            digest=made.digest,
            release=release,
            environment=environment,
            role=role,
            traffic=float(traffic),
        )

    def change_deployment(
        self,
        deployment: Deployment,
        *,
        role: str | None = None,
        traffic: float | None = None,
        reason: str | None = None,
    ) -> Deployment:
        """Record another role or share of traffic; the deployment stays the same."""
        now = replace(
            deployment,
            role=role or deployment.role,
            traffic=deployment.traffic if traffic is None else float(traffic),
        )
        self.record(
            "serving.deployment.changed",
            basis="observed",
            deployment=deployment,
            role=now.role,
            traffic=now.traffic,
            reason=reason,
        )
        return now

    def undeploy(self, deployment: Deployment, *, reason: str | None = None) -> Entry:
        """Record that a deployment is no longer active."""
        made = self.record(
            "serving.deployment.deactivated",
            basis="observed",
            deployment=deployment,
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=deployment.environment)

    def attest(
        self,
        deployment: Deployment,
        *,
        artifact: str | Path | bytes,
        configuration: Part | None = None,
    ) -> Attestation:
        """Record, from within the serving process, what it has loaded.

        Read the artifact once, and hand the same bytes to this call and to the loader:
        then the attested digest is of what answers. Files are read again in any case,
        never taken from a cache. Decisions of this client name the newest attestation.

        Args:
            deployment: what the process serves.
            artifact: bytes, file or folder that was loaded.
            configuration: configuration that was loaded, in the form given to
                :meth:`release`.

        Returns:
            ``matches`` tells whether artifact and configuration are the release's;
            None when the release has a configuration and none was given here.
        """
        cuts: list[Redaction] = []
        loaded = self.content(artifact, cached=False).digest
        settings = part_digest(
            configuration, name="configuration", store=self.store, cuts=cuts
        )
        matches = _matches(deployment.release, loaded, settings)
        made = self.record(
            "serving.process.attested",
            basis="attested",
            deployment=deployment,
            release_digest=deployment.release.content,
            artifact_digest=loaded,
            configuration_digest=settings,
            code_digest=_code_digest(),
            packages_digest=self.store(host.packages_text().encode()),
            host=_host_name(),
            python=host.python_version(),
            matches=matches,
        )
        self.attested[deployment.id] = made.id
        return Attestation(
            id=made.id, digest=made.digest, deployment=deployment.id, matches=matches
        )


def _matches(release: Release, artifact: str, configuration: str | None) -> bool | None:
    if artifact != release.artifact:
        return False
    if release.configuration is None or configuration is None:
        return True if release.configuration is configuration else None
    return configuration == release.configuration


def _code_digest() -> str | None:
    data = host.entry_bytes()
    if data is None:
        return None
    text, _ = redact_text(data.decode("utf-8", "surrogateescape"), where="entry")
    clean = text.encode("utf-8", "surrogateescape")
    return f"sha256:{sha256(clean).hexdigest()}"


def _host_name() -> str:
    """Return a pseudonym of this machine: the same each time, telling no name."""
    return f"host-{sha256(platform.node().encode()).hexdigest()[:12]}"
