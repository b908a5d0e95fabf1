"""``mlledger release ls | show | diff | withdraw``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

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
from ledger.output import Answer, emit, format_id, reporting
from ledger.visible import visible
from projections.commands.listing import emit_marked, emit_rows, shorten
from projections.commands.looking import (
    EveryOption,
    marked,
    present_moment,
    release_named,
    words,
)
from projections.commands.naming import ByOption, digest_of, recording
from projections.commands.opening import (
    LimitOption,
    TokenOption,
    auditing,
    bounds,
    row_of,
    rows_of,
)

if TYPE_CHECKING:
    from ledger.sdk import Release as Handle
    from projections.database import Connection
    from projections.registry.answers import Release
    from projections.registry.configuration import ConfigurationDiff
    from projections.registry.difference import ChangeDiff

ReleaseArgument = Annotated[
    str, Argument(metavar="RELEASE", help="event id, LABEL, or MODEL@LABEL")
]
_STEPS, _APPROVALS = 1_000, 100
_COLUMNS = (
    "release_id",
    "time",
    "release",
    "model",
    "version",
    "change_class",
    "ended",
    "conflicting",
    "identity",
    "late",
)


def group() -> typer.Typer:
    """Return the group ``release``."""
    made = typer.Typer(help="Releases: a version bound to all it is deployed with.")
    made.command("ls")(release_ls)
    made.command("show")(release_show)
    made.command("diff")(release_diff)
    made.command("withdraw")(release_withdraw)
    return made


def release_ls(
    *,
    model: Annotated[str | None, Option(help="name of the model")] = None,
    limit: LimitOption = 20,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List releases, newest first, withdrawn ones too."""
    form = chosen(output, json=json)
    with reporting("release ls", form), auditing(home) as connection:
        from projections.registry.listed import release_page

        found = release_page(
            connection,
            model=model,
            limit=limit,
            page_token=page_token,
            bounds=bounds(as_of, known_as_of),
        )
        emit_rows(
            "release ls",
            marked(rows_of(found, key="release_id")),
            form,
            columns=_COLUMNS,
            token=found.next_page_token,
            connection=connection,
        )


def release_show(
    *,
    release: ReleaseArgument,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a release: what it binds, who approved it, where it ran, how it ended."""
    form = chosen(output, json=json)
    with reporting("release show", form), auditing(home) as connection:
        from projections.registry import naming, queries
        from projections.registry.gates import gates

        limits = bounds(as_of, known_as_of)
        one = release_named(connection, release, limits)
        key = one.event_id
        history = queries.deployment_history(
            connection, release=key, limit=_STEPS + 1, bounds=limits
        )
        approved = queries.approvals(
            connection, object_id=key, limit=_APPROVALS + 1, bounds=limits
        )
        places = {step.deployment_id for step in history}
        checks = gates(
            connection,
            deployments=sorted(places),
            limit=max(1, len(places)),
            now=present_moment(),
            bounds=limits,
        )
        data = row_of(one, key="release_id") | {
            "tags": {
                t.key: t.value for t in naming.tags(connection, key, bounds=limits)
            },
            "approvals": rows_of(approved),
            "deployments": marked(rows_of(history)),
            "gates": rows_of(checks, key="deployment_id"),
        }
        steps = f"all: mlledger query Q03 -p release={key} -p limit=…"
        approving = f"all: mlledger query approvals -p object_id={key} -p limit=…"
        cuts = shorten(
            data, {"deployments": (_STEPS, steps), "approvals": (_APPROVALS, approving)}
        )
        answer = Answer("release show", data, text=words(data), warnings=cuts)
        answer.complete = not cuts
        emit_marked(answer, form, connection)


def release_diff(
    *,
    first: ReleaseArgument,
    second: ReleaseArgument,
    every: EveryOption = False,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say what changed from one release to another, and who decided on it."""
    form = chosen(output, json=json)
    with reporting("release diff", form), auditing(home) as connection:
        from ledger.blobs import Blobs
        from ledger.config import load_config
        from projections.registry.configuration import configuration_diff
        from projections.registry.release_sides import change_diff

        limits = bounds(as_of, known_as_of)
        one = release_named(connection, first, limits)
        other = release_named(connection, second, limits)
        found = change_diff(connection, one.event_id, other.event_id, bounds=limits)
        shown = rows_of(
            item for item in found.differences if every or item.state != "same"
        )
        settings = configuration_diff(
            one.configuration_digest,
            other.configuration_digest,
            blobs=Blobs(load_config(home).blobs),
        )
        data = row_of(found) | {
            "differences": shown,
            "configuration": {"said": settings.said, "keys": rows_of(settings.keys)},
        }
        text = "\n".join([_text(found, shown), *_settings(settings)])
        answer = Answer("release diff", data, text=text, rows=shown)
        emit_marked(answer, form, connection)


def _text(found: ChangeDiff, shown: list[dict[str, object]]) -> str:
    who = ", ".join(found.decided_by)
    lines = [
        f"{found.label_a} → {found.label_b}",
        f"change class {found.change_class}, {found.decided_as} by {who}",
        f"changed: {', '.join(found.changed) or 'nothing that is recorded'}",
        f"Not recorded: {', '.join(found.not_recorded) or '-'}",
    ]
    lines += [
        f"  {row['state']:12} {row['dimension']}.{row['name']}:"
        f" {row['before'] or '-'} → {row['after'] or '-'}"
        for row in shown
    ]
    if found.truncated:
        lines.append(f"cut: {found.truncated}")
    return "\n".join(map(visible, lines))


def _settings(found: ConfigurationDiff) -> list[str]:
    lines = [f"configuration: {found.said}"]
    return lines + [
        visible(f"  {one.change:8} {one.key}: {one.before or '-'} → {one.after or '-'}")
        for one in found.keys
    ]


def release_withdraw(
    *,
    release: ReleaseArgument,
    reason: Annotated[str, Option(help="why")],
    kind: Annotated[
        Literal["withdrawn", "recalled"],
        Option(help="not to be deployed any more, or to be taken out of use as well"),
    ] = "withdrawn",
    notified: Annotated[
        list[str] | None, Option(help="consumer that was told; repeatable")
    ] = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Record that a release may no longer be used, from now on."""
    form = chosen(output, json=json)
    with reporting("release withdraw", form):
        from projections.asking import ALWAYS

        with auditing(home) as connection:
            found = release_named(connection, release, ALWAYS)
            handle = _handle(connection, found)
        with recording(home) as lg:
            made = lg.withdraw_release(
                handle, reason=reason, kind=kind, notified=notified or (), by=by
            )
        data = {
            "event_id": format_id(made.id),
            "release_id": found.event_id,
            "release": found.release,
            "kind": kind,
        }
        text = f"{found.release} is {kind}  (event {data['event_id']})"
        emit(Answer("release withdraw", data, text=text), form)


def _handle(connection: Connection, release: Release) -> Handle:
    from ledger.sdk import Release as Handle

    return Handle(
        id=release.event_id.bytes,
        digest=digest_of(connection, release.event_id),
        release=release.release,
        model=release.model or "",
        version=release.version or "",
        content=release.release_digest or "",
        artifact=release.artifact_digest or "",
        artifact_scheme="unknown",
        configuration=release.configuration_digest,
    )
