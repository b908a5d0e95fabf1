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
from ledger.drift.gathering import OUTPUT
from ledger.errors import NotFoundError
from projections.asking import ALWAYS, Bounds, Evidence, ask, ask_one

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from projections.database import Connection

_PACKAGE = "projections.controls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch(Evidence):
    """What the columns of some data looked like in a window of time.

    Attributes:
        model: name of the model.
        deployment_id: whose requests, if they were live data.
        deployment_digest: ``sha256:…`` of its activation.
        run_id: which run was trained on them, if they were training data.
        dataset_version_id: the dataset version, if any.
        window_from: begin, inclusive.
        window_to: end, exclusive.
        rows: rows in the window.
        columns: sketches of the columns, see :class:`ledger.drift.ColumnSketch`.
        sample_digest: of the sample it was made from, if it is one of captured payload.
    """

    model: str | None
    deployment_id: UUID | None
    deployment_digest: str | None
    run_id: UUID | None
    dataset_version_id: UUID | None
    window_from: datetime
    window_to: datetime
    rows: int
    columns: list[dict[str, Any]]
    sample_digest: str | None

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
        of_release: whether the training data are those of the release that answered;
            else the newest that are recorded of the model.
    """

    reference: Sketch
    current: Sketch
    differences: list[Difference]
    contexts: list[Context]
    of_release: bool = False


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
    """Return training data beside a model's newest live data.

    The training data are those of the release that answered, where they are recorded.
    Answers, which training data hold none of, are compared with the first window of
    the deployment that was captured.

    Raises:
        NotFoundError: no sketch of the one or the other is recorded.
    """
    current = _newest(connection, model, deployment, bounds, live=True)
    place = current.deployment_id
    own = _sketch_of(connection, "reference_sketch", place, bounds)
    reference = own or _newest(connection, model, None, bounds, live=False)
    before, now = reference.parsed(), current.parsed()
    first = _sketch_of(connection, "first_sketch", place, bounds)
    if current.sample_digest is not None and first is not None:
        known = {one.name for one in before}
        old = [one for one in first.parsed() if _is_answer(one.name, known)]
        before += old
        comparable = {one.name for one in old}
        now = [
            one
            for one in now
            if one.name in comparable or not _is_answer(one.name, known)
        ]
    return Drift(
        reference,
        current,
        compare_all(before, now),
        contexts(connection, since=current.window_from, bounds=bounds),
        of_release=own is not None,
    )


def _require_known(connection: Connection, model: str, bounds: Bounds) -> None:
    from projections.registry.queries import model_list

    if not model_list(connection, model=model, bounds=bounds) and not any(
        sketches(connection, model=model, live=live, limit=1, bounds=bounds)
        for live in (True, False)
    ):
        raise NotFoundError(
            f"{model}: no model of that name is recorded", hint="mlledger model ls"
        )


def _newest(
    connection: Connection,
    model: str,
    deployment: UUID | None,
    bounds: Bounds,
    *,
    live: bool,
) -> Sketch:
    found = sketches(
        connection,
        model=model,
        deployment=deployment,
        live=live,
        limit=1,
        bounds=bounds,
    )
    if not found:
        _require_known(connection, model, bounds)
        what = "live data" if live else "training data"
        raise NotFoundError(
            f"{model}: no sketch of its {what} is recorded",
            hint="monitoring.sketch.recorded would say it: lg.log_sketch(…), or the "
            "vault's worker, with capture on",
        )
    return found[0]


def _sketch_of(
    connection: Connection, question: str, deployment: UUID | None, bounds: Bounds
) -> Sketch | None:
    if deployment is None:
        return None
    return ask_one(
        connection, _PACKAGE, question, Sketch, bounds, deployment=deployment
    )


def _is_answer(name: str, features: Collection[str]) -> bool:
    """Tell whether a column of captured payload is an answer, not a feature."""
    front = name.partition(".")[0]
    return front == OUTPUT and name not in features


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
