"""``mlledger whatis``: what a file is to the ledger, and where it is live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument

from ledger.errors import NotFoundError, UsageError
from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, reporting
from ledger.visible import visible
from projections.commands.listing import emit_marked
from projections.commands.opening import auditing, bounds, rows_of

if TYPE_CHECKING:
    from projections.lineage.queries import Identified

NEVER_SEEN = "never seen"


def register(app: typer.Typer) -> None:
    """Add ``whatis``."""
    app.command("whatis")(whatis)


def whatis(
    path: Annotated[Path, Argument(metavar="FILE", help="a file or a folder")],
    *,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Hash a file or folder; say what it is and where it is live, or "never seen"."""
    form = chosen(output, json=json)
    with reporting("whatis", form):
        digest = _digest(path)
        with auditing(home) as connection:
            from projections.lineage.queries import whatis as asked

            found = asked(connection, digest, bounds=bounds(as_of, known_as_of))
            emit_marked(_answer(path, found), form, connection)


def _digest(path: Path) -> str:
    from ledger.digest import file_digest, format_digest, tree1_digest

    if path.is_dir():
        return format_digest(tree1_digest(path).digest)
    if not path.exists():
        raise NotFoundError(f"{path}: no such file or folder")
    if not path.is_file():
        raise UsageError(
            f"{path}: neither a file nor a folder, so it has no digest",
            hint="name what was registered: a file, or a folder",
        )
    return format_digest(file_digest(path))


def _answer(path: Path, found: Identified) -> Answer:
    things, live = rows_of(found.things), rows_of(found.live)
    data = {
        "path": str(path),
        "digest": found.digest,
        "seen": bool(things),
        "things": things,
        "live": live,
    }
    lines = [f"{path}  {found.digest}"]
    lines += [
        f"  {thing.kind}: {thing.label}  {thing.event_id}" for thing in found.things
    ]
    lines += [
        f"  live in {one.environment}: release {one.release} as {one.role}"
        for one in found.live
    ]
    if not things:
        lines.append(f"  {NEVER_SEEN}")
    code = 0 if things else NotFoundError.exit_code
    return Answer("whatis", data, exit=code, text="\n".join(map(visible, lines)))
