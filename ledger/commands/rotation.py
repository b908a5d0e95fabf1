"""``mlledger key rotate`` and ``rotate-log``: one key takes the place of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from ledger.commands.acting import SEALED, RootKeyOption, acting
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

if TYPE_CHECKING:
    from ledger.rotation import Act


def rotate(
    identity: Annotated[str, Argument(help="whose key is replaced")],
    *,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Give an identity a new key, endorsed by the old one and itself.

    Both keys sign until you revoke the old one: start its processes anew first.
    """
    form = chosen(output, json=json)
    with reporting("key rotate", form), acting(home) as act:
        from ledger.keys import key_fingerprint, load_signer
        from ledger.rotation import rotate_key
        from ledger.setup import add_identity, key_uri

        old = load_signer(key_uri(act.config, identity), base=act.config.home)
        made = rotate_key(act, old=old)
        place = made.path.relative_to(act.config.home)
        add_identity(act.config, identity, f"file:{place}")
        former = key_fingerprint(old.public_key).hex()
        data = {
            "identity": identity,
            "key_fp": made.key_fp.hex(),
            "former_key_fp": former,
            "path": str(made.path),
        }
        text = (
            f"{identity}: key {made.key_fp.hex()[:16]}… in {made.path}\n{SEALED}\n"
            "The former key signs on. When no process uses it any more:\n"
            f"  mlledger key revoke {former}"
        )
        emit(Answer("key rotate", data, text=text), form)


def rotate_log(
    origin: Annotated[str, Argument(help="such as acme/p0, or p0")],
    *,
    retire: Annotated[
        bool, Option("--retire", help="second step: the oldest key goes out of use")
    ] = False,
    root_key: RootKeyOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Replace a log key: announce a new one; later, with --retire, drop the old one.

    In between checkpoints carry the signatures of both.
    """
    form = chosen(output, json=json)
    with reporting("key rotate-log", form), acting(home, root_key or ()) as act:
        whole = origin if "/" in origin else f"{act.config.name}/{origin}"
        data = _retire(act, whole) if retire else _announce(act, whole)
        emit(Answer("key rotate-log", data, text="\n".join(data.values())), form)


def _announce(act: Act, origin: str) -> dict[str, str]:
    from ledger.rotation import announce_log_key

    vkey, path = announce_log_key(act, origin)
    return {
        "announced": f"{origin}: announced {vkey}",
        "path": f"its key is {path}; every sealer of {origin} needs it there",
        "next": "when a checkpoint carries both signatures: mlledger key rotate-log "
        f"{origin} --retire",
    }


def _retire(act: Act, origin: str) -> dict[str, str]:
    from ledger.public import PublicFolder
    from ledger.rotation import retire_log_key

    vkey = retire_log_key(act, origin, PublicFolder(act.config.public))
    return {
        "retired": f"{origin}: retired {vkey}",
        "next": "its file may go once the control log is sealed",
    }
