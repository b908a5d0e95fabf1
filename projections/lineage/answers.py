"""What the questions about runs, data and digests answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.asking import Evidence

_Nested = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Evidence):
    """A run of a pipeline step; outcome is None while no end is recorded."""

    run: str
    step: str | None
    code: _Nested | None
    environment: _Nested | None
    seeds: dict[str, int]
    parameters: dict[str, str]
    parent_id: UUID | None
    capture: dict[str, str]
    redactions: list[_Nested]
    system_id: str | None
    outcome: str | None
    ended_at: datetime | None
    outputs: list[_Nested] | None
    compute: _Nested | None
    error: str | None
    inputs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUpdate(Evidence):
    """Parameters, metrics and tags that were added to a run."""

    parameters: dict[str, str]
    metrics: list[_Nested]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Evidence):
    """Data that a run read; ``matches`` the named data set version or not."""

    name: str | None
    role: str | None
    dataset_version_id: UUID | None
    dataset: str | None
    digest: str | None
    scheme: str | None
    bytes_read: int | None
    rows: int | None
    rank: int | None
    matches: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Evidence):
    """A registered data set."""

    dataset: str
    title: str | None
    owner: str | None
    license: str | None
    purposes: list[str]
    sources: list[str]
    description: str | None
    system_id: str | None
    versions: int
    newest_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion(Evidence):
    """One content of a data set, and what it was made from."""

    dataset: str
    digest: str
    scheme: str | None
    size_bytes: int | None
    rows: int | None
    parent_ids: list[UUID]
    sources: list[str]
    split: _Nested | None
    preparation: str | None
    identity_strength: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource(Evidence):
    """A registered source of data."""

    source: str
    title: str | None
    kind: str | None
    owner: str | None
    notice_days: int | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Evidence):
    """A test of a model version; ``predefined``: criteria were set before it."""

    kind: str | None
    model_version_id: UUID | None
    run_id: UUID | None
    dataset_version_id: UUID | None
    metrics: list[_Nested]
    criteria: list[UUID]
    passed: bool | None
    overlap_rows: int | None
    tool: str | None
    predefined: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing(Evidence):
    """Something recorded under a digest."""

    kind: str
    label: str | None
    model_version_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live(Evidence):
    """An active deployment of a model version; event_id is the activation."""

    model_version_id: UUID
    environment: str
    service: str | None
    release: str
    role: str | None
    traffic: float | None


@dataclass(frozen=True, slots=True)
class Identified:
    """What a digest is, and where the model versions it belongs to answer."""

    digest: str
    things: tuple[Thing, ...]
    live: tuple[Live, ...]
