"""``mlledger model ls | show``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, cast

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
from projections.commands.listing import emit_marked, emit_rows, shorten
from projections.commands.looking import (
    FilterOption,
    OrderOption,
    current,
    days,
    marked,
    present,
    present_moment,
    words,
)
from projections.commands.opening import (
    LimitOption,
    TokenOption,
    auditing,
    bounds,
    row_of,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.asking import Bounds
    from projections.database import Connection
    from projections.registry.answers import Deployment, Model, Release

_LISTS = ("version_list", "releases", "aliases", "changes")
_MODELS = (
    "model",
    "title",
    "kind",
    "owner",
    "lifecycle",
    "versions",
    "newest_version",
    "newest_time",
)


def model_ls(  # noqa: PLR0913  options
    *,
    by_environment: Annotated[
        bool, Option("--by-environment", help="what runs where, and how old it is")
    ] = False,
    filter: FilterOption = "",  # noqa: A002  the word of MLflow
    order_by: OrderOption = "",
    limit: LimitOption = 1_000,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List models by name; --filter speaks MLflow's language of attributes and tags."""
    form = chosen(output, json=json)
    with reporting("model ls", form), auditing(home) as connection:
        from projections.registry.search import search_models

        limits = bounds(as_of, known_as_of)
        found = search_models(
            connection,
            filter=filter,
            order_by=order_by,
            limit=limit,
            page_token=page_token,
            bounds=limits,
        )
        rows, columns = rows_of(found), _MODELS
        if by_environment:
            rows, columns = _by_environment(connection, found, limits), ()
        emit_rows(
            "model ls",
            rows,
            form,
            columns=columns,
            token=found.next_page_token,
            connection=connection,
        )


def _by_environment(
    connection: Connection, models: Sequence[Model], limits: Bounds
) -> list[dict[str, object]]:
    """Return one row for each model and place where it answers."""
    from projections.registry.queries import live_at

    limits = current(limits)
    moment = limits.as_of or present_moment()
    known = {one.model: one for one in models}
    rows: list[dict[str, object]] = []
    for one in live_at(connection, bounds=limits):
        model = known.get(one.model or "")
        if model is not None:
            rows.append(_placed(connection, one, model, limits, moment))
    return sorted(rows, key=lambda row: (str(row["model"]), str(row["environment"])))


def _placed(
    connection: Connection,
    live: Deployment,
    model: Model,
    limits: Bounds,
    moment: datetime,
) -> dict[str, object]:
    from projections.registry.queries import model_versions, releases

    version = model_versions(
        connection, model_version=live.model_version_id, bounds=limits
    )
    made = version[0].time if live.model_version_id and version else None
    newest = model.newest_time
    all_releases = releases(connection, model=model.model, limit=1, bounds=limits)
    return {
        "model": model.model,
        "environment": live.environment,
        "service": live.service,
        "role": live.role,
        "traffic": live.traffic,
        "version": live.version,
        "release": live.release,
        "age_days": None if made is None else days(made, moment),
        "newest_version": model.newest_version,
        "days_behind": None if not made or not newest else days(made, newest),
        "differs": _differs(connection, live, all_releases, model, limits),
        "deployment_id": live.event_id,
    }


def _differs(
    connection: Connection,
    live: Deployment,
    releases: list[Release],
    model: Model,
    limits: Bounds,
) -> list[str]:
    """Return in what the newest release differs from the one that answers."""
    from projections.registry.release_sides import change_diff

    said: list[str] = []
    newest = releases[0] if releases else None
    if newest is not None and newest.version != model.newest_version:
        said.append(f"version {model.newest_version} has no release yet")
    if newest is None or newest.event_id == live.release_id or live.release is None:
        return said
    found = change_diff(connection, live.release_id, newest.event_id, bounds=limits)
    return [f"release {newest.release}", *found.changed, *said]


def model_show(
    *,
    model: Annotated[
        str, Argument(metavar="MODEL[@VERSION]", help="name; label of a version")
    ],
    limit: LimitOption = 100,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a model: versions, aliases, tags, who can explain it, where it answers."""
    form = chosen(output, json=json)
    with reporting("model show", form), auditing(home) as connection:
        from projections.registry import queries

        limits = bounds(as_of, known_as_of)
        name, _, label = model.partition("@")
        known = queries.model_list(connection, model=name, bounds=limits)
        versions = queries.model_versions(
            connection,
            model=name,
            version=label or None,
            limit=limit + 1,
            bounds=limits,
        )
        present(versions if label else known, f"model {model}")
        data = row_of(known[0]) | {
            "version_list": marked(rows_of(versions)),
            "releases": rows_of(
                queries.releases(connection, model=name, limit=limit + 1, bounds=limits)
            ),
            "live": rows_of(
                one
                for one in queries.live_at(connection, bounds=current(limits))
                if one.model == name
            ),
        }
        data |= _names(connection, known[0], limit, limits)
        data |= _people(connection, name, limits)
        if label:
            data["ancestry"] = [
                _ancestry(connection, one.event_id, limits) for one in versions[:limit]
            ]
        cuts = shorten(data, dict.fromkeys(_LISTS, (limit, "more with --limit")))
        answer = Answer("model show", data, text=words(data), warnings=cuts)
        answer.complete = not cuts
        emit_marked(answer, form, connection)


def _names(
    connection: Connection, model: Model, limit: int, limits: Bounds
) -> dict[str, object]:
    from projections.registry import naming

    now = current(limits)
    aliases = naming.alias_at(connection, model.model, limit=limit + 1, bounds=now)
    tags = (
        naming.tags(connection, model.event_id, bounds=limits) if model.event_id else []
    )
    return {
        "aliases": {one.alias: one.version or one.model_version_id for one in aliases},
        "tags": {one.key: one.value for one in tags},
        "changes": rows_of(
            naming.model_changes(
                connection, model.model, limit=limit + 1, bounds=limits
            )
        ),
    }


def _people(connection: Connection, name: str, limits: Bounds) -> dict[str, object]:
    """Return who can explain which stage, the stages nobody can, and hand-overs."""
    from projections.registry.ownership import hand_overs, ownership, unexplained

    roles = ownership(connection, name, now=present_moment(), bounds=limits)
    experts: dict[str, list[str]] = {one.stage: [] for one in roles}
    for one in roles:
        if one.principal is not None and one.principal not in experts[one.stage]:
            experts[one.stage].append(one.principal)
    return {
        "experts": experts,
        "nobody_can_explain": unexplained(roles),
        "hand_overs": rows_of(hand_overs(connection, name, bounds=limits)),
    }


def _ancestry(connection: Connection, key: object, limits: Bounds) -> dict[str, object]:
    from uuid import UUID

    from projections.registry.ancestry import ancestry

    found = ancestry(connection, cast("UUID", key), bounds=limits)
    return {
        "version_id": key,
        "parents": [
            row_of(one.parent) | {"depth": one.depth, "circular": one.circular}
            for one in found.ancestors
        ],
        "truncated": found.truncated,
        "reason": found.reason,
    }
