"""What the question about all that rests on a source answers (Q08)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from projections.evidence import Evidence
from projections.filled import Filled, by, computed, derived, filled
from projections.integrity.notifying import ConsumerToNotify  # noqa: TC001  its columns

_DECISION = "prediction.decision.recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Evidence):
    """Data of a source that may no longer be used."""

    FILLED: ClassVar[Filled] = filled("data.source.withdrawn")
    source: str
    batch: str | None
    cause: str
    effective_at: datetime
    since: datetime | None
    action_required: str | None
    dataset_versions: list[UUID] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Something that rests on the source.

    Attributes:
        level: steps from the source; 1 for what was drawn from it.
        kind: dataset_version, run, model_version, release or deployment.
        via_id, via: from what it was reached, and how.
        certainty: proved, possible or unknown.
    """

    FILLED: ClassVar[Filled] = computed("data.dataset_version.created")
    level: int
    kind: str
    object_id: UUID
    name: str
    via_id: UUID | None
    via: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedUse:
    """A release or deployment that rests on the source, and what it decided.

    Attributes:
        kind: release or deployment.
        live: of a deployment, whether it had not ended; of a release, whether one of
            its deployments had not.
    """

    FILLED: ClassVar[Filled] = Filled(
        by("registry.release.created", "object_id"),
        {
            "live": derived("serving.deployment.activated"),
            "certainty": derived("data.dataset_version.created"),
            "decisions": derived(_DECISION),
            "first_time": derived(_DECISION),
            "last_time": derived(_DECISION),
        },
    )
    kind: str
    object_id: UUID
    name: str
    certainty: str
    live: bool
    decisions: int
    first_time: datetime | None
    last_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """All that rests on a source, as recorded.

    Attributes:
        source: name of the source.
        source_recorded: whether any event names it; False may be a slip of the pen.
        since: only what was drawn from then on; None is everything.
        proved, possible, unknown: decisions of releases by certainty.
        live_releases: names of releases, proved or possibly touched, of which a
            deployment has not ended, be it one for testing.
        truncated: why not everything was followed; empty when it was.
        withdrawal: the newest withdrawal, if there is one.
        touched: level by level.
        uses: releases and deployments among these, with counts.
        consumers: who uses the decisions of releases proved or possibly touched.
    """

    FILLED: ClassVar[Filled] = computed(
        "data.source.registered",
        source_recorded=derived("data.source.registered"),
        since=derived("data.source.withdrawn"),
        proved=derived(_DECISION),
        possible=derived(_DECISION),
        unknown=derived(_DECISION),
        live_releases=derived("serving.deployment.activated"),
    )
    source: str
    source_recorded: bool
    since: datetime | None
    proved: int
    possible: int
    unknown: int
    live_releases: tuple[str, ...]
    truncated: str
    withdrawal: Withdrawal | None
    touched: tuple[Touched, ...]
    uses: tuple[TouchedUse, ...]
    consumers: tuple[ConsumerToNotify, ...]
