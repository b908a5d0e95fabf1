"""Faults of training: what cannot be repeated, was not built, is served otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage

_DIFFERENT = {
    "verdict": "different",
    "differences": [{"kind": "library", "name": "numpy", "expected": "2.4.6"}],
}


@fault("run-not-reproducible")
def _(stage: Stage) -> None:
    """The run was repeated and came out different."""
    stage.clean(reproduction=_DIFFERENT)


@twin("run-not-reproducible")
def _(stage: Stage) -> None:
    """The run came out the same with the right library."""
    stage.clean(reproduction=_DIFFERENT)
    stage.on(1.1, "reproduction")


@fault("run-from-unbuilt-tree")
def _(stage: Stage) -> None:
    """The training program was never built."""
    stage.clean(program=None)


@twin("run-from-unbuilt-tree")
def _(stage: Stage) -> None:
    """The training program is a library."""
    stage.clean(program={"kind": "package"})


@fault("environment-skew")
def _(stage: Stage) -> None:
    """Other libraries are served than trained with."""
    served = {"packages_digest": stage.digest("packages, a year later")}
    stage.clean(attested=served, observed=served)


@twin("environment-skew")
def _(stage: Stage) -> None:
    """Other libraries are served and were shown to answer alike."""
    other = stage.digest("packages without the training")
    stage.clean(
        image={"environment_digest": other},
        release={"environment_digest": other},
        attested={"packages_digest": other},
        observed={"packages_digest": other},
    )
    stage.on(1.2, lambda: _ported(stage))


def _ported(stage: Stage) -> None:
    stage.emit(
        "evaluation.comparison.completed",
        signed_by="service:trainer",
        kind="equivalence",
        old=stage.refs["version"],
        new=stage.refs["version"],
        dataset_version=stage.refs["test"],
        rows=200,
        equal_rows=200,
        tolerance=1e-9,
        max_difference=0.0,
        passed=True,
        tool="mlledger",
        basis="observed",
    )
