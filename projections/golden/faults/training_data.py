"""Faults of training data: what was read, how it was split, whether it was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@fault("input-differs-from-declared")
def _(stage: Stage) -> None:
    """Other rows were read."""
    stage.clean(read={"digest": stage.digest("one row changed")})


@twin("input-differs-from-declared")
def _(stage: Stage) -> None:
    """The version was left out and the content is the same."""
    stage.clean(read={"dataset_version": None})


@fault("split-overlap")
def _(stage: Stage) -> None:
    """Test rows were trained on."""
    stage.clean(evaluation={"overlap_rows": 37})


@twin("split-overlap")
def _(stage: Stage) -> None:
    """A look at training data decides nothing."""
    stage.clean()
    stage.on(
        1.1,
        lambda: stage.tell(
            "evaluation",
            kind="robustness",
            dataset_version=stage.refs["train"],
            criteria=[],
            passed=None,
            overlap_rows=None,
        ),
    )


@fault("split-method-missing")
def _(stage: Stage) -> None:
    """Nobody says how the test data were chosen."""
    stage.clean(test={"split": None})


@twin("split-method-missing")
def _(stage: Stage) -> None:
    """Test data were collected apart."""
    stage.clean(test={"split": None, "derived_from": []})


@fault("split-seed-missing")
def _(stage: Stage) -> None:
    """The seed of the split is lost."""
    stage.clean(train={"split": _split("train", "random")})


@twin("split-seed-missing")
def _(stage: Stage) -> None:
    """A split by time needs no seed."""
    stage.clean(
        train={"split": _split("train", "by_time")},
        test={"split": _split("test", "by_time")},
    )


def _split(name: str, method: str) -> dict[str, Any]:
    return {"name": name, "method": method, "fraction": 0.8 if name == "train" else 0.2}


@fault("quality-missing")
def _(stage: Stage) -> None:
    """Nobody checked the training data."""
    stage.clean(train_quality=None)


@twin("quality-missing")
def _(stage: Stage) -> None:
    """The whole was checked before it was split."""
    stage.clean(train_quality=None)
    stage.on(
        0.1,
        lambda: stage.tell("train_quality", dataset_version=stage.refs["whole"]),
    )


@fault("quality-failed")
def _(stage: Stage) -> None:
    """The check failed and training went on."""
    stage.clean(train_quality=_FAILED)


@twin("quality-failed")
def _(stage: Stage) -> None:
    """The check was repeated and passed."""
    stage.clean(train_quality=_FAILED)
    stage.on(0.1, "train_quality")


_FAILED: dict[str, Any] = {
    "passed": False,
    "assertions": [
        {
            "name": "not_null",
            "column": "age",
            "success": False,
            "severity": "high",
            "expected": "no missing value",
            "actual": "212 missing",
        }
    ],
}
