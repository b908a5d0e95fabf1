"""Drift from what the ledger holds: training beside live data, answers then and now.

A finding about drift is read beside the range of the training data, what training never
covered, and what happened outside meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledger.drift import ColumnSketch, Difference, compare, compare_all
from ledger.errors import NotFoundError
from projections.asking import ALWAYS, Bounds, Evidence, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.database import Connection

_PACKAGE = "projections.controls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch(Evidence):
    """What the columns of some data looked like in a window of time.

    Attributes:
        model: name of the model.
        deployment_id: whose requests, if they were live data.
        run_id: which run was trained on them, if they were training data.
        dataset_version_id: the dataset version, if any.
        window_from: begin, inclusive.
        window_to: end, exclusive.
        rows: rows in the window.
        columns: sketches of the columns, see :class:`ledger.drift.ColumnSketch`.
    """

    model: str | None
    deployment_id: UUID | None
    run_id: UUID | None
    dataset_version_id: UUID | None
    window_from: datetime
    window_to: datetime
    rows: int
    columns: list[dict[str, Any]]

    def parsed(self) -> list[ColumnSketch]:
        """Return the columns."""
        return [ColumnSketch.of(one) for one in self.columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Evidence):
    """Something outside that explains what the data show."""

    title: str
    text: str | None
    begins: datetime
    ends: datetime | None
    systems: list[str]


@dataclass(frozen=True, slots=True)
class OutputShare:
    """How often a model answered something in a span of time."""

    output: str
    decisions: int
    first_time: datetime
    last_time: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """Training data beside live data.

    Attributes:
        reference: sketch of the training data.
        current: newest sketch of live data.
        differences: by column, in the order of training.
        contexts: what happened outside meanwhile.
    """

    reference: Sketch
    current: Sketch
    differences: list[Difference]
    contexts: list[Context]


def sketches(
    connection: Connection,
    *,
    model: str,
    deployment: UUID | None = None,
    live: bool = True,
    limit: int = 100,
    bounds: Bounds = ALWAYS,
) -> list[Sketch]:
    """Return sketches of a model's live or training data, newest first."""
    return ask(
        connection,
        _PACKAGE,
        "sketches",
        Sketch,
        bounds,
        model=model,
        deployment=deployment,
        live=live,
        limit=limit,
    )


def contexts(
    connection: Connection,
    *,
    system: str | None = None,
    since: datetime | None = None,
    bounds: Bounds = ALWAYS,
) -> list[Context]:
    """Return what happened outside that may explain what the data show."""
    return ask(
        connection, _PACKAGE, "contexts", Context, bounds, system=system, since=since
    )


def drift_of(
    connection: Connection,
    *,
    model: str,
    deployment: UUID | None = None,
    bounds: Bounds = ALWAYS,
) -> Drift:
    """Return a model's training data beside its newest live data.

    Raises:
        NotFoundError: no sketch of the one or the other is recorded.
    """
    pair: list[Sketch] = []
    for live, what in ((False, "training data"), (True, "live data")):
        found = sketches(
            connection,
            model=model,
            deployment=deployment if live else None,
            live=live,
            limit=1,
            bounds=bounds,
        )
        if not found:
            raise NotFoundError(
                f"{model}: no sketch of its {what} is recorded",
                hint="monitoring.sketch.recorded would say it: lg.log_sketch(…)",
            )
        pair += found
    reference, current = pair
    return Drift(
        reference,
        current,
        compare_all(reference.parsed(), current.parsed()),
        contexts(connection, since=current.window_from, bounds=bounds),
    )


def output_drift(
    connection: Connection,
    *,
    model: str,
    reference: tuple[datetime | None, datetime | None],
    current: tuple[datetime | None, datetime | None],
    bounds: Bounds = ALWAYS,
) -> Difference:
    """Compare what a model answered in two spans of time.

    Args:
        connection: of any role.
        model: name of the model.
        reference: begin, inclusive, and end, exclusive, of what is compared with.
        current: likewise, of what is looked at.
        bounds: what had happened, and what was sealed.

    Raises:
        NotFoundError: no decisions in one of the spans.
    """
    pair = [
        _output_sketch(connection, model, span, bounds) for span in (reference, current)
    ]
    return compare(*pair)


def _output_sketch(
    connection: Connection,
    model: str,
    span: tuple[datetime | None, datetime | None],
    bounds: Bounds,
) -> ColumnSketch:
    since, until = span
    found: Sequence[OutputShare] = ask(
        connection,
        _PACKAGE,
        "output_shares",
        OutputShare,
        bounds,
        model=model,
        since=since,
        until=until,
    )
    counts = {one.output: one.decisions for one in found}
    if not counts:
        raise NotFoundError(f"{model}: no decisions between {since} and {until}")
    total = sum(counts.values())
    return ColumnSketch("output", "string", total, 0, len(counts), categories=counts)
