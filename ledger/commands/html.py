"""``mlledger verify html``: write the page that verifies bundles in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from ledger.commands import verify
from ledger.options import JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting


def register(_app: typer.Typer) -> None:
    """Add ``html`` to the group ``verify``."""
    if "html" not in {command.name for command in verify.group.registered_commands}:
        verify.group.command("html")(verify_html)


def verify_html(
    *,
    out: Annotated[Path, Option(help="file to write; what is there is replaced")],
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Write the page that verifies bundles in a browser, without network or install."""
    form = chosen(output, json=json)
    with reporting("verify html", form):
        from ledger.page_builder import build_page

        emit(_answer(out, write_page(out, build_page())), form)


def write_page(out: Path, page: str) -> bytes:
    """Write the page and return its SHA-256, 32 bytes.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    from hashlib import sha256

    from ledger.errors import ConfigurationError

    data = page.encode()
    try:
        out.write_bytes(data)
    except OSError as error:
        raise ConfigurationError(f"{out}: {error.strerror}") from error
    return sha256(data).digest()


def _answer(out: Path, digest: bytes) -> Answer:
    row: dict[str, object] = {"file": str(out), "digest": f"sha256:{digest.hex()}"}
    return Answer("verify html", [row], text=f"{out}\nsha256:{digest.hex()}")
