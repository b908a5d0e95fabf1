"""``mlledger deployment ls | at | show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, note, reporting
from ledger.visible import visible
from projections.commands.listing import emit_marked, emit_rows, shorten
from projections.commands.looking import (
    EventArgument,
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
    identifier,
    row_of,
    rows_of,
)

if TYPE_CHECKING:
    from uuid import UUID

    from projections.asking import Bounds
    from projections.database import Connection
    from projections.registry.answers import Deployment
    from projections.registry.gates import GateCheck

EnvironmentOption = Annotated[
    str | None, Option("--env", help="name of the environment")
]
_STEPS, _ATTESTED = 1_000, 100
_ABSENT = (
    "rows that were taken out of the tables would read the same; whether any are "
    "lacking: mlledger verify projection, or mlledger audit"
)
_COLUMNS = (
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
    "stopped_at",
    "gates",
    "late",
)


def deployment_ls(  # noqa: PLR0913  options
    *,
    env: EnvironmentOption = None,
    model: Annotated[str | None, Option(help="name of the model")] = None,
    limit: LimitOption = 20,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List deployments, ended ones too, newest first, with their gates."""
    form = chosen(output, json=json)
    with reporting("deployment ls", form), auditing(home) as connection:
        from projections.registry.gates import gates
        from projections.registry.listed import deployment_page

        limits = bounds(as_of, known_as_of)
        found = deployment_page(
            connection,
            environment=env,
            model=model,
            limit=limit,
            page_token=page_token,
            bounds=limits,
        )
        checks = gates(
            connection,
            deployments=[one.event_id for one in found],
            limit=max(1, len(found)),
            now=present_moment(),
            bounds=limits,
        )
        emit_rows(
            "deployment ls",
            _rows(found, checks),
            form,
            columns=_COLUMNS,
            token=found.next_page_token,
            connection=connection,
        )


def deployment_at(
    *,
    time: Annotated[str, Argument(metavar="TIME", help="ISO 8601; no zone is UTC")],
    env: EnvironmentOption = None,
    system: Annotated[str | None, Option(help="name of the AI system")] = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Say which releases answered at a moment; two champions are two rows."""
    form = chosen(output, json=json)
    with reporting("deployment at", form), auditing(home) as connection:
        from projections.registry.gates import gates
        from projections.registry.queries import live_at

        limits = bounds(time, known_as_of)
        found = live_at(connection, environment=env, system=system, bounds=limits)
        checks = gates(
            connection,
            deployments=[one.event_id for one in found],
            limit=max(1, len(found)),
            now=present_moment(),
            bounds=limits,
        )
        if not found and form == "table":
            note(_ABSENT)
        emit_rows(
            "deployment at",
            _rows(found, checks),
            form,
            columns=_COLUMNS,
            connection=connection,
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
    """Show a deployment: gates met and not, history, what its processes attested."""
    form = chosen(output, json=json)
    with reporting("deployment show", form), auditing(home) as connection:
        from projections.registry import queries

        limits, key = bounds(as_of, known_as_of), identifier(deployment)
        found = queries.deployments(connection, deployment=key, bounds=limits)
        one = present(found, f"deployment {deployment}")[0]
        history = queries.deployment_history(
            connection, key, limit=_STEPS + 1, bounds=limits
        )
        attested = queries.attestations(
            connection, deployment=key, limit=_ATTESTED + 1, bounds=limits
        )
        checks = _gates(connection, key, limits)
        data = row_of(one, key="deployment_id") | {
            "gates": rows_of(checks, key="deployment_id"),
            "history": marked(rows_of(history)),
            "attestations": rows_of(attested),
        }
        steps = f"all: mlledger query Q03 -p deployment={key} -p limit=…"
        said = f"all: mlledger query attestations -p deployment={key} -p limit=…"
        cuts = shorten(
            data, {"history": (_STEPS, steps), "attestations": (_ATTESTED, said)}
        )
        answer = Answer("deployment show", data, text=_text(data, checks))
        answer.warnings += [_warning(check) for check in checks if _is_open(check)]
        answer.warnings += cuts
        answer.complete = not cuts
        emit_marked(answer, form, connection)


def _gates(connection: Connection, key: UUID, limits: Bounds) -> list[GateCheck]:
    from projections.registry.gates import gates

    return gates(connection, deployment=key, now=present_moment(), bounds=limits)


def _rows(found: list[Deployment], checks: list[GateCheck]) -> list[dict[str, object]]:
    """Return deployments as rows, each with its gates in words."""
    said: dict[UUID, list[str]] = {}
    for check in checks:
        said.setdefault(check.event_id, []).append(_word(check))
    rows = [
        row_of(one, key="deployment_id")
        | {"gates": "; ".join(said.get(one.event_id, ["not known"]))}
        for one in found
    ]
    return marked(rows)


def _word(check: GateCheck) -> str:
    mark = {
        "met": "✔",
        "met afterwards": "✔",
        "excepted": "!",
        "no gate": "-",
        "newer than the deployment": "-",
    }
    sign = "✖" if check.lapsed_at else mark.get(check.status, "✖")
    sign = "?" if check.status in {"unknown", "environment not registered"} else sign
    lapsed = ", lapsed" if check.lapsed_at else ""
    return (
        f"{sign} {check.gate}: {check.status}{lapsed}"
        if check.gate
        else (f"{sign} {check.status}")
    )


def _is_open(check: GateCheck) -> bool:
    from projections.registry.gates import is_open

    return is_open(check)


def _warning(check: GateCheck) -> str:
    why = [*check.notes, *(f"no {name}" for name in check.missing_evidence)]
    if check.lapsed_at:
        why.append(f"its approvals lapsed at {check.lapsed_at:%Y-%m-%dT%H:%M:%SZ}")
    if len(check.approved_by) < check.needed:
        why.append(f"{len(check.approved_by)} of {check.needed} approvals count")
    if check.second_person == "unknown":
        why.append("whether the approver is among the authors is not recorded")
    return f"gate {check.gate}: {check.status}" + (
        f" ({'; '.join(why)})" if why else ""
    )


def _text(data: dict[str, object], checks: list[GateCheck]) -> str:
    lines = [visible(f"  {_word(check)}{_by(check)}") for check in checks]
    rest = {name: value for name, value in data.items() if name != "gates"}
    return "\n".join([words(rest), "gates:", *lines])


def _by(check: GateCheck) -> str:
    parts = [", ".join(check.approved_by)]
    if check.second_person:
        known = {"yes": "second person recorded"}
        parts.append(known.get(check.second_person, "second person: unknown"))
    if check.exception:
        parts.append(f"exception {check.exception}: {check.compensating_control}")
    shown = "; ".join(part for part in parts if part)
    return f"  ({shown})" if shown else ""
