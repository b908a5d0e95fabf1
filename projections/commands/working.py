"""``mlledger worker``: seal what was appended, project what was sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, note, reporting

if TYPE_CHECKING:
    from ledger.stopping import Stopping
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
    controls: Annotated[
        bool | None,
        Option(help="check the rules that are due; default yes, with --once no"),
    ] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Seal and project: once with --once, else until SIGTERM or Ctrl-C."""
    form = chosen(output, json=json)
    with reporting("worker", form):
        from ledger.config import load_config
        from ledger.stopping import Stopping
        from projections.worker import Worker

        stop = Stopping() if once else Stopping.on_signals()
        config = load_config(home)
        checking = project and (not once if controls is None else controls)
        with Worker(
            config,
            seal=seal,
            project=project,
            watch=watch,
            controls=checking,
            once=once,
            say=note,
        ) as running:
            _work(running, config.name, once=once, stop=stop)
            done = running.done
        text = ", ".join(f"{count} {what}" for what, count in done.items())
        emit(Answer("worker", done, text=text), form)


def _work(running: Worker, name: str, *, once: bool, stop: Stopping) -> None:
    if once:
        running.step()
        if running.done["rules checked"]:
            running.step()  # what they found is sealed and projected as well
        return
    note(f"working on {name}; stop with Ctrl-C")
    _run(running, stop)


def _run(running: Worker, stop: Stopping) -> None:
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
    try:
        running.finish()
    except UnavailableError as error:
        note(f"{error}; what is not sealed waits for the next start")
