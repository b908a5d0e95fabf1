"""``mlledger control``: rules, their checks, and whether they find what they should."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, MomentOption, OutputOption, chosen
from ledger.output import Answer, emit, format_id, note, reporting
from projections.commands.control_rows import (
    FINDING,
    FailOnOption,
    found_rows,
    listed,
    pairs,
    setting_row,
    severity_at_least,
    summary,
    told_line,
    told_row,
)
from projections.commands.emitting import SEALED, ByOption, record, recording
from projections.commands.listing import emit_rows
from projections.commands.opening import auditing, bounds, opened

if TYPE_CHECKING:
    from projections.controls.engine import Result
    from projections.controls.recording import Recorded
    from projections.controls.rulebook import Rule
    from projections.database import Database

RulesArgument = Annotated[
    list[str] | None, Argument(metavar="RULE", help="ids of rules; default all")
]
_COLUMNS = ("rule", "severity", "on", "checked", "population", "open", "title")


def register(app: typer.Typer) -> None:
    """Add ``control``."""
    group = typer.Typer(no_args_is_help=True, help="Rules that look for what is wrong.")
    group.command("ls")(ls)
    group.command("show")(show)
    group.command("run")(run)
    group.command("set")(set_rule)
    group.command("table")(table)
    app.add_typer(group, name="control")


def ls(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the rules: how they are set, when they were checked, what is open."""
    form = chosen(output, json=json)
    with reporting("control ls", form), auditing(home) as connection:
        from projections.controls.findings import State
        from projections.controls.known import findings, last_checks
        from projections.controls.rulebook import rules
        from projections.controls.settings import in_force, rule_settings

        settings, checks = rule_settings(connection), last_checks(connection)
        known = findings(connection).values()
        still_open = [one.rule for one in known if one.state is not State.CLOSED]
        rows = [
            listed(
                rule,
                in_force(rule, settings.get(rule.id, {})),
                checks.get(rule.id),
                still_open.count(rule.id),
            )
            for rule in rules().values()
        ]
        emit_rows("control ls", rows, form, columns=_COLUMNS)


def show(
    *,
    rule: Annotated[str, Argument(metavar="RULE", help="id of the rule")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Show a rule: what it means, what to do, its query, its settings, its findings."""
    form = chosen(output, json=json)
    with reporting("control show", form), auditing(home) as connection:
        from projections.controls.known import findings, last_checks
        from projections.controls.rule_text import rule_text
        from projections.controls.rulebook import rule_named
        from projections.controls.settings import in_force, rule_settings

        found = rule_named(rule)
        settings = rule_settings(connection).get(found.id, {})
        known = findings(connection).values()
        row = listed(
            found, in_force(found, settings), last_checks(connection).get(found.id), 0
        )
        del row["open"]
        row["settings"] = [setting_row(one) for one in settings.values()]
        row["findings"] = [
            {"finding": one.finding, "state": one.state, "cause": one.cause}
            for one in known
            if one.rule == found.id
        ]
        row["query"] = rule_text(found.id)
        text = "\n".join(f"{key:11} {value}" for key, value in row.items())
        emit(Answer("control show", row, text=text), form)


def run(
    *,
    rules: RulesArgument = None,
    as_of: MomentOption = None,
    dry_run: Annotated[bool, Option("--dry-run", help="record nothing")] = False,
    fail_on: FailOnOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Check rules now and record what they find; with --as-of nothing is recorded."""
    form = chosen(output, json=json)
    with reporting("control run", form), opened(home) as (config, database):
        from projections.controls.rulebook import chosen_rules
        from projections.controls.running import check

        least = severity_at_least(fail_on)
        wanted = chosen_rules(rules)
        recorded: Recorded | None = None
        if dry_run or as_of is not None:
            results = _looked(database, wanted, as_of)
        else:
            with (
                database.connect("auditor", autocommit=True) as connection,
                recording(config) as emitter,
            ):
                who = config.producer.identity
                results, recorded = check(connection, wanted, emitter, who=who)
            note(SEALED)
        made = Answer(
            "control run", [row for one in results for row in found_rows(one)]
        )
        made.meta |= summary(results, recorded)
        if any(
            (row.severity or one.rule.severity) in least
            for one in results
            for row in one.breaches.values()
        ):
            made.exit = FINDING
        if not made.data and form == "table":
            made.text = f"{len(results)} rules checked, nothing found"
        emit(made, form)


def set_rule(  # noqa: PLR0913  options
    *,
    rule: Annotated[str, Argument(metavar="RULE", help="id of the rule")],
    reason: Annotated[str, Option(help="why; it is recorded")],
    param: Annotated[
        list[str] | None, Option("--param", "-p", help="KEY=VALUE, repeatable")
    ] = None,
    system: Annotated[
        str | None, Option(help="for this AI system alone; default all")
    ] = None,
    enabled: Annotated[bool, Option("--on/--off", help="whether it is checked")] = True,
    every: Annotated[
        int | None, Option(min=60, help="seconds between two checks")
    ] = None,
    by: ByOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Set a rule's parameters, or switch it on or off; the change is recorded."""
    form = chosen(output, json=json)
    with reporting("control set", form), opened(home) as (config, database):
        from projections.controls.rulebook import as_texts, rule_named, set_parameters
        from projections.controls.settings import in_force, rule_settings

        found = rule_named(rule)
        with database.connect("auditor") as connection:
            settings = rule_settings(connection).get(found.id, {})
        now, before = in_force(found, settings), settings.get(system)
        current = now.systems.get(system or "", now.parameters)
        values = set_parameters(found, {**current, **pairs(param or [])})
        with recording(config, by) as emitter:
            made = record(
                emitter,
                "control.rule.set",
                rule=found.id,
                title=found.title,
                severity=found.severity,
                digest=found.digest,
                parameters=as_texts(values),
                system=system,
                enabled=enabled,
                every_s=every or now.every_s,
                previous=before and before.event_id.bytes,
                digest_before=before and before.digest,
                parameters_before=as_texts(current),
                by=by or config.producer.identity,
                reason=reason,
            )
        note(SEALED)
        row: dict[str, object] = {
            "rule": found.id,
            "system": system,
            "on": enabled,
            "parameters": values,
            "event_id": format_id(made.id),
        }
        text = ", ".join(f"{name} {value}" for name, value in row.items())
        emit(Answer("control set", row, text=text), form)


def table(
    *,
    rules: RulesArgument = None,
    dsn: Annotated[
        str, Option(help="empty database to use; default an embedded server")
    ] = "",
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Tell a fault and a clean twin for each rule, and see what the rules find."""
    form = chosen(output, json=json)
    with reporting("control table", form):
        from projections.golden.control_table import control_table

        with tempfile.TemporaryDirectory(prefix="mlledger-controls-") as folder:
            found = control_table(Path(folder), dsn=dsn, chosen=rules or ())
        passed = sum(row.passed for row in found)
        said = f"{passed} passed, {len(found) - passed} failed"
        rows = [told_row(row) for row in found]
        answer = Answer("control table", rows, exit=int(passed < len(found)))
        answer.meta["result"] = said
        if form == "table":
            answer.text = "\n".join([*map(told_line, found), said])
        emit(answer, form)


def _looked(database: Database, wanted: list[Rule], as_of: str | None) -> list[Result]:
    """Evaluate rules without recording anything."""
    from ledger import clock
    from projections.columns import to_time
    from projections.controls.engine import evaluate

    now = to_time(clock.now_us())
    then = bounds(as_of, None).as_of or now
    with database.connect("auditor") as connection:
        return evaluate(connection, wanted, as_of=then, known_as_of=now)
