"""``mlledger key``: make, list, show and revoke keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from ledger.errors import InvalidEventError, NotFoundError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, parse_time, reporting

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control, KeyState


def register(app: typer.Typer) -> None:
    """Add ``key new | ls | show | revoke``."""
    group = typer.Typer(help="Keys: who may sign what.")
    group.command("new")(new)
    group.command("ls")(ls)
    group.command("show")(show)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def new(
    identity: Annotated[str, Argument(help="such as person:ana or service:scorer")],
    *,
    kind: Annotated[Literal["service", "person"], Option(help="who it is")] = "service",
    event_type: Annotated[
        list[str] | None, Option(help="type it may sign, such as mlledger.prediction.*")
    ] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make a key (0600), authorise it in the control log, note it in mlledger.toml."""
    form = chosen(output, json=json)
    with reporting("key new", form):
        from ledger.administration import DEFAULT_TYPES, new_key
        from ledger.config import load_config
        from ledger.log import open_log
        from ledger.setup import add_identity

        config = load_config(home)
        log = open_log(config)
        try:
            types = event_type or DEFAULT_TYPES
            made = new_key(config, log, identity=identity, kind=kind, event_types=types)
        finally:
            log.close()
        add_identity(config, identity, f"file:{made.path.relative_to(config.home)}")
        data = {
            "identity": identity,
            "kind": kind,
            "key_fp": made.key_fp.hex(),
            "path": str(made.path),
        }
        text = (
            f"{identity}: key {made.key_fp.hex()[:16]}… in {made.path}\n"
            "It counts once the control log is sealed (a running worker does that)."
        )
        emit(Answer("key new", data, text=text), form)


def ls(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List every key the sealed control log knows, with its state."""
    form = chosen(output, json=json)
    with reporting("key ls", form):
        from ledger.config import load_config

        states = _control(load_config(home)).keys()
        emit(Answer("key ls", [_row(key) for key in states]), form)


def show(
    *,
    origin: Annotated[str, Option(help="show the log key of this origin")],
    vkey: Annotated[bool, Option("--vkey", help="one C2SP vkey line")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the public log key of an origin, as the control log has it."""
    form = chosen(output, json=json)
    with reporting("key show", form):
        from ledger.config import load_config

        control = _control(load_config(home))
        found = control.log_vkeys.get(origin)
        if found is None:
            raise NotFoundError(
                f"{origin}: no such origin", hint=f"one of {sorted(control.log_vkeys)}"
            )
        data = {
            "origin": origin,
            "vkey": str(found),
            "public_key": found.public_key.hex(),
        }
        text = str(found) if vkey else f"{origin}\n{found}"
        emit(Answer("key show", data, text=text), form)


def revoke(
    key_fp: Annotated[str, Argument(help="64 hex digits, see key ls")],
    *,
    compromised_since: Annotated[
        str | None, Option(help="ISO 8601; earlier entries stay above suspicion")
    ] = None,
    reason: Annotated[str, Option(help="short text for the record")] = "",
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Revoke a producer's key: what is sealed afterwards is refused."""
    form = chosen(output, json=json)
    with reporting("key revoke", form):
        from ledger import administration
        from ledger.config import load_config
        from ledger.log import open_log

        config = load_config(home)
        log = open_log(config)
        try:
            administration.revoke(
                config,
                log,
                _control(config),
                key_fp=_fingerprint(key_fp),
                compromised_since=parse_time(compromised_since)
                if compromised_since
                else None,
                reason=reason,
            )
        finally:
            log.close()
        text = f"{key_fp}: revoked; it counts once the control log is sealed"
        emit(Answer("key revoke", {"key_fp": key_fp}, text=text), form)


def _fingerprint(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidEventError(f"{text!r}: not a key fingerprint") from error


def _control(config: Config) -> Control:
    from ledger.log import open_log
    from ledger.public import PublicFolder
    from ledger.verification import load_control

    log = open_log(config)
    try:
        return load_control(log, PublicFolder(Path(config.public)), config.ledger_id)
    finally:
        log.close()


def _row(key: KeyState) -> dict[str, object]:
    role = "root" if key.is_root else "operator" if key.is_operator else key.kind
    state = "authorised" if key.revoked_at is None else "revoked"
    return {
        "identity": key.identity,
        "role": role,
        "state": state,
        "event_types": list(key.event_types),
        "authorised_at": key.authorised_at,
        "revoked_at": key.revoked_at,
        "key_fp": key.key_fp.hex(),
    }
