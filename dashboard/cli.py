"""Commands of the dashboard: ``serve``, ``demo`` and ``report``.

What needs an extra that is not installed says so instead.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from typer import Argument, BadParameter, Option

from ledger.extras import explain
from ledger.options import (
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, format_id, parse_id, parse_time, reporting


def register(app: typer.Typer) -> None:
    """Add the commands; one whose extra is absent names it."""
    if _has("psycopg", "jinja2"):
        group = typer.Typer(help="Documents to take away, each value with evidence.")
        group.command("build")(build)
        group.command("verify")(verify)
        app.add_typer(group, name="report")
    else:
        explain(app, ["report"], extra="ui")
    if _has("psycopg", "streamlit", "uvicorn"):
        app.command("serve")(serve)
    else:
        explain(app, ["serve"], extra="ui")
    if _has("psycopg", "jinja2", "sklearn"):
        app.command("demo")(demo)
    else:
        explain(app, ["demo"], extra="demo")


def _has(*modules: str) -> bool:
    return all(find_spec(module) is not None for module in modules)


def serve(
    *,
    host: Annotated[str, Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, Option(help="TCP port", min=1, max=65_535)] = 8600,
    home: HomeOption = None,
) -> None:
    """Serve the dashboard: pages, /healthz and /readyz on one port.

    It changes nothing; who takes a record away is recorded.
    """
    with reporting("serve"):
        from dashboard import serving

        if home is not None:
            os.environ["MLLEDGER_HOME"] = str(home.absolute())
        serving.serve(host=host, port=port)


def demo(
    *,
    scenario: Annotated[
        Literal["breast-cancer", "golden", "healthy"],
        Option(
            help="real data and models; a scripted world of all that can happen; a "
            "year in which nothing is wrong"
        ),
    ] = "breast-cancer",
    log: Annotated[
        Literal["sqlite", "kafka"], Option(help="what carries the ledger")
    ] = "sqlite",
    serve: Annotated[bool, Option("--serve", help="go on to the dashboard")] = False,
    home: HomeOption = None,
) -> None:
    """Fill a ledger from data to decisions, verify it, and break a copy of it."""
    with reporting("demo"):
        if scenario != "breast-cancer":
            if log != "sqlite":
                raise BadParameter(f"--scenario {scenario}: the embedded log alone")
            from dashboard import demo_worlds

            code = demo_worlds.run(scenario=scenario, home=home, serve=serve)
            raise typer.Exit(code)
        from dashboard.demo import run

        raise typer.Exit(run(home=home, log=log, serve=serve))


def build(
    *,
    report: Annotated[Literal["R5"], Argument(help="R5: individual decision record")],
    decision: Annotated[str, Option(help="id of the decision")],
    out: Annotated[Path, Option(help="folder for the JSON and HTML file")] = Path(),
    record: Annotated[
        bool, Option(help="keep the JSON and record that it was issued")
    ] = True,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Verify a decision's chain and write its record as JSON and HTML.

    The exit code is that of the verification; the record is written in any case.
    """
    form = chosen(output, json=json)
    command = f"report build {report}"
    with reporting(command, form):
        from dashboard.reports.commands import build_record

        data, code = build_record(
            home,
            UUID(bytes=parse_id(decision)),
            folder=out,
            record=record,
            known_as_of=parse_time(known_as_of) if known_as_of else None,
        )
        text = "\n".join(f"{key:13} {value}" for key, value in data.items() if value)
        answer = Answer(command, data, exit=code, text=text)
        if record and not data["in_log"]:
            answer.warnings.append(
                "the log did not take the event yet; it is in the journal and will be "
                "sent by the next process (mlledger journal flush)"
            )
        if data["unrecorded"]:
            answer.warnings.append(data["unrecorded"])
        emit(answer, form)


def verify(
    *,
    file: Annotated[Path, Argument(help="the JSON file", exists=True, dir_okay=False)],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Recompute a report's digest and say whether the ledger records it.

    0: recorded, and the record verifies; 2: not the JSON of a report; 4: no such digest
    is recorded; 5: the file is not in the form that was issued, the ledger records this
    report with another digest, or the record contradicts itself.
    """
    form = chosen(output, json=json)
    with reporting("report verify", form):
        from dashboard.reports.commands import check_report

        data: dict[str, Any] = check_report(home, file.read_bytes())
        records = ", ".join(
            f"{format_id(row['event_id'])} at {row['position']}, signed as "
            f"{row['identity']}, sealed {row['sealed_at']}"
            for row in data["records"]
        )
        text = f"{data['digest']}\n✔ recorded as issued: {records}"
        emit(Answer("report verify", data, text=text), form)
