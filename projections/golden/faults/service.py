"""Faults of service: slower, failing more often, answering otherwise than known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projections.golden.faults.catalogue import fault, twin

if TYPE_CHECKING:
    from projections.golden.faults.stage import Stage


@fault("latency-worse-than-benchmark")
def _(stage: Stage) -> None:
    """It takes twice as long."""
    stage.clean(latency={"value": 15_500.0})


@twin("latency-worse-than-benchmark")
def _(stage: Stage) -> None:
    """It takes a little longer."""
    stage.clean(latency={"value": 10_500.0})


@fault("error-rate-worse")
def _(stage: Stage) -> None:
    """One request in twelve fails."""
    stage.clean()
    _errors(stage, 0.083)


@twin("error-rate-worse")
def _(stage: Stage) -> None:
    """Now and then a request fails."""
    stage.clean()
    _errors(stage, 0.012)


def _errors(stage: Stage, share: float) -> None:
    stage.on(
        18.4,
        lambda: stage.tell(
            "latency", monitor="errors", metric="error_rate", value=share, limit=0.1
        ),
    )


@fault("probe-failed")
def _(stage: Stage) -> None:
    """Known requests get other answers."""
    stage.clean()
    stage.on(10.0, lambda: _probe(stage, mismatches=0))
    stage.on(15.0, lambda: _probe(stage, mismatches=3))


@twin("probe-failed")
def _(stage: Stage) -> None:
    """Known requests get the known answers again."""
    stage.clean()
    stage.on(10.0, lambda: _probe(stage, mismatches=3))
    stage.on(15.0, lambda: _probe(stage, mismatches=0))


def _probe(stage: Stage, *, mismatches: int) -> None:
    stage.emit(
        "evaluation.probe.completed",
        signed_by="service:monitor",
        deployment=stage.refs["deployment"],
        suite="known applications",
        suite_digest=stage.digest("known applications"),
        requests=20,
        mismatches=mismatches,
        errors=0,
        first_mismatch="application 7" if mismatches else None,
        passed=not mismatches,
        basis="observed",
    )
