"""``mlledger worker``: seal what was appended, project what was sealed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, note, reporting, warn

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.stopping import Stopping

PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
_DRIFT = "differences recorded"
_EXTRA = "pip install 'mlledger[embedded]'"


class Working(AbstractContextManager["Working"], Protocol):
    """What a worker runs: it works step by step, and counts what it did."""

    done: dict[str, int]

    def step(self) -> bool:
        """Do all that is there now; tell whether there was anything."""
        ...

    def finish(self) -> None:
        """Leave nothing unsealed: the last step of a service."""
        ...

    def disconnect(self) -> None:
        """Close every connection; the next step makes new ones."""
        ...


PROJECTING: list[Callable[..., Working]] = []
"""Makes what seals and projects; filled by the package that can, if it is installed."""


def register(app: typer.Typer) -> None:
    """Add ``worker``."""
    app.command("worker")(worker)


def worker(
    *,
    once: Annotated[bool, Option("--once", help="until all is done, then end")] = False,
    seal: Annotated[bool, Option(help="seal what was appended")] = True,
    project: Annotated[
        bool | None, Option(help="project what was sealed; default: if it is installed")
    ] = None,
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

        stop = Stopping() if once else Stopping.on_signals()
        config = load_config(home)
        if PROJECTING:
            projects = project is not False
            checks = projects and (not once if controls is None else controls)
            made = PROJECTING[0](
                config,
                seal=seal,
                project=projects,
                watch=watch,
                controls=checks,
                once=once,
                say=warn,
            )
        else:
            _refuse(project=project, controls=controls)
            made = _sealing(config, seal=seal, watch=watch, once=once)
            if project is None:
                warn(f"this installation seals; nothing is projected: {_EXTRA}")
        with made as running:
            _work(running, config.name, once=once, stop=stop)
            done = running.done
        text = ", ".join(f"{count} {what}" for what, count in done.items())
        emit(Answer("worker", done, text=text), form)


def _refuse(*, project: bool | None, controls: bool | None) -> None:
    """Refuse what was asked for and is not installed."""
    from ledger.errors import ConfigurationError

    for name, wanted in (("project", project), ("controls", controls)):
        if wanted:
            raise ConfigurationError(
                f"mlledger worker --{name}: needs packages that are not installed",
                hint=_EXTRA,
            )


def _sealing(config: Config, *, seal: bool, watch: bool, once: bool) -> Working:
    from ledger.sealing_service import SealingService

    return SealingService(config, seal=seal, watch=watch, once=once, say=warn)


def _work(running: Working, name: str, *, once: bool, stop: Stopping) -> None:
    if once:
        running.step()
        if running.done.get("rules checked") or running.done.get(_DRIFT):
            running.step()  # what they found is sealed and projected as well
        return
    note(f"working on {name}; stop with Ctrl-C")
    _run(running, stop)


def _run(running: Working, stop: Stopping) -> None:
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
            warn(f"{error}; trying again in {pause:.0f} s")
        if not busy:
            stop.wait(pause)
    try:
        running.finish()
    except UnavailableError as error:
        warn(f"{error}; what is not sealed waits for the next start")
