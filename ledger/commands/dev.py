"""``mlledger dev``: servers for development, from Python packages alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, chosen
from ledger.output import Answer, emit, reporting

FolderOption = Annotated[
    Path | None, Option("--folder", help="data folder; default <home>/kafka")
]


def register(app: typer.Typer) -> None:
    """Add ``dev kafka start | stop | status``."""
    kafka = typer.Typer(help="A real Apache Kafka broker, for development.")
    kafka.command("start")(start)
    kafka.command("stop")(stop)
    kafka.command("status")(status)
    group = typer.Typer(help="Servers for development.")
    group.add_typer(kafka, name="kafka")
    app.add_typer(group, name="dev")


def start(
    *, folder: FolderOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Start the broker, or say where it runs already."""
    form = chosen("table", json=json)
    with reporting("dev kafka start", form):
        from ledger import devkafka

        broker = devkafka.start(_folder(folder, home))
        data = {"bootstrap": broker.bootstrap, "pid": broker.pid, "running": True}
        emit(Answer("dev kafka start", data, text=broker.bootstrap), form)


def stop(
    *, folder: FolderOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Stop the broker; its data stays."""
    form = chosen("table", json=json)
    with reporting("dev kafka stop", form):
        from ledger import devkafka

        stopped = devkafka.stop(_folder(folder, home))
        text = "stopped" if stopped else "was not running"
        emit(Answer("dev kafka stop", {"stopped": bool(stopped)}, text=text), form)


def status(
    *, folder: FolderOption = None, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Say whether the broker runs, and where."""
    form = chosen("table", json=json)
    with reporting("dev kafka status", form):
        from ledger import devkafka

        broker = devkafka.status(_folder(folder, home))
        data = {
            "running": broker is not None,
            "bootstrap": broker.bootstrap if broker else None,
            "pid": broker.pid if broker else None,
        }
        text = f"running at {broker.bootstrap}" if broker else "not running"
        emit(Answer("dev kafka status", data, text=text), form)


def _folder(folder: Path | None, home: Path | None) -> Path:
    from ledger.config import find_home

    return folder or (home or find_home()) / "kafka"
