"""``mlledger consumer ls | undeclared``: who reads, who declared it, who did not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from ledger.commands.consumers import group
from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, parse_time, reporting
from projections.commands.opening import auditing, bounds, brief, rows_of

if TYPE_CHECKING:
    import typer

    from ledger.output import Format
    from projections.integrity.queries import Consumer, ConsumerCoverage

FINDING = 7
UNEXPLAINED = "use without a declared contract: explanation needed"
NOT_LOOKED = "nobody has looked for consumers yet: mlledger consumer scan"
_COLUMNS = (
    "consumer",
    "resource",
    "state",
    "observations",
    "undeclared",
    "first_seen",
    "last_seen",
    "clients",
    "hosts",
)
SinceOption = Annotated[
    str | None, Option(help="seen then or later; ISO 8601, default ever")
]


def register(app: typer.Typer) -> None:
    """Add ``consumer ls | undeclared`` to the group that the ledger's commands made."""
    del app
    present = {command.name for command in group.registered_commands}
    for name, command in (("ls", ls), ("undeclared", undeclared)):
        if name not in present:
            group.command(name)(command)


def ls(
    *,
    since: SinceOption = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List consumers: declared, seen, or both; those to be explained first."""
    form = chosen(output, json=json)
    with reporting("consumer ls", form):
        found, coverage = _asked(home, since, as_of, known_as_of)
        emit(answer("consumer ls", found, coverage, form), form)


def undeclared(
    *,
    fail_on: Annotated[
        str | None,
        Option(help="`undeclared`: exit 7 when there is one; default exit 0"),
    ] = None,
    since: SinceOption = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List consumers that were seen when no contract of theirs was in force."""
    form = chosen(output, json=json)
    with reporting("consumer undeclared", form):
        _check(fail_on)
        found, coverage = _asked(home, since, as_of, known_as_of)
        unexplained = [one for one in found if one.undeclared]
        made = answer("consumer undeclared", unexplained, coverage, form)
        if unexplained and fail_on:
            made.exit = FINDING
        if not unexplained and form == "table":
            made.text = "no undeclared consumer was seen"
        emit(made, form)


def answer(
    command: str, found: list[Consumer], coverage: list[ConsumerCoverage], form: Format
) -> Answer:
    """Return consumers as an answer that also says where and how well was looked."""
    rows = [
        {"state": state(one), **row}
        for one, row in zip(found, rows_of(found), strict=True)
    ]
    shown = brief(rows, *_COLUMNS) if form == "table" else rows
    return Answer(
        command,
        shown,
        warnings=_warnings(found, coverage),
        meta={"coverage": rows_of(coverage)},
    )


def state(one: Consumer) -> str:
    """Return in a few words how a consumer's contract and use stand to each other."""
    if not one.observed:
        return "declared, never seen"
    if not one.undeclared:
        return "declared and seen"
    return UNEXPLAINED if not one.declared else "declared now; was undeclared before"


def _check(fail_on: str | None) -> None:
    from ledger.errors import InvalidEventError

    if fail_on not in {None, "undeclared"}:
        raise InvalidEventError(
            f"--fail-on {fail_on}: no such finding", hint="--fail-on undeclared"
        )


def _asked(
    home: Path | None, since: str | None, as_of: str | None, known_as_of: str | None
) -> tuple[list[Consumer], list[ConsumerCoverage]]:
    from projections.columns import to_time
    from projections.integrity.queries import consumer_coverage, consumers

    limits = bounds(as_of, known_as_of)
    begin = None if since is None else to_time(parse_time(since))
    with auditing(home) as connection:
        found = consumers(connection, since=begin, bounds=limits)
        return found, consumer_coverage(connection, bounds=limits)


def _warnings(found: list[Consumer], coverage: list[ConsumerCoverage]) -> list[str]:
    open_cases = sum(1 for one in found if one.undeclared)
    warnings = [f"{open_cases} × {UNEXPLAINED}"] if open_cases else []
    if not coverage:
        return [*warnings, NOT_LOOKED]
    for one in coverage:
        text = f"looked at {one.resource} until {one.watched_to:%Y-%m-%dT%H:%M:%SZ}"
        broken = f"; {one.broken} windows with breaks" if one.broken else ""
        warnings.append(f"{text} by {one.collector}{broken}")
    spots = dict.fromkeys(spot for one in coverage for spot in one.blind_spots)
    return [*warnings, *(f"cannot be seen: {spot}" for spot in spots)]
