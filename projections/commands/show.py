"""``mlledger run | model | deployment``: list and show what the ledger knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar, cast

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
from ledger.output import Answer, reporting
from projections.commands.listing import emit_marked, emit_rows
from projections.commands.opening import (
    LimitOption,
    auditing,
    bounds,
    identifier,
    row_of,
    rows_of,
)

if TYPE_CHECKING:
    from projections.lineage.answers import RunUpdate

_Found = TypeVar("_Found")
EventArgument = Annotated[str, Argument(metavar="ID", help="event id")]


def register(app: typer.Typer) -> None:
    """Add ``run ls | show``, ``model ls | show``, ``deployment ls | at | show``."""
    runs = typer.Typer(help="Training and other runs.")
    runs.command("ls")(run_ls)
    runs.command("show")(run_show)
    app.add_typer(runs, name="run")
    models = typer.Typer(help="Models, versions, releases.")
    models.command("ls")(model_ls)
    models.command("show")(model_show)
    app.add_typer(models, name="model")
    deployments = typer.Typer(help="What ran where, when.")
    deployments.command("ls")(deployment_ls)
    deployments.command("at")(deployment_at)
    deployments.command("show")(deployment_show)
    app.add_typer(deployments, name="deployment")


def run_ls(
    *,
    step: Annotated[str | None, Option(help="train, evaluate and so on")] = None,
    limit: LimitOption = 20,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List runs, newest first."""
    form = chosen(output, json=json)
    with reporting("run ls", form), auditing(home) as connection:
        from projections.lineage.queries import runs

        limits = bounds(as_of, known_as_of)
        found = runs(connection, step=step, limit=limit, bounds=limits)
        columns = ("run_id", "time", "run", "step", "outcome", "identity")
        rows = rows_of(found, key="run_id")
        emit_rows(
            "run ls", rows, form, columns=columns, limit=limit, connection=connection
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

        limits, key = bounds(as_of, known_as_of), identifier(run)
        found = queries.run_show(connection, key, bounds=limits)
        updates = queries.run_updates(connection, key, bounds=limits)
        data = row_of(_present(found, f"run {run}"), key="run_id")
        data |= _folded(data, updates) | {
            "updates": rows_of(updates),
            "inputs": rows_of(queries.inputs(connection, key, bounds=limits)),
        }
        emit_marked(Answer("run show", data, text=_text(data)), form, connection)


def _folded(started: dict[str, object], updates: list[RunUpdate]) -> dict[str, object]:
    """Return parameters, tags and the last value of each metric, updates included."""
    parameters = dict(cast("dict[str, str]", started.get("parameters") or {}))
    tags, metrics = dict[str, str](), dict[str, object]()
    for update in updates:
        parameters |= update.parameters
        tags |= update.tags
        metrics |= {str(metric["name"]): metric["value"] for metric in update.metrics}
    return {"parameters": parameters, "tags": tags, "metrics": metrics}


def model_ls(
    *,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List models by name."""
    form = chosen(output, json=json)
    with reporting("model ls", form), auditing(home) as connection:
        from projections.registry.queries import model_list

        found = model_list(connection, bounds=bounds(as_of, known_as_of))
        columns = (
            "model",
            "kind",
            "owner",
            "versions",
            "newest_version",
            "newest_time",
        )
        emit_rows(
            "model ls", rows_of(found), form, columns=columns, connection=connection
        )


def model_show(
    *,
    model: Annotated[str, Argument(metavar="MODEL[@VERSION]", help="name, label")],
    limit: LimitOption = 100,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a model: versions, releases, where they answer."""
    form = chosen(output, json=json)
    with reporting("model show", form), auditing(home) as connection:
        from projections.registry import queries

        limits = bounds(as_of, known_as_of)
        name, _, label = model.partition("@")
        known = queries.model_list(connection, model=name, bounds=limits)
        versions = queries.model_versions(
            connection, model=name, version=label or None, limit=limit, bounds=limits
        )
        _present(versions if label else known, f"model {model}")
        data = row_of(known[0]) | {
            "version_list": rows_of(versions),
            "releases": rows_of(
                queries.releases(connection, model=name, limit=limit, bounds=limits)
            ),
            "live": rows_of(
                one
                for one in queries.live_at(connection, bounds=limits)
                if one.model == name
            ),
        }
        emit_marked(Answer("model show", data, text=_text(data)), form, connection)


def deployment_ls(
    *,
    env: Annotated[str | None, Option("--env", help="name of the environment")] = None,
    model: Annotated[str | None, Option(help="name of the model")] = None,
    limit: LimitOption = 20,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List deployments, ended ones too, newest first."""
    form = chosen(output, json=json)
    with reporting("deployment ls", form), auditing(home) as connection:
        from projections.registry.queries import deployments

        found = deployments(
            connection,
            environment=env,
            model=model,
            limit=limit,
            bounds=bounds(as_of, known_as_of),
        )
        rows = rows_of(found, key="deployment_id")
        emit_rows(
            "deployment ls",
            rows,
            form,
            columns=_DEPLOYMENT,
            limit=limit,
            connection=connection,
        )


def deployment_at(
    *,
    time: Annotated[str, Argument(metavar="TIME", help="ISO 8601; no zone is UTC")],
    env: Annotated[str | None, Option("--env", help="name of the environment")] = None,
    system: Annotated[str | None, Option(help="name of the AI system")] = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say which releases answered at a moment; two champions are two rows."""
    form = chosen(output, json=json)
    with reporting("deployment at", form), auditing(home) as connection:
        from projections.registry.queries import live_at

        limits = bounds(time, known_as_of)
        found = live_at(connection, environment=env, system=system, bounds=limits)
        rows = rows_of(found, key="deployment_id")
        emit_rows(
            "deployment at", rows, form, columns=_DEPLOYMENT, connection=connection
        )


def deployment_show(
    *,
    deployment: EventArgument,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a deployment: its history, and what its processes attested."""
    form = chosen(output, json=json)
    with reporting("deployment show", form), auditing(home) as connection:
        from projections.registry import queries

        limits, key = bounds(as_of, known_as_of), identifier(deployment)
        found = queries.deployments(connection, deployment=key, bounds=limits)
        one = _present(found, f"deployment {deployment}")[0]
        history = queries.deployment_history(connection, key, bounds=limits)
        attested = queries.attestations(connection, deployment=key, bounds=limits)
        data = row_of(one, key="deployment_id") | {
            "history": rows_of(history),
            "attestations": rows_of(attested),
        }
        emit_marked(Answer("deployment show", data, text=_text(data)), form, connection)


_DEPLOYMENT = (
    "deployment_id",
    "environment",
    "service",
    "model",
    "version",
    "release",
    "role",
    "traffic",
    "valid_from",
    "valid_to",
    "ended",
)


def _present(found: _Found | None, what: str) -> _Found:
    from ledger.errors import NotFoundError

    if not found:
        raise NotFoundError(f"{what}: not recorded in the ledger")
    return found


def _text(data: dict[str, object]) -> str:
    from ledger.output import cell

    lines: list[str] = []
    for name, value in data.items():
        if isinstance(value, list) and value:
            lines.append(f"{name}:")
            lines += [f"  - {cell(item)}" for item in cast("list[object]", value)]
        else:
            lines.append(f"{name}: {cell(cast('object', value)) or '-'}")
    return "\n".join(lines)
