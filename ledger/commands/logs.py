"""``mlledger log trim | restore`` and ``mlledger seal rebuild-state``."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.config import Config
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, note, reporting
from ledger.output import progress as show_progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.log import Log
    from ledger.seal import State

OriginArgument = Annotated[str, Argument(metavar="ORIGIN", help="such as acme/p0")]
_LOOK_S = 0.25
SEAL_DSN: list[Callable[[Config], AbstractContextManager[str]]] = []
"""How to reach the sealer's database where the settings name none; at most one way."""


def register(app: typer.Typer) -> None:
    """Add ``log trim | restore`` and ``seal rebuild-state``."""
    group = typer.Typer(help="The logs: what is deleted, and what was lost.")
    group.command("trim")(trim)
    group.command("restore")(restore)
    app.add_typer(group, name="log")
    seal = typer.Typer(help="The sealer's own state.")
    seal.command("rebuild-state")(rebuild_state)
    seal.callback()(_seal)
    app.add_typer(seal, name="seal")


def _seal() -> None:
    """Look after the sealer's own state; sealing itself is done by the worker."""


def trim(
    origin: OriginArgument,
    *,
    before: Annotated[int, Option(min=1, help="first offset that is kept")],
    rule: Annotated[str, Option(help="retention rule that asks for it")],
    archive: Annotated[
        bool, Option(help="refuse unless the records are archived")
    ] = True,
    seal: Annotated[
        bool, Option("--seal", help="seal here; only where no worker runs")
    ] = False,
    wait: Annotated[
        float, Option(min=0.0, help="seconds to wait for a worker to seal")
    ] = 10.0,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Delete the beginning of a log for good, once the control log says that it may."""
    form = chosen(output, json=json)
    with reporting("log trim", form):
        from ledger import recovery
        from ledger.config import load_config
        from ledger.log import open_log

        config = load_config(home)
        log = open_log(config)
        try:
            done = recovery.trim(
                config,
                log,
                origin=origin,
                before=before,
                rule=rule,
                archived=archive,
                seal=_sealing(config, log) if seal else _waiting(config, log, wait),
            )
        finally:
            log.close()
        data = {
            "origin": done.origin,
            "first": done.first,
            "before": done.before,
            "control_leaf": done.control_leaf,
            "archive": done.archive.hex() if done.archive else None,
        }
        text = (
            f"{done.origin}: offsets {done.first} to {done.before - 1} are deleted, as "
            f"control leaf {done.control_leaf} says"
        )
        emit(Answer("log trim", data, text=text), form)


def restore(
    origin: OriginArgument,
    *,
    archive: Annotated[
        Path | None, Option(help="folder of the archive; default the home's own")
    ] = None,
    why: Annotated[str, Option(help="the cause, for the record")] = "its log was lost",
    by: Annotated[str | None, Option(help="who declares the loss, as claimed")] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Restore a lost log: put it back, or break it off and go on in a new epoch.

    Stop the worker before. Producers follow the new epoch by themselves.
    """
    form = chosen(output, json=json)
    with reporting("log restore", form):
        from ledger import recovery
        from ledger.config import load_config

        config = load_config(home)
        with ExitStack() as stack:
            there = _has_state(config)
            state = stack.enter_context(_state(config)) if there else None
            done = recovery.restore(
                config,
                origin=origin,
                archive=archive or config.archive,
                state=state,
                why=why,
                declared_by=by,
            )
        data = {
            "origin": done.origin,
            "size": done.size,
            "records": done.records,
            "lost": done.lost,
            "continued": done.continued,
        }
        emit(Answer("log restore", data, text=_restored(data)), form)


def _restored(data: Mapping[str, object]) -> str:
    origin, following = data["origin"], data["continued"]
    if origin == following:
        return (
            f"{origin}: {data['records']} records are back at their own offsets.\n"
            f"Next: mlledger seal rebuild-state --origin {origin}"
        )
    return (
        f"{origin}: closed at {data['size']} leaves; {data['records']} records are in "
        f"the archive, {data['lost']} are lost and declared so.\n"
        f"It goes on in {following}. Next: mlledger worker"
    )


@contextmanager
def _state(config: Config) -> Generator[State]:
    from ledger.seal import open_state

    with ExitStack() as stack:
        dsn = ""
        if config.seal.state == "postgres" and not config.database.seal_dsn:
            for reach in SEAL_DSN:
                dsn = stack.enter_context(reach(config))
        state = open_state(config, dsn=dsn)
        stack.callback(state.close)
        yield state


def _has_state(config: Config) -> bool:
    """Whether the sealer's state can be asked: in the embedded log it may be gone."""
    return config.seal.state != "sqlite" or (
        config.log_path.is_file()
        if config.log.kind == "sqlite"
        else (config.home / "seal.sqlite").is_file()
    )


def rebuild_state(
    *,
    origin: Annotated[
        list[str] | None, Option("--origin", help="only this origin; may be repeated")
    ] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make the sealer's state anew from tiles and records. Stop the worker before."""
    form = chosen(output, json=json)
    with reporting("seal rebuild-state", form):
        from ledger import recovery
        from ledger.config import load_config
        from ledger.log import open_log
        from ledger.public import PublicFolder
        from ledger.verification import ControlReader

        config = load_config(home)
        rows: list[dict[str, object]] = []
        with ExitStack() as stack:
            log, public = open_log(config), PublicFolder(config.public)
            stack.callback(log.close)
            state = stack.enter_context(_state(config))
            control = ControlReader(log=log, public=public, ledger_id=config.ledger_id)
            control.refresh()
            advance = stack.enter_context(show_progress("rebuild-state"))
            for name in origin or config.origins:
                done = recovery.rebuild_state(
                    config,
                    log=log,
                    state=state,
                    control=control,
                    origin=name,
                    progress=advance,
                )
                rows.append(
                    {
                        "origin": done.origin,
                        "was": done.was,
                        "size": done.size,
                        "unchecked": done.unchecked,
                    }
                )
        emit(Answer("seal rebuild-state", rows), form)


def _sealing(config: Config, log: Log) -> Callable[[], None]:
    def seal() -> None:
        from ledger.log import CONTROL
        from ledger.seal import drain, sealers_for

        with _state(config) as state:
            drain(sealers_for(config, log, state, partitions=[CONTROL]))

    return seal


def _waiting(config: Config, log: Log, seconds: float) -> Callable[[], None]:
    def wait() -> None:
        import time

        from ledger import clock
        from ledger.log import CONTROL
        from ledger.public import OriginReader, PublicFolder, offset_to_leaf
        from ledger.verification import ControlReader

        public = PublicFolder(config.public)
        control = ControlReader(log=log, public=public, ledger_id=config.ledger_id)
        last = log.bounds(CONTROL)[1] - 1
        until = clock.monotonic() + seconds
        note("waiting for the worker to seal the control log …")
        while clock.monotonic() < until:
            control.refresh()
            reader = OriginReader(public, control.vkey, checkpoint=control.checkpoint)
            if offset_to_leaf(reader, last) is not None:
                return
            time.sleep(_LOOK_S)

    return wait
