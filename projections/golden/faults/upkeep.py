"""Faults of upkeep: drift nobody looked at, and what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage

_BREACH = {"value": 0.41, "breach": True}


@fault("drift-without-review")
def _(stage: Stage) -> None:
    """Customers grow older and nobody looks."""
    stage.clean(model_review=None)
    stage.on(8.0, "drift", **_BREACH)


@twin("drift-without-review")
def _(stage: Stage) -> None:
    """Customers grow older and somebody looks."""
    stage.clean()
    stage.on(8.0, "drift", **_BREACH)


@fault("validation-overdue")
def _(stage: Stage) -> None:
    """Nobody validated it again."""
    stage.clean(plan={"validate_every_days": 10.0}, validation={"next_due": None})


@twin("validation-overdue")
def _(stage: Stage) -> None:
    """It was validated again."""
    stage.clean(plan={"validate_every_days": 10.0}, validation={"next_due": None})
    stage.on(11.0, "validation")


@fault("retraining-overdue")
def _(stage: Stage) -> None:
    """It was not trained again."""
    stage.clean(plan={"retrain_every_days": 5.0})


@twin("retraining-overdue")
def _(stage: Stage) -> None:
    """It was trained again."""
    stage.clean(plan={"retrain_every_days": 10.0})
    stage.successor(14.0)


@fault("review-overdue")
def _(stage: Stage) -> None:
    """Nobody reviewed it."""
    stage.clean(plan={"review_every_days": 10.0}, model_review=None)


@twin("review-overdue")
def _(stage: Stage) -> None:
    """It was reviewed."""
    stage.clean(plan={"review_every_days": 10.0})


@fault("labels-missing")
def _(stage: Stage) -> None:
    """Nobody knows what came of it."""
    stage.clean(every=0.5, outcome=None)


@twin("labels-missing")
def _(stage: Stage) -> None:
    """It is known what came of it."""
    stage.clean(every=0.5)
