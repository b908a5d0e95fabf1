"""Faults of examination: never compared, criteria after the fact, groups unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage

_YOUNG = "age<25"


@fault("differential-test-missing")
def _(stage: Stage) -> None:
    """The new version was not compared."""
    stage.clean()
    stage.successor(10.0, comparison=None)


@twin("differential-test-missing")
def _(stage: Stage) -> None:
    """The new version was compared."""
    stage.clean()
    stage.successor(10.0)


@fault("criteria-set-after-test")
def _(stage: Stage) -> None:
    """The limit was chosen when the result was known."""
    stage.clean(criterion=None, evaluation=None)
    stage.on(1.2, "criterion")
    stage.on(1.3, lambda: stage.tell("evaluation", time=stage.when(1.1)))


@twin("criteria-set-after-test")
def _(stage: Stage) -> None:
    """The limit was set on the day of the test."""
    stage.clean(criterion=None)
    stage.on(0.95, "criterion")


@fault("criteria-loosened")
def _(stage: Stage) -> None:
    """The limit was lowered."""
    stage.clean()
    stage.on(5.0, lambda: _limit(stage, 0.6))


@twin("criteria-loosened")
def _(stage: Stage) -> None:
    """The limit was raised."""
    stage.clean()
    stage.on(5.0, lambda: _limit(stage, 0.75))


def _limit(stage: Stage, limit: float) -> None:
    stage.tell("criterion", limit=limit, previous=stage.refs["criterion"].id)


@fault("evaluation-failed-criteria")
def _(stage: Stage) -> None:
    """It failed and runs."""
    stage.clean(evaluation={"metrics": [_auc(0.66)], "passed": False})


@twin("evaluation-failed-criteria")
def _(stage: Stage) -> None:
    """It is weak on a group that no criterion names."""
    stage.clean(evaluation={"metrics": [_auc(0.81), _auc(0.66, _YOUNG)]})


@fault("fairness-slice-untested")
def _(stage: Stage) -> None:
    """The young were never looked at."""
    stage.clean()
    stage.on(0.5, "criterion", slice=_YOUNG)


@twin("fairness-slice-untested")
def _(stage: Stage) -> None:
    """The young were looked at."""
    stage.clean(evaluation={"metrics": [_auc(0.81), _auc(0.79, _YOUNG)]})
    stage.on(0.5, "criterion", slice=_YOUNG)


def _auc(value: float, part: str | None = None) -> dict[str, Any]:
    return {"name": "auc", "value": value, "slice": part}
