"""Questions about what stands behind a model: data sheets, manifests, tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ledger.errors import InvalidEventError, NotFoundError
from projections.asking import ALWAYS, Bounds, ask, ask_one
from projections.evidence import Evidence
from projections.filled import Filled, by, derived, filled

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.lineage"
_Nested = dict[str, Any]
_DATASET = "data.dataset.registered"
_QUALITY = "data.quality.checked"
_STARTED = "pipeline.run.started"
_ENDED = "pipeline.run.ended"
_CRITERIA = "evaluation.criteria.set"
_REPLAY = "pipeline.run.reproduced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Datasheet(Evidence):
    """A version of a data set, with all that is recorded of it.

    Attributes:
        dataset_sources: sources of the data set as registered; sources, of the version.
        parts: other versions split off the same whole with the same seed.
        checks: how often its quality was checked; the other columns are of the newest.
        withdrawn: withdrawals of its sources that reach it.
        statements: what persons stated about it, by field.
        read_by: runs that read it.
    """

    FILLED: ClassVar[Filled] = filled(
        "data.dataset_version.created",
        title=by(_DATASET, "dataset_id"),
        owner=by(_DATASET, "dataset_id"),
        license=by(_DATASET, "dataset_id"),
        purposes=by(_DATASET, "dataset_id"),
        description=by(_DATASET, "dataset_id"),
        dataset_sources=by(_DATASET, "dataset_id"),
        parts=derived("data.dataset_version.created"),
        quality_passed=by(_QUALITY, "quality_id"),
        quality_assertions=by(_QUALITY, "quality_id"),
        quality_tool=by(_QUALITY, "quality_id"),
        checks=derived(_QUALITY),
        withdrawn=by("data.source.withdrawn", "withdrawal_ids"),
        statements=by("governance.statement.recorded", "statement_ids"),
        read_by=by("pipeline.input.read", "input_ids"),
    )
    dataset: str
    dataset_id: UUID | None
    title: str | None
    owner: str | None
    license: str | None
    purposes: list[str] | None
    description: str | None
    dataset_sources: list[str] | None
    digest: str
    scheme: str | None
    size_bytes: int | None
    rows: int | None
    identity_strength: str | None
    sources: list[str]
    parent_ids: list[UUID]
    split: _Nested | None
    preparation: str | None
    parts: list[_Nested] | None
    quality_id: UUID | None
    quality_passed: bool | None
    quality_assertions: list[_Nested] | None
    quality_tool: str | None
    checks: int | None
    withdrawn: list[_Nested] | None
    withdrawal_ids: list[UUID] | None
    statements: _Nested | None
    statement_ids: list[UUID] | None
    read_by: list[UUID] | None
    input_ids: list[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Evidence):
    """What it takes to run something again.

    Attributes:
        dirty: whether files differed from the commit; diff_digest, that difference.
        lock_digest: over names and versions of what was installed.
        undigested: inputs without a digest.
        versions: model versions that it made.
        replay_result: how a repetition compared, if one was tried.
        missing: what is not recorded and would be needed.
    """

    FILLED: ClassVar[Filled] = filled(
        _STARTED,
        inputs=by("pipeline.input.read", "input_ids"),
        undigested=derived("pipeline.input.read"),
        metrics=by("pipeline.run.updated", "update_ids"),
        outcome=by(_ENDED, "end_id"),
        outputs=by(_ENDED, "end_id"),
        compute=by(_ENDED, "end_id"),
        versions=by("registry.model_version.created", "version_ids"),
        replay_result=by(_REPLAY, "reproduction_id"),
        replay_differences=by(_REPLAY, "reproduction_id"),
        replayed_at=by(_REPLAY, "reproduction_id"),
        missing=derived(_STARTED),
    )
    run: str
    step: str | None
    repository: str | None
    commit: str | None
    dirty: bool | None
    diff_digest: str | None
    entry_command: list[str] | None
    entry_digest: str | None
    python: str | None
    lock_digest: str | None
    hardware: _Nested | None
    seeds: dict[str, int] | None
    parameters: dict[str, str] | None
    inputs: list[_Nested] | None
    input_ids: list[UUID] | None
    undigested: int | None
    metrics: dict[str, float] | None
    update_ids: list[UUID] | None
    end_id: UUID | None
    outcome: str | None
    outputs: list[_Nested] | None
    compute: _Nested | None
    versions: list[str] | None
    version_ids: list[UUID] | None
    reproduction_id: UUID | None
    replay_result: str | None
    replay_differences: list[_Nested] | None
    replayed_at: datetime | None

    @property
    def missing(self) -> tuple[str, ...]:
        """What somebody would need to run it again, and nothing says."""
        needed = ("commit", "entry_command", "lock_digest", "inputs", "seeds")
        gaps = [name for name in needed if getattr(self, name) is None]
        if self.dirty and self.diff_digest is None:
            gaps.append("diff_digest")
        if self.dirty is None and self.commit is not None:
            gaps.append("dirty")
        if self.undigested:
            gaps.append("input digest")
        return tuple(gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAnswer:
    """A manifest, and what it lacks."""

    FILLED: ClassVar[Filled] = filled(_STARTED, missing=derived(_STARTED))
    manifest: Manifest
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationEvidence(Evidence):
    """A test of a model version, and whether its limits were there before it.

    Attributes:
        thresholds: the criteria it names, with when and by whom each was set.
        threshold_predefined: yes, no or unknown; None when it names no criterion.
        overlap: none or rows: test rows found in the training data; None when nobody
            looked.
        signer: who signed the test.
    """

    FILLED: ClassVar[Filled] = filled(
        "evaluation.test.completed",
        model=by("registry.model_version.created", "model_version_id"),
        version=by("registry.model_version.created", "model_version_id"),
        dataset=by("data.dataset_version.created", "dataset_id"),
        dataset_part=by("data.dataset_version.created", "dataset_id"),
        dataset_digest=by("data.dataset_version.created", "dataset_id"),
        thresholds=by(_CRITERIA, "criterion_ids"),
        threshold_predefined=derived(_CRITERIA),
    )
    model: str | None
    version: str | None
    model_version_id: UUID | None
    kind: str | None
    metrics: list[_Nested]
    passed: bool | None
    tool: str | None
    dataset_version_id: UUID | None
    dataset: str | None
    dataset_id: UUID | None
    dataset_part: str | None
    dataset_digest: str | None
    thresholds: list[_Nested] | None
    criterion_ids: list[UUID] | None
    threshold_predefined: str | None
    overlap_rows: int | None
    overlap: str | None
    signer: str
    signer_kind: str | None


def datasheet(
    connection: Connection,
    *,
    dataset_version: UUID | None = None,
    dataset: str | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Datasheet]:
    """Return what is recorded of a data set version, or of all of a data set (Q15).

    Raises:
        InvalidEventError: neither is named.
    """
    if dataset_version is None and dataset is None:
        raise InvalidEventError("--param dataset_version=… or dataset=… is needed")
    return ask(
        connection,
        _PACKAGE,
        "datasheet",
        Datasheet,
        bounds,
        dataset_version=dataset_version,
        dataset=dataset,
        limit=limit,
    )


def reproducibility_manifest(
    connection: Connection, run: UUID, *, bounds: Bounds = ALWAYS
) -> ManifestAnswer:
    """Return what it takes to run something again, and what is missing (Q16).

    Raises:
        NotFoundError: no such run is recorded.
    """
    found = ask_one(
        connection, _PACKAGE, "reproducibility_manifest", Manifest, bounds, run=run
    )
    if found is None:
        raise NotFoundError(f"run {run}: not recorded, or not projected yet")
    return ManifestAnswer(manifest=found, missing=found.missing)


def evaluation_evidence(
    connection: Connection,
    *,
    release: UUID | None = None,
    model_version: UUID | None = None,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[EvaluationEvidence]:
    """Return the tests behind a release, and whether limits came first (Q17).

    Raises:
        InvalidEventError: neither release nor model version is named.
    """
    if release is None and model_version is None:
        raise InvalidEventError(
            "--param release=… or --param model_version=… is needed"
        )
    return ask(
        connection,
        _PACKAGE,
        "evaluation_evidence",
        EvaluationEvidence,
        bounds,
        release=release,
        model_version=model_version,
        limit=limit,
    )
