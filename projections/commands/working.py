"""``mlledger worker``: seal what was appended, project what was sealed."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, note, reporting

if TYPE_CHECKING:
    from projections.worker import Worker

PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


def register(app: typer.Typer) -> None:
    """Add ``worker``."""
    app.command("worker")(worker)


def worker(
    *,
    once: Annotated[bool, Option("--once", help="until all is done, then end")] = False,
    seal: Annotated[bool, Option(help="seal what was appended")] = True,
    project: Annotated[bool, Option(help="project what was sealed")] = True,
    watch: Annotated[
        bool, Option(help="look each minute who reads predictions (Kafka)")
    ] = True,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Seal and project: once with --once, else until SIGTERM or Ctrl-C."""
    form = chosen(output, json=json)
    with reporting("worker", form):
        from ledger.config import load_config
        from projections.worker import Worker

        stop = threading.Event()
        if not once:
            stop_on_signals(stop)
        config = load_config(home)
        with Worker(
            config, seal=seal, project=project, watch=watch, once=once, say=note
        ) as running:
            _work(running, config.name, once=once, stop=stop)
            done = running.done
        text = ", ".join(f"{count} {what}" for what, count in done.items())
        emit(Answer("worker", done, text=text), form)


def stop_on_signals(stop: threading.Event) -> None:
    """Set an event when the process is told to end."""

    def handle(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)


def _work(running: Worker, name: str, *, once: bool, stop: threading.Event) -> None:
    if once:
        running.step()
        return
    note(f"working on {name}; stop with Ctrl-C")
    _run(running, stop)


def _run(running: Worker, stop: threading.Event) -> None:
    """Step until told to stop; what is away is tried again, ever more slowly."""
    from ledger.errors import UnavailableError

    pause = PAUSE_S
    while not stop.is_set():
        try:
            busy = running.step()
            pause = PAUSE_S
        except UnavailableError as error:
            running.disconnect()
            busy, pause = False, min(pause * 2, LONGEST_PAUSE_S)
            note(f"{error}; trying again in {pause:.0f} s")
        if not busy:
            stop.wait(pause)
