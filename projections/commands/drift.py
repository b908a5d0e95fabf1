"""``mlledger drift``: measure two tables, and read what the ledger holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from projections.commands.opening import auditing, bounds, identifier

if TYPE_CHECKING:
    from ledger.drift import Difference

_SHOWN = ("column", "metric", "effect", "limit", "p_value", "breach")
ModelArgument = Annotated[str, Argument(help="name of the model")]


def register(app: typer.Typer) -> None:
    """Add ``drift``."""
    group = typer.Typer(help="How far data and answers moved, and whether it matters.")
    group.command("measure")(measure)
    group.command("show")(show)
    group.command("outputs")(outputs)
    app.add_typer(group, name="drift")


def measure(
    *,
    model: ModelArgument,
    reference: Annotated[Path, Option(help="table compared with: CSV or Parquet")],
    current: Annotated[Path, Option(help="table looked at: CSV or Parquet")],
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
        from ledger.output import parse_time

        window = (parse_time(since), parse_time(until))
        with ledger.init(home or find_home()) as lg:
            _, before = lg.log_sketch(_table(reference), model=model)
            _, now = lg.log_sketch(_table(current), model=model, window=window)
            found = lg.measure_drift(before, now, model=model, window=window)
            lg.flush(10.0)
        emit(Answer("drift measure", _rows(found)), form)


def _table(path: Path) -> Any:
    import importlib

    from ledger.errors import InvalidEventError

    pandas: Any = importlib.import_module("pandas")
    readers = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidEventError(f"{path}: not a .csv or .parquet file")
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        raise InvalidEventError(f"{path}: cannot be read: {error}") from error


def _rows(found: list[Difference]) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [asdict(one) for one in found]


def show(
    *,
    model: ModelArgument,
    deployment: Annotated[str | None, Option(help="this deployment alone")] = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show training data beside the newest live data, and what training never covered.

    What happened outside meanwhile is listed as well.
    """
    form = chosen(output, json=json)
    with reporting("drift show", form), auditing(home) as connection:
        from projections.controls.drift import drift_of

        limits = bounds(as_of, known_as_of)
        place = identifier(deployment) if deployment else None
        found = drift_of(connection, model=model, deployment=place, bounds=limits)
        rows = _rows(found.differences)
        if form == "table":
            names = (*_SHOWN, "reference_range", "range", "uncovered")
            rows = [{name: row[name] for name in names} for row in rows]
        answer = Answer("drift show", rows)
        answer.meta |= {
            "reference": str(found.reference.event_id),
            "current": str(found.current.event_id),
            "window": [str(found.current.window_from), str(found.current.window_to)],
            "context": [one.title for one in found.contexts],
        }
        answer.warnings += [f"meanwhile: {one.title}" for one in found.contexts]
        emit(answer, form)


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
