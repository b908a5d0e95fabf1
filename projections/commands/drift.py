"""``mlledger drift``: measure two tables, and read what the ledger holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, reporting
from projections.commands.listing import emit_rows
from projections.commands.opening import LimitOption, auditing, bounds, identifier

if TYPE_CHECKING:
    from ledger.drift import Difference
    from projections.controls.drift import Drift

_SHOWN = ("column", "metric", "effect", "limit", "p_value", "breach")
ModelArgument = Annotated[str, Argument(help="name of the model")]


def register(app: typer.Typer) -> None:
    """Add ``drift``."""
    group = typer.Typer(help="How far data and answers moved, and whether it matters.")
    group.command("measure")(measure)
    group.command("show")(show)
    group.command("windows")(windows)
    group.command("outputs")(outputs)
    app.add_typer(group, name="drift")


def measure(
    *,
    model: ModelArgument,
    reference: Annotated[Path, Option(help="table compared with: CSV, Parquet or NPZ")],
    current: Annotated[Path, Option(help="table looked at: CSV, Parquet or NPZ")],
    since: Annotated[str, Option(help="begin of what is looked at")],
    until: Annotated[str, Option(help="end of what is looked at")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Compare two tables column by column, and record sketches and differences."""
    form = chosen(output, json=json)
    with reporting("drift measure", form):
        import ledger
        from ledger.config import find_home
        from ledger.errors import InvalidEventError
        from ledger.evaluation.tables import read_rows
        from ledger.output import parse_time

        window = (parse_time(since), parse_time(until))
        if window[0] >= window[1]:
            raise InvalidEventError(
                f"--since {since} --until {until}: no time lies between them",
                hint="the end comes after the begin",
            )
        old, new = (read_rows(path).table for path in (reference, current))
        with ledger.init(home or find_home()) as lg:
            _, before = lg.log_sketch(old, model=model)
            _, now = lg.log_sketch(new, model=model, window=window)
            found = lg.measure_drift(before, now, model=model, window=window)
            lg.flush(10.0)
        emit(Answer("drift measure", _rows(found)), form)


def _rows(found: list[Difference]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(one) for one in found]


def show(
    *,
    model: ModelArgument,
    deployment: Annotated[str | None, Option(help="this deployment alone")] = None,
    record: Annotated[
        bool,
        Option("--record", help="record each difference, for drift-without-review"),
    ] = False,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show training data beside the newest live data, and what training never covered.

    The training data are those of the release that answered, where they are recorded.
    What happened outside meanwhile is listed as well.
    """
    form = chosen(output, json=json)
    with reporting("drift show", form), auditing(home) as connection:
        from projections.controls.drift import drift_of

        limits = bounds(as_of, known_as_of)
        place = identifier(deployment) if deployment else None
        found = drift_of(connection, model=model, deployment=place, bounds=limits)
        if record:
            _record(home, model, found)
        rows = _rows(found.differences)
        if form == "table":
            names = (*_SHOWN, "reference_range", "range", "uncovered")
            rows = [{name: row[name] for name in names} for row in rows]
        answer = Answer("drift show", rows)
        answer.meta |= {
            "reference": str(found.reference.event_id),
            "of_release": found.of_release,
            "current": str(found.current.event_id),
            "window": [str(found.current.window_from), str(found.current.window_to)],
            "context": [one.title for one in found.contexts],
        }
        answer.warnings += [f"meanwhile: {one.title}" for one in found.contexts]
        emit(answer, form)


def windows(
    *,
    model: ModelArgument,
    deployment: Annotated[str | None, Option(help="this deployment alone")] = None,
    limit: LimitOption = 30,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the windows of live data that statistics are recorded of, newest first.

    Captured: made by the vault's worker, of one payload a person.
    """
    form = chosen(output, json=json)
    with reporting("drift windows", form), auditing(home) as connection:
        from projections.controls.drift import sketches

        found = sketches(
            connection,
            model=model,
            deployment=identifier(deployment) if deployment else None,
            limit=limit + 1,
            bounds=bounds(as_of, known_as_of),
        )
        rows: list[dict[str, object]] = [
            {
                "deployment_id": str(one.deployment_id),
                "window_from": one.window_from.isoformat(),
                "window_to": one.window_to.isoformat(),
                "rows": one.rows,
                "columns": len(one.columns),
                "captured": one.sample_digest is not None,
                "event_id": str(one.event_id),
            }
            for one in found
        ]
        emit_rows("drift windows", rows, form, limit=limit)


def _record(home: Path | None, model: str, found: Drift) -> None:
    """Record what was found as measurements of the deployment that answered."""
    import ledger
    from ledger.config import find_home
    from ledger.emitter import EventRef

    now, place = found.current, None
    if now.deployment_id is not None and now.deployment_digest is not None:
        digest = bytes.fromhex(now.deployment_digest.removeprefix("sha256:"))
        place = EventRef(now.deployment_id.bytes, digest)
    with ledger.init(home or find_home()) as lg:
        lg.log_differences(
            found.differences,
            now.parsed(),
            model=model,
            window=(now.window_from, now.window_to),
            deployment=place,
        )
        lg.flush(10.0)


def outputs(
    *,
    model: ModelArgument,
    since: Annotated[str, Option(help="begin of what is looked at")],
    until: Annotated[str | None, Option(help="its end; now by default")] = None,
    reference_since: Annotated[
        str | None, Option(help="begin of what it is compared with; its end is --since")
    ] = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Compare what a model answered since a moment with what it answered before."""
    form = chosen(output, json=json)
    with reporting("drift outputs", form), auditing(home) as connection:
        from projections.controls.drift import output_drift

        first, middle, last = (
            bounds(text, None).as_of for text in (reference_since, since, until)
        )
        found = output_drift(
            connection,
            model=model,
            reference=(first, middle),
            current=(middle, last),
            bounds=bounds(None, known_as_of),
        )
        emit(Answer("drift outputs", _rows([found])), form)
