"""``mlledger archive``: sealed records in files that never change."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from ledger.commands.verify import answer as answer_of
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting
from ledger.output import progress as show_progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from ledger.archive import ArchiveFolder
    from ledger.config import Config
    from ledger.log import Log
    from ledger.public import OriginReader

OriginsOption = Annotated[
    list[str] | None, Option("--origin", help="only this origin; may be repeated")
]
ArchiveOption = Annotated[
    Path | None, Option("--archive", help="folder; default archive/ in the home")
]


def register(app: typer.Typer) -> None:
    """Add ``archive write | ls | verify``."""
    group = typer.Typer(help="Sealed records in files that never change.")
    group.command("write")(write)
    group.command("ls")(ls)
    group.command("verify")(verify)
    app.add_typer(group, name="archive")


def write(
    *,
    origin: OriginsOption = None,
    archive: ArchiveOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Archive what is sealed and not archived yet, origin by origin."""
    form = chosen(output, json=json)
    with reporting("archive write", form), _opened(home) as (config, log):
        from ledger.recovery import archive_origin

        folder = _folder(config, archive)
        rows: list[dict[str, object]] = []
        for reader in _readers(config, log, origin):
            done = archive_origin(log, folder, reader)
            rows.append(
                {
                    "origin": done.origin,
                    "segments": done.segments,
                    "records": done.records,
                    "end": done.end,
                    "digest": done.digest.hex(),
                }
            )
        emit(Answer("archive write", rows), form)


def ls(
    *,
    origin: OriginsOption = None,
    archive: ArchiveOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the segments of the archive."""
    form = chosen(output, json=json)
    with reporting("archive ls", form):
        from ledger.config import load_config

        config = load_config(home)
        folder = _folder(config, archive)
        rows: list[dict[str, object]] = [
            {
                "origin": name,
                "first": line.first,
                "last": line.last,
                "records": line.records,
                "file": line.name,
            }
            for name in origin or config.known_origins
            for line in folder.origin(name).index().segments
        ]
        emit(Answer("archive ls", rows), form)


def verify(
    *,
    origin: OriginsOption = None,
    archive: ArchiveOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Check every segment against the index and every record against its leaf."""
    form = chosen(output, json=json)
    with reporting("archive verify", form), _opened(home) as (config, log):
        from ledger.recovery import verify_archive

        folder = _folder(config, archive)
        with show_progress("archive verify") as advance:
            steps = [
                step
                for reader in _readers(config, log, origin)
                if folder.holds(reader.origin)
                for step in verify_archive(folder, reader, progress=advance)
            ]
        emit(answer_of(steps, "archive verify"), form)


def _folder(config: Config, archive: Path | None) -> ArchiveFolder:
    from ledger.archive import ArchiveFolder

    return ArchiveFolder(archive or config.archive)


@contextmanager
def _opened(home: Path | None) -> Generator[tuple[Config, Log]]:
    from ledger.config import load_config
    from ledger.log import open_log

    config = load_config(home)
    log = open_log(config)
    try:
        yield config, log
    finally:
        log.close()


def _readers(
    config: Config, log: Log, origins: Sequence[str] | None
) -> Iterator[OriginReader]:
    """Yield a reader of each origin of which something is sealed.

    What waits for its witnesses is sealed as well, and may be lost as well.
    """
    from ledger.errors import NotFoundError
    from ledger.public import PublicFolder, head_reader
    from ledger.verification import load_control

    public = PublicFolder(config.public)
    control = load_control(log, public, config.ledger_id)
    for name in origins or control.origins:
        vkeys = control.known_vkeys(name)
        if not vkeys:
            raise NotFoundError(f"{name}: the control log knows no such origin")
        if origins or next(iter(public.list(name)), None) is not None:
            yield head_reader(public, vkeys)
