"""``mlledger topic``: Kafka topics as they should be and are; who needs what rights."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from typer import Option

from ledger.errors import UsageError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

FINDING = 7


def register(app: typer.Typer) -> None:
    """Add ``topic plan | apply | check | rights``."""
    group = typer.Typer(help="Kafka topics: desired, created, compared, allowed.")
    group.command("plan")(plan)
    group.command("apply")(apply)
    group.command("check")(check)
    group.command("rights")(rights)
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


def rights(
    *,
    role: Annotated[str, Option(help="one role; default all of them")] = "",
    principal: Annotated[
        str, Option(help="who has the role, such as User:CN=emitter; default User:ROLE")
    ] = "",
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the least that each role must be allowed on the cluster; touches nothing.

    Each row ends with the arguments of Kafka's kafka-acls.sh that allow it. A worker is
    sealer, projector, observer and emitter.
    """
    form = chosen(output, json=json)
    with reporting("topic rights", form):
        from ledger import broker_rights
        from ledger.config import load_config

        if role and role not in broker_rights.ROLES:
            known = ", ".join(broker_rights.ROLES)
            raise UsageError(f"--role: {role!r} is no role", hint=known)
        rows = [
            {**asdict(one), "allow": one.command(principal or f"User:{one.role}")}
            for one in broker_rights.rights(load_config(home), role)
        ]
        emit(Answer("topic rights", rows), form)
