"""``mlledger run ls | show | diff | compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

from typer import Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, reporting
from projections.commands.listing import emit_marked, emit_rows
from projections.commands.looking import (
    EventArgument,
    EveryOption,
    FilterOption,
    OrderOption,
    marked,
    present,
    words,
)
from projections.commands.opening import (
    LimitOption,
    TokenOption,
    auditing,
    bounds,
    identifier,
    row_of,
    rows_of,
)
from projections.commands.reproducing import repeatable

if TYPE_CHECKING:
    from projections.lineage.answers import RunUpdate
    from projections.registry.search import FoundRun


def run_ls(  # noqa: PLR0913  options
    *,
    step: Annotated[str | None, Option(help="train, evaluate and so on")] = None,
    filter: FilterOption = "",  # noqa: A002  the word of MLflow
    order_by: OrderOption = "",
    limit: LimitOption = 20,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List runs, newest first; --filter speaks MLflow's filter language."""
    form = chosen(output, json=json)
    with reporting("run ls", form), auditing(home) as connection:
        from projections.registry.filters import quoted
        from projections.registry.search import search_runs

        conditions = [filter] if filter.strip() else []
        if step:
            conditions.append(f"step = {quoted(step)}")
        found = search_runs(
            connection,
            filter=" AND ".join(conditions),
            order_by=order_by,
            limit=limit,
            page_token=page_token,
            bounds=bounds(as_of, known_as_of),
        )
        emit_rows(
            "run ls",
            marked(rows_of(found, key="run_id")),
            form,
            columns=("run_id", "time", "run", "step", "outcome", "identity", "late"),
            token=found.next_page_token,
            connection=connection,
        )


def run_show(
    *,
    run: EventArgument,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a run: code, environment, parameters, metrics, inputs, outputs."""
    form = chosen(output, json=json)
    with reporting("run show", form), auditing(home) as connection:
        from projections.lineage import queries
        from projections.registry.builds import builds, built
        from projections.registry.naming import tags

        limits, key = bounds(as_of, known_as_of), identifier(run)
        found = queries.run_show(connection, key, bounds=limits)
        updates = queries.run_updates(connection, key, bounds=limits)
        shown = present(found, f"run {run}")
        data = row_of(shown, key="run_id")
        commit = str((shown.code or {}).get("commit") or "")
        made = builds(connection, commit, bounds=limits)
        folded = _folded(data, updates)
        set_later = {t.key: t.value for t in tags(connection, key, bounds=limits)}
        folded["tags"] = {**cast("dict[str, str]", folded["tags"]), **set_later}
        data |= folded | {
            "build": built(shown.code, made),
            "builds": rows_of(made),
            "updates": rows_of(updates),
            "inputs": rows_of(queries.inputs(connection, key, bounds=limits)),
            "repeatable": repeatable(present(found, f"run {run}"), home),
        }
        emit_marked(Answer("run show", data, text=words(data)), form, connection)


def _folded(started: dict[str, object], updates: list[RunUpdate]) -> dict[str, object]:
    """Return parameters, tags and the last value of each metric, updates included."""
    parameters = dict(cast("dict[str, str]", started.get("parameters") or {}))
    tags, metrics = dict[str, str](), dict[str, object]()
    for update in updates:
        parameters |= update.parameters
        tags |= update.tags
        metrics |= {str(metric["name"]): metric["value"] for metric in update.metrics}
    return {"parameters": parameters, "tags": tags, "metrics": metrics}


def run_diff(
    *,
    first: EventArgument,
    second: EventArgument,
    every: EveryOption = False,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Lay two runs side by side: code, data, parameters, environment, results."""
    form = chosen(output, json=json)
    with reporting("run diff", form), auditing(home) as connection:
        from projections.registry.run_sides import run_diff as ask_diff

        limits = bounds(as_of, known_as_of)
        found = ask_diff(
            connection, identifier(first), identifier(second), bounds=limits
        )
        rows = rows_of(one for one in found if every or one.state != "same")
        emit_rows("run diff", rows, form, connection=connection)


def run_compare(  # noqa: PLR0913  one option a parameter
    *,
    filter: FilterOption = "",  # noqa: A002  the word of MLflow
    x: Annotated[
        str | None,
        Option("--x", help="params.NAME, metrics.NAME, latency.NAME or compute.NAME"),
    ] = None,
    y: Annotated[str | None, Option("--y", help="likewise")] = None,
    limit: LimitOption = 1_000,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Tabulate runs: parameters against metrics, metrics against latency and compute.

    Without --x and --y every parameter, metric, latency and amount of compute is a
    column; with --output csv the table goes to any plotting tool.
    """
    form = chosen(output, json=json)
    with reporting("run compare", form), auditing(home) as connection:
        from projections.registry.search import run_benchmarks, search_runs

        limits = bounds(as_of, known_as_of)
        found = search_runs(
            connection,
            filter=filter,
            limit=limit,
            page_token=page_token,
            bounds=limits,
        )
        speeds = {
            one.run_id: {str(m["name"]): m["value"] for m in one.metrics}
            for one in run_benchmarks(
                connection, [one.event_id for one in found], bounds=limits
            )
        }
        values = {
            one.event_id: _values(one, speeds.get(one.event_id, {})) for one in found
        }
        names = _names(list(values.values()), x, y)
        rows = [
            {"run_id": one.event_id, "time": one.time, "run": one.run}
            | {name: values[one.event_id].get(name) for name in names}
            for one in found
        ]
        token = found.next_page_token
        emit_rows("run compare", rows, form, token=token, connection=connection)


def _values(run: FoundRun, speed: dict[str, object]) -> dict[str, object]:
    """Return everything that runs can be compared by, by its full name."""
    compute = run.compute or {}
    return {
        **{f"params.{name}": value for name, value in run.params.items()},
        **{f"metrics.{name}": _number(value) for name, value in run.metrics.items()},
        **{f"latency.{name}": _number(value) for name, value in speed.items()},
        **{f"compute.{name}": value for name, value in compute.items()},
    }


def _number(value: object) -> object:
    try:
        return float(str(value))
    except ValueError:
        return value


def _names(runs: list[dict[str, object]], x: str | None, y: str | None) -> list[str]:
    """Return the columns: all of them, or the two that were asked for.

    Raises:
        NotFoundError: no run has such a value; names the nearest.
    """
    known = sorted({name for run in runs for name in run})
    if x is None and y is None:
        return known
    return [_full(name, known) for name in (x, y) if name is not None]


def _full(name: str, known: list[str]) -> str:
    import difflib

    from ledger.errors import NotFoundError

    spelled = [name, *(f"{scope}.{name}" for scope in ("metrics", "params", "latency"))]
    found = next((one for one in [*spelled, f"compute.{name}"] if one in known), None)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "mlledger run compare lists them"
    raise NotFoundError(f"{name}: no run has such a value", hint=hint)
