"""Faults of what lies upstream: sources that change, are re-scheduled or withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


def _changes(
    stage: Stage, day: float, change: str, *, announced: float | None = None
) -> None:
    """Have the source change on a day; announced on another, or not at all."""
    stage.on(
        day,
        lambda: stage.emit(
            "data.source.changed",
            source=stage.name("source"),
            change=change,
            effective_at=stage.when(day),
            announced_at=None if announced is None else stage.when(announced),
            changes=[{"field": "income", "before": "monthly", "after": "yearly"}],
            reason="new system at the owner's",
        ),
    )


@fault("source-changed-without-notice")
def _(stage: Stage) -> None:
    """Income is yearly from now on."""
    stage.clean()
    _changes(stage, 9.0, "meaning")


@twin("source-changed-without-notice")
def _(stage: Stage) -> None:
    """Income is yearly as was announced."""
    stage.clean()
    _changes(stage, 9.0, "meaning", announced=-8.0)


@fault("source-rescheduled-without-notice")
def _(stage: Stage) -> None:
    """Deliveries come weekly from tomorrow."""
    stage.clean()
    _changes(stage, 9.0, "schedule", announced=8.0)


@twin("source-rescheduled-without-notice")
def _(stage: Stage) -> None:
    """Deliveries come weekly as was announced."""
    stage.clean()
    _changes(stage, 9.0, "schedule", announced=-8.0)


@fault("source-withdrawn-still-used")
def _(stage: Stage) -> None:
    """Customers took their consent back."""
    stage.clean()
    _withdrawn(stage)


@twin("source-withdrawn-still-used")
def _(stage: Stage) -> None:
    """Only what was drawn later was withdrawn."""
    stage.clean()
    _withdrawn(stage, since=5.0)


def _withdrawn(stage: Stage, *, since: float | None = None) -> None:
    stage.on(
        10.0,
        lambda: stage.emit(
            "data.source.withdrawn",
            source=stage.name("source"),
            cause="consent",
            effective_at=stage.when(10.0),
            since=None if since is None else stage.when(since),
            action_required="do not use",
        ),
    )


@fault("entanglement")
def _(stage: Stage) -> None:
    """A source changed and nobody looked."""
    stage.clean(model_review=None, data_review=None, validation=None)
    _changes(stage, 4.0, "schema", announced=-14.0)


@twin("entanglement")
def _(stage: Stage) -> None:
    """A source changed and the model was reviewed."""
    stage.clean()
    _changes(stage, 4.0, "schema", announced=-14.0)
