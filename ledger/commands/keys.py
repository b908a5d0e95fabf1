"""``mlledger key``: make, authorise, list, show, rotate and revoke keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from ledger.commands import rotation
from ledger.commands.acting import SEALED, acting, control_of
from ledger.errors import InvalidEventError, NotFoundError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_time, parse_time, reporting
from ledger.spelling import identity_kind

if TYPE_CHECKING:
    from ledger.control import Control, KeyState
    from ledger.spelling import IdentityKind

KindOption = Annotated[
    Literal["service", "person"] | None,
    Option(help="who it is; the identity's first word says so already"),
]
TypesOption = Annotated[
    list[str] | None, Option(help="type it may sign, such as mlledger.prediction.*")
]


def register(app: typer.Typer) -> None:
    """Add ``key new | authorize | ls | show | rotate | rotate-log | revoke``."""
    group = typer.Typer(help="Keys: who may sign what.")
    group.command("new")(new)
    group.command("authorize")(authorize)
    group.command("ls")(ls)
    group.command("show")(show)
    group.command("rotate")(rotation.rotate)
    group.command("rotate-log")(rotation.rotate_log)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key")


def new(
    identity: Annotated[str, Argument(help="such as person:ana or service:scorer")],
    *,
    kind: KindOption = None,
    event_type: TypesOption = None,
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

        who = _kind(identity, kind)
        config = load_config(home)
        log = open_log(config)
        try:
            types = event_type or DEFAULT_TYPES
            made = new_key(config, log, identity=identity, kind=who, event_types=types)
        finally:
            log.close()
        add_identity(config, identity, f"file:{made.path.relative_to(config.home)}")
        data = {
            "identity": identity,
            "kind": who,
            "key_fp": made.key_fp.hex(),
            "path": str(made.path),
        }
        text = f"{identity}: key {made.key_fp.hex()[:16]}… in {made.path}\n{SEALED}"
        emit(Answer("key new", data, text=text), form)


def authorize(
    identity: Annotated[str, Argument(help="such as person:ana or service:scorer")],
    *,
    public_key: Annotated[
        str | None, Option(help="raw Ed25519 public key, 64 hex digits")
    ] = None,
    key: Annotated[str | None, Option(help="or the URI of the private key")] = None,
    kind: KindOption = None,
    event_type: TypesOption = None,
    attests: Annotated[
        bool, Option("--attests", help="may sign for persons it has authenticated")
    ] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Authorise a key that was made elsewhere, or change what a known one may sign.

    With --key the URI is noted in mlledger.toml as well: a file, a keyring, a token.
    """
    form = chosen(output, json=json)
    with reporting("key authorize", form), acting(home) as act:
        from ledger.administration import DEFAULT_TYPES, authorise
        from ledger.keys import key_fingerprint, load_signer
        from ledger.setup import add_identity

        who = _kind(identity, kind)
        if (public_key is None) == (key is None):
            raise InvalidEventError("give --public-key or --key, one of them")
        raw = (
            load_signer(key, base=act.config.home).public_key
            if key
            else _digits(public_key or "", "a public key")
        )
        authorise(
            act.config,
            act.log,
            identity=identity,
            kind=who,
            public_key=raw,
            event_types=event_type or DEFAULT_TYPES,
            attests=attests,
            control=act.control,
        )
        if key:
            add_identity(act.config, identity, key)
        found = key_fingerprint(raw).hex()
        data = {"identity": identity, "kind": who, "key_fp": found}
        text = f"{identity}: key {found[:16]}… authorised\n{SEALED}"
        emit(Answer("key authorize", data, text=text), form)


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

        states = control_of(load_config(home)).keys()
        emit(Answer("key ls", [_row(key) for key in states]), form)


def show(
    name: Annotated[
        str | None, Argument(help="an identity, or a key's 64 hex digits")
    ] = None,
    *,
    origin: Annotated[str | None, Option(help="the log keys of this origin")] = None,
    vkey: Annotated[bool, Option("--vkey", help="C2SP vkey lines alone")] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print keys as the control log has them: of an identity, or of an origin's log."""
    form = chosen(output, json=json)
    with reporting("key show", form):
        from ledger.config import load_config

        control = control_of(load_config(home))
        if (name is None) == (origin is None):
            raise InvalidEventError("name a key or an identity, or give --origin")
        answer = _log_keys(control, origin, bare=vkey) if origin else None
        emit(answer or _keys_of(control, name or ""), form)


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
    """Revoke a producer's key: what is sealed afterwards is refused.

    What was sealed since --compromised-since stays, and every answer calls it suspect.
    """
    form = chosen(output, json=json)
    with reporting("key revoke", form), acting(home) as act:
        from ledger import administration

        since = parse_time(compromised_since) if compromised_since else None
        administration.revoke(
            act.config,
            act.log,
            act.control,
            key_fp=_digits(key_fp, "a key fingerprint"),
            compromised_since=since,
            reason=reason,
        )
        text = f"{key_fp}: revoked; it counts once the control log is sealed"
        emit(Answer("key revoke", {"key_fp": key_fp}, text=text), form)


def _kind(identity: str, said: IdentityKind | None) -> IdentityKind:
    """Return the kind that an identity names; what ``--kind`` says must agree."""
    kind = identity_kind(identity)
    if said not in (None, kind):
        raise InvalidEventError(
            f"{identity}: is a {kind} by its name, not a {said}",
            hint=f"leave --kind out, or name it {said}:…",
        )
    return kind


def _digits(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidEventError(f"{text!r}: not {what}") from error


def _log_keys(control: Control, origin: str, *, bare: bool) -> Answer:
    log = control.logs.get(origin)
    if log is None:
        raise NotFoundError(
            f"{origin}: no such origin", hint=f"one of {sorted(control.log_vkeys)}"
        )
    rows = [
        {
            "vkey": str(key.vkey),
            "public_key": key.vkey.public_key.hex(),
            "announced_at": key.announced_at,
            "retired_at": key.retired_at,
        }
        for key in log.keys
    ]
    active = [str(vkey) for vkey in log.active]
    data = {
        "origin": origin,
        "vkey": str(log.vkey),
        "public_key": log.vkey.public_key.hex(),
        "keys": rows,
    }
    text = "\n".join(active if bare else [origin, *active])
    return Answer("key show", data, text=text, rows=rows)


def _keys_of(control: Control, name: str) -> Answer:
    known = control.keys()
    found = [key for key in known if name in (key.identity, key.key_fp.hex())]
    if not found:
        raise NotFoundError(f"{name}: no such key or identity", hint="mlledger key ls")
    return Answer("key show", [_row(key) for key in found])


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
        "compromised_since": format_time(key.compromised_since),
        "key_fp": key.key_fp.hex(),
    }
