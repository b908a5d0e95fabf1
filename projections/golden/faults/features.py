"""Faults of features: what a model is asked with is not what it was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from projections.golden.faults.catalogue import fault, twin
from projections.golden.faults.steps import FEATURES, columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.golden.faults.stage import Stage

    Columns = list[dict[str, Any]]

_ROWS = 700
_INPUTS: list[dict[str, Any]] = [
    {"name": name, "type": "float64"} for name, _, _ in FEATURES
]
_SEEN_ON = 18.3
_DAY_US = 86_400_000_000


def _served(
    stage: Stage,
    change: Callable[[Columns], Columns],
    *,
    rows: int = _ROWS,
    inputs: Columns | None = None,
) -> None:
    """Tell a clean story whose one sketch of live data is changed.

    Args:
        stage: where it is told.
        change: makes the columns that are seen from the clean ones.
        rows: in the sketch.
        inputs: what the version takes; None is every feature.
    """

    def sketch() -> None:
        seen = change(columns(stage, rows))
        stage.tell("serving_sketch", rows=rows, columns=seen)

    stage.clean(serving_sketch=None, version={"inputs": inputs or _INPUTS})
    stage.on(_SEEN_ON, sketch)


def _with(columns: Columns, name: str, **fields: Any) -> Columns:
    """Return the columns with some fields of one changed."""
    return [one | fields if one["name"] == name else one for one in columns]


@fault("feature-forgotten")
def _(stage: Stage) -> None:
    """Debt is not served."""
    _served(stage, lambda seen: seen[:-1])


@twin("feature-forgotten")
def _(stage: Stage) -> None:
    """Debt is not served and the model does not take it."""
    _served(stage, lambda seen: seen[:-1], inputs=_INPUTS[:-1])


@fault("feature-extra")
def _(stage: Stage) -> None:
    """A postcode comes along."""
    _served(stage, lambda seen: [*seen, seen[0] | {"name": "postcode"}])


@twin("feature-extra")
def _(stage: Stage) -> None:
    """The score is logged beside the features."""
    _served(stage, lambda seen: [*seen, seen[0] | {"name": "score"}])


@fault("feature-reordered")
def _(stage: Stage) -> None:
    """Income stands in the place of age."""
    _served(stage, lambda seen: [seen[1], seen[0], seen[2]])


@twin("feature-reordered")
def _(stage: Stage) -> None:
    """The model was trained in that order."""
    order = [_INPUTS[1], _INPUTS[0], _INPUTS[2]]
    _served(stage, lambda seen: [seen[1], seen[0], seen[2]], inputs=order)


@fault("feature-retyped")
def _(stage: Stage) -> None:
    """Income arrives as text."""
    _served(stage, lambda seen: _with(seen, "income", type="string"))


@twin("feature-retyped")
def _(stage: Stage) -> None:
    """Income arrives as another number."""
    _served(stage, lambda seen: _with(seen, "income", type="int64"))


@fault("feature-constant")
def _(stage: Stage) -> None:
    """A default stands in for the debt."""
    _served(stage, lambda seen: _with(seen, "debt", **_CONSTANT))


@twin("feature-constant")
def _(stage: Stage) -> None:
    """A few requests happen to be alike."""
    _served(stage, lambda seen: _with(seen, "debt", **_CONSTANT), rows=12)


_CONSTANT: dict[str, Any] = {
    "distinct": 1,
    "minimum": 0.0,
    "maximum": 0.0,
    "mean": 0.0,
    "deviation": 0.0,
    "quantiles": [0.0] * 5,
}


@fault("feature-stale")
def _(stage: Stage) -> None:
    """Income is five days old."""
    _served(stage, lambda seen: _with(seen, "income", newest=stage.now - 5 * _DAY_US))


@twin("feature-stale")
def _(stage: Stage) -> None:
    """Income is a day old."""
    _served(stage, lambda seen: _with(seen, "income", newest=stage.now - _DAY_US))


@fault("feature-unowned")
def _(stage: Stage) -> None:
    """Nobody owns the features."""
    stage.clean(feature_view={"owner": None, "features": _INPUTS})


@twin("feature-unowned")
def _(stage: Stage) -> None:
    """The owner left and handed over."""
    leaver = f"person:leaver of {stage.key}"
    stage.clean(feature_view={"owner": leaver, "features": _INPUTS})
    stage.on(0.1, lambda: _grant(stage, leaver))
    stage.on(9.0, lambda: _hand_over(stage, leaver))


def _grant(stage: Stage, principal: str, handed_over_from: str | None = None) -> None:
    stage.refs[principal] = stage.emit(
        "governance.role.granted",
        signed_by="person:owner",
        principal=principal,
        role="owner",
        system=stage.system,
        model=stage.model,
        stage="features",
        valid_from=stage.now,
        handed_over_from=handed_over_from,
    )


def _hand_over(stage: Stage, leaver: str) -> None:
    _grant(stage, f"person:heir of {stage.key}", leaver)
    stage.emit(
        "governance.role.revoked",
        signed_by="person:owner",
        grant=stage.refs[leaver],
        effective_at=stage.now,
        reason="handed over",
    )
