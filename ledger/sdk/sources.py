"""Verbs about data that changes: its sources, its features, its quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.sdk.changes import Moment, changed, name_of, now_unless
from ledger.sdk.handles import DatasetVersion, Entry
from ledger.sdk.recorder import Recorder


class SourceVerbs(Recorder):
    """What changes under a model's feet."""

    def change_source(
        self,
        source: str | Entry,
        change: str,
        *,
        effective_at: Moment | None = None,
        announced_at: Moment | None = None,
        after: Mapping[str, str | None] | None = None,
        before: Mapping[str, str | None] | None = None,
        reason: str | None = None,
    ) -> Entry:
        """Record that a source changed, announced or merely noticed.

        Args:
            source: registered source.
            change: schema, meaning, schedule, location or owner.
            effective_at: from when; now by default.
            announced_at: when it was announced; None means it was not.
            after: attribute → what it is from then on.
            before: attribute → what it was.
            reason: why.
        """
        name = name_of(source)
        made = self.record(
            "data.source.changed",
            basis="observed" if announced_at is None else "declared",
            source=name,
            change=change,
            effective_at=now_unless(effective_at),
            announced_at=announced_at,
            changes=changed(after or {}, before or {}),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def withdraw_source(
        self,
        source: str | Entry,
        cause: str,
        *,
        effective_at: Moment | None = None,
        since: Moment | None = None,
        batch: str | None = None,
        dataset_versions: Sequence[DatasetVersion] = (),
        action_required: str | None = None,
    ) -> Entry:
        """Record that data of a source may no longer be used.

        Args:
            source: registered source.
            cause: consent, poisoned, license or error.
            effective_at: from when it may not be used; now by default.
            since: only what was drawn from then on; everything by default.
            batch: part of it; the whole by default.
            dataset_versions: versions known to hold it.
            action_required: what users must do.
        """
        name = name_of(source)
        made = self.record(
            "data.source.withdrawn",
            basis="declared",
            source=name,
            batch=batch,
            cause=cause,
            effective_at=now_unless(effective_at),
            since=since,
            dataset_versions=list(dataset_versions),
            action_required=action_required,
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def change_dataset(
        self,
        dataset: str | Entry,
        *,
        before: Mapping[str, str | None] | None = None,
        reason: str | None = None,
        **changes: str | None,
    ) -> Entry:
        """Record what is said of a dataset from now on; its versions stay."""
        name = name_of(dataset)
        made = self.record(
            "data.dataset.changed",
            basis="declared",
            dataset=name,
            changes=changed(changes, before or {}),
            reason=reason,
        )
        return Entry(id=made.id, digest=made.digest, name=name)

    def feature_view(
        self,
        view: str,
        version: str,
        features: Sequence[Mapping[str, Any] | tuple[str, str]],
        *,
        sources: Sequence[str | Entry] = (),
        dataset_version: DatasetVersion | None = None,
        transform: bytes | str | None = None,
        owner: str | None = None,
    ) -> Entry:
        """Record a version of a feature view: its features, and how they are made.

        Args:
            view: name of the view.
            version: label within it, never reused.
            features: in order: name and type, or mappings with ``unit``, ``owner``
                and ``max_age_s`` (seconds after which a value is stale) as well.
            sources: sources that it draws on.
            dataset_version: data that it was made from.
            transform: code that makes it, or its digest.
            owner: who answers for the view.
        """
        made = self.record(
            "data.feature_view.created",
            basis="declared",
            view=view,
            version=version,
            features=[_feature(one) for one in features],
            sources=[name_of(one) for one in sources],
            dataset_version=dataset_version,
            transform_digest=(
                self.store(transform) if isinstance(transform, bytes) else transform
            ),
            owner=owner,
        )
        return Entry(id=made.id, digest=made.digest, name=f"{view} {version}")

    def check_quality(
        self,
        dataset_version: DatasetVersion,
        assertions: Sequence[Mapping[str, Any]],
        *,
        passed: bool | None = None,
        tool: str | None = None,
    ) -> Entry:
        """Record a check of the quality of data.

        Args:
            dataset_version: what was checked.
            assertions: mappings with ``name``, ``success`` and, where they apply,
                ``column``, ``severity``, ``expected`` and ``actual``.
            passed: the verdict; by default whether every assertion holds.
            tool: checking tool and its version.
        """
        rows = [{"severity": "medium"} | dict(one) for one in assertions]
        verdict = all(one["success"] for one in rows) if passed is None else passed
        made = self.record(
            "data.quality.checked",
            basis="observed",
            dataset_version=dataset_version,
            assertions=rows,
            passed=verdict,
            tool=tool,
        )
        return Entry(id=made.id, digest=made.digest, name=dataset_version.dataset)


def _feature(feature: Mapping[str, Any] | tuple[str, str]) -> dict[str, Any]:
    if isinstance(feature, Mapping):
        return dict(feature)
    name, kind = feature
    return {"name": name, "type": kind}
