"""``mlledger topic``: what the Kafka topics should be, are, and how they differ."""

from __future__ import annotations

from dataclasses import asdict

import typer

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

FINDING = 7


def register(app: typer.Typer) -> None:
    """Add ``topic plan | apply | check``."""
    group = typer.Typer(help="Kafka topics: desired, created, compared.")
    group.command("plan")(plan)
    group.command("apply")(apply)
    group.command("check")(check)
    app.add_typer(group, name="topic")


def plan(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the topics and settings this ledger wants; touches nothing."""
    form = chosen(output, json=json)
    with reporting("topic plan", form):
        from ledger import broker
        from ledger.config import load_config

        rows = [asdict(topic) for topic in broker.plan(load_config(home))]
        emit(Answer("topic plan", rows), form)


def apply(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Create the topics that are absent; existing ones are left as they are."""
    form = chosen(output, json=json)
    with reporting("topic apply", form):
        from ledger import broker
        from ledger.config import load_config

        made = broker.apply(load_config(home))
        emit(Answer("topic apply", [{"created": name} for name in made]), form)


def check(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Compare topics with the plan; exit 7 when a difference endangers evidence."""
    form = chosen(output, json=json)
    with reporting("topic check", form):
        from ledger import broker
        from ledger.config import load_config

        rows = [asdict(drift) for drift in broker.check(load_config(home))]
        serious = any(row["severity"] == "error" for row in rows)
        emit(Answer("topic check", rows, exit=FINDING if serious else 0), form)
