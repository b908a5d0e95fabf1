"""What a run is started with, and what is remembered of it for the next one."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ledger.errors import InvalidEventError
from ledger.sdk.texts import refuse_unfit

_LONG = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run is started with; see :meth:`ledger.sdk.Ledger.training_run`."""

    name: str
    step: str
    system: str | None
    parameters: Mapping[str, object]
    seeds: Mapping[str, int]
    capture: Mapping[str, bool]
    code: Path | None
    summary: bool


@dataclass(slots=True)
class Summary:
    """What a run was told, to be compared with the next run of its name."""

    parameters: dict[str, str] = field(default_factory=dict[str, str])
    data: dict[str, str] = field(default_factory=dict[str, str])
    code: dict[str, object] = field(default_factory=dict[str, object])
    environment: dict[str, object] = field(default_factory=dict[str, object])
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    outputs: dict[str, str] = field(default_factory=dict[str, str])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def seed_of(name: object, value: object) -> tuple[str, int]:
    """Return the name and value of a seed.

    Raises:
        InvalidEventError: the name or the value does not fit.
    """
    refuse_unfit(str(name))
    try:
        return str(name), _within(int(cast("Any", value)))
    except (TypeError, ValueError, OverflowError) as error:
        kind = type(value).__name__
        raise InvalidEventError(f"a {kind} that is no whole number") from error


def metric_of(name: object, value: object) -> tuple[str, float]:
    """Return the name and value of a metric.

    Raises:
        InvalidEventError: the name does not fit, or the value is no number; the text
            says what it is, not what it holds.
    """
    if str(name) == "":
        raise InvalidEventError("a metric without a name")
    refuse_unfit(str(name))
    try:
        return str(name), float(cast("Any", value))
    except (TypeError, ValueError, OverflowError) as error:
        kind = type(value).__name__
        raise InvalidEventError(f"a {kind} that is no number") from error


def step_of(step: object) -> int | None:
    """Return the step of a metric: any whole number, of numpy or with .0 too.

    Raises:
        InvalidEventError: it is no whole number of 64 bits.
    """
    if step is None:
        return None
    try:
        if isinstance(step, float) and step.is_integer():
            return _within(int(step))
        return _within(operator.index(cast("Any", step)))
    except (TypeError, OverflowError) as error:
        kind = type(step).__name__
        raise InvalidEventError(f"a step of type {kind}, no whole number") from error


def _within(number: int) -> int:
    if not -_LONG <= number < _LONG:
        raise InvalidEventError("a number of more than 64 bits")
    return number
