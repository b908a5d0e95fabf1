"""``mlledger witness``: be a witness, ask witnesses, and say how many must agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.commands.acting import RootKeyOption, acting
from ledger.commands.roots import OutOption, decided
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, format_time, note, reporting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.note import Vkey
    from ledger.stopping import Stopping
    from ledger.witness.folder import WitnessFolder
    from ledger.witness.server import WitnessServer

StateOption = Annotated[Path, Option("--state", help="folder of key and memory")]


def register(app: typer.Typer) -> None:
    """Add ``witness serve | key | policy | ls``."""
    group = typer.Typer(
        help="Witnesses: others who vouch that a ledger shows everybody one history."
    )
    group.command("serve")(serve)
    group.command("key")(key)
    group.command("policy")(policy)
    group.command("ls")(ls)
    app.add_typer(group, name="witness")


def serve(
    *,
    listen: Annotated[str, Option(help="HOST:PORT; port 0 takes a free one")],
    state: StateOption,
    log: Annotated[
        list[str], Option(help="verifier key of a log to cosign; once for each key")
    ],
    name: Annotated[
        str, Option(help="name of the witness, a schema-less URL; for the first start")
    ] = "",
    pin: Annotated[
        list[str] | None,
        Option(
            help="ORIGIN=SIZE:ROOT that a log's history must start from, told to "
            "you by others than the log; the root in hex"
        ),
    ] = None,
) -> None:
    """Cosign checkpoints of other people's logs (C2SP tlog-witness), until SIGTERM."""
    with reporting("witness serve"):
        from ledger.note import parse_vkey
        from ledger.stopping import Stopping
        from ledger.witness import Witness, parse_pin
        from ledger.witness.folder import opened
        from ledger.witness.server import WitnessServer, parse_address

        logs = [parse_vkey(text) for text in log]
        pins = [parse_pin(text) for text in pin or []]
        with opened(state, name=name, logs=logs, pins=pins) as folder:
            witness = Witness(
                name=folder.name, signer=folder.signer, logs=logs, state=folder.state
            )
            address = parse_address(listen)
            with WitnessServer(address, witness.add_checkpoint) as server:
                stopping = Stopping.on_signals()  # before anybody is told it is there
                _introduce(folder, logs, server)
                _run(server, stopping)
    raise SystemExit(0)


def _introduce(
    folder: WitnessFolder, logs: Sequence[Vkey], server: WitnessServer
) -> None:
    """Print the verifier key on stdout, and to people what is served."""
    print(folder.vkey, flush=True)  # noqa: T201  the line that scripts wait for
    for vkey in logs:
        known = folder.state.latest(vkey.name)
        if known is None:
            note(
                f"{vkey.name}: never seen: its first checkpoint will be believed, "
                "unless --pin says where its history starts"
            )
        else:
            note(f"{vkey.name}: size {known.size}, root {known.root.hex()}")
    note(f"listening on {server.url}")


def _run(server: WitnessServer, stopping: Stopping) -> None:
    import threading

    threading.Thread(target=server.serve_forever, daemon=True).start()
    stopping.wait()
    server.stop()


def key(
    *, state: StateOption, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Print the verifier key of the witness in a folder."""
    form = chosen(output, json=json)
    with reporting("witness key", form):
        from ledger.witness.folder import read_vkey

        vkey = read_vkey(state)
        data = {"name": vkey.name, "vkey": str(vkey)}
        emit(Answer("witness key", data, text=str(vkey)), form)


def policy(
    *,
    quorum: Annotated[
        str, Option(help="how many must have signed: any, all, none or a number")
    ],
    root_key: RootKeyOption = None,
    out: OutOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Set the witness policy: the witnesses of mlledger.toml, and how many must sign.

    It counts from the next checkpoint on. For groups within groups write the policy
    yourself: root witnesses FILE.
    """
    form = chosen(output, json=json)
    with reporting("witness policy", form), acting(home, root_key or ()) as act:
        from ledger.events.ledger import WitnessPolicySet
        from ledger.seal.witness_status import configured_policy

        text = configured_policy(act.config, quorum=quorum)
        note(text.rstrip("\n"))
        statement = WitnessPolicySet.record(policy=text)
        emit(decided(act, "witness policy", statement, out), form)


def ls(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Show each witness: the size it holds of each log, since when, its last error."""
    form = chosen(output, json=json)
    with reporting("witness ls", form):
        from ledger.config import load_config
        from ledger.seal.witness_status import witness_rows

        rows = witness_rows(load_config(home))
        for row in rows:
            for name in ("signed_at", "asked_at"):
                row[name] = _time(row[name])
        emit(Answer("witness ls", rows), form)


def _time(seconds: object) -> str | None:
    return format_time(seconds * 1_000_000) if isinstance(seconds, int) else None
