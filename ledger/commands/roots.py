"""``mlledger root`` and ``mlledger operator``: what a threshold of roots decides.

Roots that lie on several machines agree by way of a file: ``root set --out FILE``
writes the statement down, ``root sign FILE`` adds endorsements, ``root submit FILE``
appends.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.commands.acting import (
    SEALED,
    RootKeyOption,
    acting,
    control_of,
    root_signers,
)
from ledger.errors import ConflictError, InvalidEventError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

if TYPE_CHECKING:
    from ledger.events.base import Event
    from ledger.events.ledger import StatementEndorsed
    from ledger.rotation import Act

OutOption = Annotated[
    Path | None, Option(help="write the statement there for others to sign")
]


def register(app: typer.Typer) -> None:
    """Add ``root show | new | set | witnesses | sign | submit``, ``operator``."""
    group = typer.Typer(help="Root keys: the threshold that everything rests on.")
    group.command("show")(show)
    group.command("new")(new)
    group.command("set")(set_roots)
    group.command("witnesses")(witnesses)
    group.command("sign")(sign)
    group.command("submit")(submit)
    app.add_typer(group, name="root")
    operator = typer.Typer(help="The operator: who runs the control log.")
    operator.command("replace")(replace)
    # A group of one command would swallow its name.
    operator.callback()(lambda: None)
    app.add_typer(operator, name="operator")


def show(
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print roots, threshold, operators and witness policy in force."""
    form = chosen(output, json=json)
    with reporting("root show", form):
        from ledger.config import load_config

        control = control_of(load_config(home))
        data: dict[str, object] = {
            "threshold": control.threshold,
            "roots": [key.hex() for key in control.root_keys],
            "operators": [key.hex() for key in control.operator_keys],
            "witness_policy": control.witness_policy,
        }
        text = "\n".join(
            [
                f"{control.threshold} of {len(control.root_keys)} roots must agree",
                *(f"root {key.hex()}" for key in control.root_keys),
                *(f"operator {key.hex()}" for key in control.operator_keys),
                control.witness_policy.rstrip("\n") or "no witness policy",
            ]
        )
        emit(Answer("root show", data, text=text), form)


def new(
    path: Annotated[Path, Argument(help="key file to make, 0600")],
    *,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make a root key on this machine; it has no say before root set --add."""
    form = chosen(output, json=json)
    with reporting("root new", form):
        from ledger.administration import make_key_file

        public = make_key_file(path).public_key.hex()
        data = {"path": str(path), "public_key": public}
        text = f"{path}\npublic key {public}"
        emit(Answer("root new", data, text=text), form)


def set_roots(
    *,
    threshold: Annotated[
        int | None, Option(min=1, help="how many roots must agree from then on")
    ] = None,
    add: Annotated[
        list[str] | None,
        Option(help="new root: key URI (endorses as well) or 64 hex digits"),
    ] = None,
    remove: Annotated[
        list[str] | None, Option(help="public key of a root that leaves, 64 hex digits")
    ] = None,
    root_key: RootKeyOption = None,
    out: OutOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Change roots or threshold; old and new roots must reach their thresholds."""
    form = chosen(output, json=json)
    with reporting("root set", form), acting(home, root_key or ()) as act:
        from dataclasses import replace as changed

        from ledger.rotation import root_set

        fresh = [uri for uri in add or () if ":" in uri]
        signers = root_signers(act.config, fresh) if fresh else []
        bare = [_public_key(text) for text in add or () if ":" not in text]
        statement = root_set(
            act.control,
            add=[*(signer.public_key for signer in signers), *bare],
            remove=[_public_key(text) for text in remove or ()],
            threshold=threshold,
        )
        all_here = changed(act, roots=[*act.roots, *signers])
        emit(decided(all_here, "root set", statement, out), form)


def witnesses(
    file: Annotated[
        Path, Argument(help="policy file (C2SP tlog-policy), no log lines")
    ],
    *,
    root_key: RootKeyOption = None,
    out: OutOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Set which witnesses must cosign before a checkpoint counts as published."""
    form = chosen(output, json=json)
    with reporting("root witnesses", form), acting(home, root_key or ()) as act:
        from ledger.events.ledger import WitnessPolicySet

        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidEventError(f"{file}: {error}") from error
        statement = WitnessPolicySet.record(policy=text)
        emit(decided(act, "root witnesses", statement, out), form)


def sign(
    file: Annotated[Path, Argument(help="statement, as --out wrote it")],
    *,
    root_key: Annotated[list[str], Option(help="key URI of a root; repeatable")],
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Add endorsements to a statement; needs no ledger, only the file and the keys.

    Prints what is stated: read it before you carry the file on.
    """
    form = chosen(output, json=json)
    with reporting("root sign", form):
        from ledger.endorsement import add_endorsements
        from ledger.keys import load_signer
        from ledger.statement_file import read_statement, write_statement

        endorsed = read_statement(file)
        signers = [load_signer(uri, base=Path.cwd()) for uri in root_key]
        made = add_endorsements(endorsed, signers)
        write_statement(file, made)
        emit(_stated("root sign", made, f"{file}: endorsed"), form)


def submit(
    file: Annotated[Path, Argument(help="statement with its endorsements")],
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Append an endorsed statement to the control log, written by the operator."""
    form = chosen(output, json=json)
    with reporting("root submit", form), acting(home) as act:
        from ledger.administration import append_as_operator
        from ledger.statement_file import read_statement

        endorsed = read_statement(file)
        append_as_operator(act.config, act.log, [endorsed], control=act.control)
        emit(_stated("root submit", endorsed, f"appended\n{SEALED}"), form)


def replace(
    *,
    root_key: RootKeyOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Make a new operator key in the place of all former ones, which are revoked."""
    form = chosen(output, json=json)
    with reporting("operator replace", form), acting(home, root_key or ()) as act:
        from ledger.rotation import replace_operator

        made = replace_operator(act)
        data = {"key_fp": made.key_fp.hex(), "path": str(made.path)}
        text = (
            f"operator: key {made.key_fp.hex()[:16]}… in {made.path}\n{SEALED}\n"
            "Start the worker anew: it still holds the former key."
        )
        emit(Answer("operator replace", data, text=text), form)


def decided(act: Act, command: str, statement: Event, out: Path | None) -> Answer:
    """Append a statement, or write it down for others to endorse."""
    from ledger.administration import append_endorsed
    from ledger.endorsement import endorse
    from ledger.statement_file import write_statement

    if out is None:
        made = append_endorsed(
            act.config, act.log, statement, act.roots, control=act.control
        )
        return _stated(command, made, f"appended\n{SEALED}")
    if out.exists():
        raise ConflictError(f"{out}: is there already")
    made = endorse(statement, act.roots)
    write_statement(out, made)
    return _stated(command, made, f"written to {out}; nothing was appended")


def _stated(command: str, endorsed: StatementEndorsed, what: str) -> Answer:
    from ledger.statement_file import described

    name, fields = described(endorsed)
    signers = [each.key_fp.hex() for each in endorsed.endorsements]
    data = {"type": name, "statement": fields, "endorsed_by": signers}
    lines = [name, *(f"  {key}: {value}" for key, value in fields.items())]
    lines.append(f"endorsed by {len(signers)} keys; {what}")
    return Answer(command, data, text="\n".join(lines))


def _public_key(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidEventError(f"{text!r}: not a public key") from error
