"""Verbs about data: sources, datasets and their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ledger.sdk.changes import name_of
from ledger.sdk.handles import DatasetVersion, Entry
from ledger.sdk.recorder import Recorder

if TYPE_CHECKING:
    from ledger.sdk.content import Content


class DataVerbs(Recorder):
    """Where data comes from, and exactly which data it was."""

    def register_source(
        self,
        source: str,
        *,
        title: str | None = None,
        kind: str = "other",
        owner: str | None = None,
        notice_days: int | None = None,
        url: str | None = None,
    ) -> Entry:
        """Register a system or stream that data comes from.

        Args:
            source: its name, for ever.
            title: what people call it; the name by default.
            kind: such as ``database``, ``stream``, ``file`` or ``vendor``.
            owner: who answers for it.
            notice_days: days of notice agreed before its schema or meaning changes.
            url: where it is; credentials are cut out.
        """
        from ledger.secrets import redact_url

        return self.register(
            "data.source.registered",
            "source",
            source,
            source=source,
            title=title or source,
            kind=kind,
            owner=owner,
            notice_days=notice_days,
            url=redact_url(url) if url else None,
        )

    def register_dataset(
        self,
        dataset: str,
        *,
        title: str | None = None,
        owner: str | None = None,
        license: str | None = None,  # noqa: A002  the word users know
        purposes: Sequence[str] = (),
        sources: Sequence[str | Entry] = (),
        description: str | None = None,
    ) -> Entry:
        """Register a dataset: a name whose contents are recorded as versions."""
        return self.register(
            "data.dataset.registered",
            "dataset",
            dataset,
            dataset=dataset,
            title=title or dataset,
            owner=owner,
            license=license,
            purposes=list(purposes),
            sources=_names(sources),
            description=description,
        )

    def log_dataset_version(
        self,
        dataset: str | Entry,
        data: object = None,
        *,
        content: Content | None = None,
        derived_from: Sequence[DatasetVersion] = (),
        sources: Sequence[str | Entry] = (),
        split: Mapping[str, Any] | None = None,
        preparation: str | None = None,
    ) -> DatasetVersion:
        """Record a dataset at one content.

        Args:
            dataset: a registered dataset.
            data: the data itself: a path, bytes, a table or an array; read whole.
            content: its identity where the data is not at hand; recorded as declared.
            derived_from: versions that it was made from.
            sources: sources that it was drawn from.
            split: ``name``, ``method`` and, where they apply, ``seed``, ``fraction``.
            preparation: how it was prepared, in at most 256 characters.

        Raises:
            InvalidEventError: neither data nor content, or a field does not fit.
            OSError: the file cannot be read.
        """
        name = name_of(dataset)
        known = content or self.content(data)
        made = self.record(
            "data.dataset_version.created",
            basis="declared" if content else "observed",
            dataset=name,
            digest=known.digest,
            scheme=known.scheme,
            size_bytes=known.size_bytes,
            rows=known.rows,
            derived_from=list(derived_from),
            sources=_names(sources),
            split=dict(split) if split else None,
            preparation=preparation,
            identity_strength="declared" if content else "content",
        )
        return DatasetVersion(
            id=made.id,
            digest=made.digest,
            dataset=name,
            content=known.digest,
            scheme=known.scheme,
        )


def _names(entries: Sequence[str | Entry]) -> list[str]:
    return [name_of(entry) for entry in entries]
