"""``mlledger finding``: what is not as it should be, whoever found it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, reporting
from projections.commands import finding_moves
from projections.commands.control_rows import FINDING, FailOnOption, severity_at_least
from projections.commands.finding_rows import KeyArgument, named, row_of
from projections.commands.listing import emit_rows
from projections.commands.looking import words
from projections.commands.opening import auditing, bounds

if TYPE_CHECKING:
    from datetime import datetime

    from projections.controls.findings import Finding

StateName = Literal["open", "acknowledged", "closed", "all"]
_COLUMNS = ("finding", "state", "severity", "rule", "object", "opened", "owner", "due")


def register(app: typer.Typer) -> None:
    """Add ``finding``."""
    group = typer.Typer(no_args_is_help=True, help="What is not as it should be.")
    group.command("ls")(ls)
    group.command("show")(show)
    finding_moves.register(group)
    app.add_typer(group, name="finding")


def ls(  # noqa: PLR0913  options
    *,
    state: Annotated[
        StateName | None, Option(help="default: all that are not closed")
    ] = None,
    rule: Annotated[str | None, Option(help="found by this rule")] = None,
    system: Annotated[str | None, Option(help="of this AI system")] = None,
    fail_on: FailOnOption = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List findings, the gravest first, whoever found them."""
    form = chosen(output, json=json)
    with reporting("finding ls", form), auditing(home) as connection:
        from projections.controls.known import findings

        limits = bounds(as_of, known_as_of)
        least, now = severity_at_least(fail_on), limits.as_of or _now()
        found = [
            one
            for one in findings(connection, limits).values()
            if _is_wanted(one, state)
            and rule in (None, one.rule)
            and system in (None, one.system_id)
        ]
        found.sort(key=_gravity)
        rows = [row_of(one, now) for one in found]
        if any(one.severity in least for one in found):
            emit(Answer("finding ls", rows, exit=FINDING), form)
        emit_rows("finding ls", rows, form, columns=_COLUMNS)


def show(
    *,
    key: KeyArgument,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a finding, what it means, what to do, and everything recorded of it."""
    form = chosen(output, json=json)
    with reporting("finding show", form), auditing(home) as connection:
        from projections.controls.known import findings
        from projections.controls.rulebook import rules

        found = named(findings(connection), key)
        row = row_of(found, _now())
        if known := rules().get(found.rule or ""):
            row |= {"means": known.means, "do": known.do}
            row["provision"] = list(known.provision)
        emit(Answer("finding show", row, text=words(row)), form)


def _is_wanted(one: Finding, state: StateName | None) -> bool:
    if state is None:
        return one.state != "closed"
    return state in {"all", one.state}


def _gravity(one: Finding) -> tuple[int, str, str]:
    from projections.controls.rulebook import SEVERITIES

    known = one.severity in SEVERITIES
    rank = SEVERITIES.index(one.severity) if known else 0
    return (-rank, one.rule or "", one.finding)


def _now() -> datetime:
    from ledger import clock
    from projections.columns import to_time

    return to_time(clock.now_us())
