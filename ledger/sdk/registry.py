"""Verbs about the registry: model versions and releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.sdk.columns import columns_of
from ledger.sdk.handles import ModelVersion, Release, RunStart
from ledger.sdk.parts import Part, canonical_json, cut_references, part_digest
from ledger.sdk.recorder import Recorder

if TYPE_CHECKING:
    from ledger.secrets import Redaction


class RegistryVerbs(Recorder):
    """What exists, and what it is bound to."""

    def register_model(  # noqa: PLR0913  one keyword a field
        self,
        model: str,
        artifact: str | Path | bytes,
        *,
        version: str | None = None,
        run: RunStart | None = None,
        inputs: object = None,
        outputs: object = None,
        artifacts: Mapping[str, str | Path | bytes] | None = None,
        parents: Sequence[tuple[str, ModelVersion]] = (),
        framework: str | None = None,
        license: str | None = None,  # noqa: A002  the word users know
        kind: str = "model",
        origin: str = "internal",
        owner: str | None = None,
        description: str | None = None,
    ) -> ModelVersion:
        """Record a version of a model, and the model itself the first time.

        Args:
            model: name of the model, for ever.
            artifact: what is loaded to predict: a file, a folder or bytes.
            version: a label; by default the first 12 hex digits of the digest.
            run: the run that made it; :meth:`Run.register_model` fills it in.
            inputs: columns it takes: name → type, pairs, or a table to read them from.
            outputs: columns it gives, likewise.
            artifacts: further parts by name.
            parents: kind (fine_tuned_from, layer_of, distilled_from, ensemble_member,
                calls) and model version.
            framework: library and version, such as ``scikit-learn 1.7``.
            license: SPDX identifier of the artifact.
            kind: of the model, recorded once, as are the next three.
            origin: internal, vendor or open.
            owner: who answers for the model.
            description: what it is for, in short.

        Raises:
            InvalidEventError: a field does not fit.
            OSError: the artifact cannot be read.
        """
        if not self.is_registered("model", model):
            self.register(
                "registry.model.registered",
                "model",
                model,
                model=model,
                kind=kind,
                origin=origin,
                owner=owner,
                description=description,
            )
        found = self.content(artifact, cached=False)
        label = version or found.digest[7:19]
        made = self.record(
            "registry.model_version.created",
            basis="observed",
            model=model,
            version=label,
            artifact_digest=found.digest,
            artifact_scheme=found.scheme,
            artifacts=self._artifacts(artifacts or {}),
            run=run,
            inputs=columns_of(inputs),
            outputs=columns_of(outputs),
            parents=[{"kind": how, "version": parent} for how, parent in parents],
            framework=framework,
            license=license,
        )
        return ModelVersion(
            id=made.id,
            digest=made.digest,
            model=model,
            version=label,
            content=found.digest,
            scheme=found.scheme,
            environment=run.environment if run else None,
        )

    def release(  # noqa: PLR0913  one keyword a field
        self,
        model_version: ModelVersion,
        *,
        label: str | None = None,
        configuration: Part | None = None,
        feature_schema: Part | None = None,
        environment: Part | None = None,
        instructions: Part | None = None,
        thresholds: Mapping[str, float] | None = None,
        backing_services: Sequence[str] = (),
        secret_references: Sequence[str] = (),
        approved_uses: Sequence[str] = (),
        restrictions: Sequence[str] = (),
        change_class: str = "undetermined",
        previous: Release | None = None,
    ) -> Release:
        """Bind a model version to everything that decides how it will behave.

        The release's digest is ``manifest1`` over the parts that are present:
        ``artifact``, ``configuration``, ``feature_schema``, ``environment``,
        ``instructions``, and ``thresholds`` as RFC 8785 JSON. Each part is a mapping,
        a path, bytes, or a digest.

        Args:
            model_version: what is released.
            label: by default the first 12 hex digits of the release's digest.
            configuration: settings it runs with; secrets are cut out and named.
            feature_schema: features it expects.
            environment: software it runs in; by default that of its training run.
            instructions: instructions for use.
            thresholds: name → limit applied to the model's output.
            backing_services: services it calls.
            secret_references: secrets it needs, by name and version.
            approved_uses: what it may be used for.
            restrictions: what it must not be used for.
            change_class: none, predetermined, substantial or undetermined.
            previous: the release that it replaces.
        """
        cuts: list[Redaction] = []
        limits = {name: float(value) for name, value in (thresholds or {}).items()}
        parts = {
            "configuration": configuration,
            "feature_schema": feature_schema,
            "environment": environment or model_version.environment,
            "instructions": instructions,
        }
        digests = {
            name: part_digest(value, name=name, store=self.store, cuts=cuts)
            for name, value in parts.items()
        }
        content = _manifest(model_version.content, digests, limits)
        fields: dict[str, Any] = {f"{name}_digest": digests[name] for name in digests}
        shown = label or content[7:19]
        made = self.record(
            "registry.release.created",
            basis="declared",
            release=shown,
            model_version=model_version,
            model=model_version.model,
            version=model_version.version,
            artifact_digest=model_version.content,
            thresholds=limits,
            backing_services=list(backing_services),
            secret_references=[*secret_references, *cut_references(cuts)],
            approved_uses=list(approved_uses),
            restrictions=list(restrictions),
            change_class=change_class,
            digest=content,
            previous=previous,
            **fields,
        )
        return Release(
            id=made.id,
            digest=made.digest,
            release=shown,
            model=model_version.model,
            version=model_version.version,
            content=content,
            artifact=model_version.content,
            artifact_scheme=model_version.scheme,
            configuration=digests["configuration"],
        )

    def _artifacts(
        self, artifacts: Mapping[str, str | Path | bytes]
    ) -> list[dict[str, Any]]:
        found = {
            name: self.content(item, cached=False) for name, item in artifacts.items()
        }
        return [
            {
                "name": name,
                "digest": item.digest,
                "scheme": item.scheme,
                "size_bytes": item.size_bytes,
            }
            for name, item in found.items()
        ]


def _manifest(
    artifact: str, digests: Mapping[str, str | None], thresholds: Mapping[str, float]
) -> str:
    from ledger.digest import format_digest, manifest1_digest
    from ledger.sdk.content import content_of

    parts = {"artifact": artifact}
    parts |= {name: digest for name, digest in digests.items() if digest}
    if thresholds:
        text = canonical_json(thresholds, name="thresholds")
        parts["thresholds"] = content_of(text).digest
    return format_digest(manifest1_digest(parts))
