"""``mlledger prove``: write bundles that others can verify without this ledger."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting

if TYPE_CHECKING:
    from ledger.bundle.collect import Collector
    from ledger.bundle.contents import Contents, Place
    from ledger.config import Config

Finder = Callable[["Config", bytes], tuple[str, int, int] | None]
FINDERS: list[Finder] = []
"""What may know where an event is: each takes settings and id, and gives a position."""
group = typer.Typer(help="Write evidence that can be checked without this ledger.")
OutOption = Annotated[Path, Option("--out", help="the file to write; never replaced")]


def register(app: typer.Typer) -> None:
    """Add ``prove event`` and ``prove range``; other packages add to the group."""
    if "range" not in {command.name for command in group.registered_commands}:
        group.command("event")(prove_event)
        group.command("range")(prove_range)
    app.add_typer(group, name="prove")


def prove_event(
    *,
    event: Annotated[
        str, Argument(metavar="ID|ORIGIN/LEAF/INDEX", help="its id, or its place")
    ],
    out: OutOption,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Prove one event: its bytes, who signed it, where it stands, since when."""
    form = chosen(output, json=json)
    with reporting("prove event", form), collecting(home) as (config, collector):
        place = _place(config, collector, event)
        emit(written("prove event", collector.event(place), out), form)


def prove_range(
    *,
    origin: Annotated[str, Argument(help="such as acme/p0")],
    first: Annotated[int, Argument(min=0, help="first leaf")],
    last: Annotated[int, Argument(min=0, help="last leaf, included")],
    out: OutOption,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Prove a range of one log, whole: every leaf and every record of it."""
    form = chosen(output, json=json)
    with reporting("prove range", form), collecting(home) as (_, collector):
        from ledger.errors import InvalidEventError

        if first > last:
            raise InvalidEventError(f"{first} to {last}: an empty range")
        log = collector.sources.log_of(origin)
        contents = collector.range(log, first, last)
        emit(written("prove range", contents, out), form)


@contextmanager
def collecting(home: Path | None) -> Generator[tuple[Config, Collector]]:
    """Open a home to make bundles of its ledger."""
    from ledger.bundle.collect import Collector
    from ledger.config import load_config
    from ledger.log import open_log
    from ledger.public import PublicFolder

    config = load_config(home)
    log = open_log(config)
    try:
        public = PublicFolder(config.public)
        yield config, Collector(log=log, public=public, ledger_id=config.ledger_id)
    finally:
        log.close()


def written(command: str, contents: Contents, out: Path) -> Answer:
    """Write a bundle and return the answer that says so.

    Raises:
        ConflictError: the file exists.
    """
    from ledger.bundle import write_bundle
    from ledger.bundle.layout import to_files
    from ledger.errors import ConflictError

    data = write_bundle(to_files(contents))
    try:
        with out.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        raise ConflictError(f"{out}: exists already", hint="choose --out") from error
    leaves = sum(len(part.leaves) for part in contents.logs.values())
    row: dict[str, object] = {
        "file": str(out),
        "kind": contents.kind,
        "bytes": len(data),
        "leaves": leaves,
        "manifest": str(contents.manifest) if contents.manifest else None,
        "time_stamp": bool(contents.token),
    }
    hint = "give the policy and the ledger id along by another way than this file"
    text = f"{out}: {contents.kind}, {len(data)} bytes, {leaves} seal leaves\n{hint}"
    return Answer(command, row, text=text)


def _place(config: Config, collector: Collector, text: str) -> Place:
    """Return the place of an event that was named by its place or its id.

    A database is asked first, and believed only where the log says the same.
    """
    from ledger.bundle.contents import Place
    from ledger.bundle.finding import find_event, is_event
    from ledger.output import parse_id

    origin, _, rest = text.rpartition("/")
    name, _, leaf = origin.rpartition("/")
    if name and leaf.isascii() and leaf.isdecimal() and rest.isdecimal():
        return Place(collector.sources.log_of(name), int(leaf), int(rest))
    event_id = parse_id(text)
    for find in FINDERS:
        origin, *rest = find(config, event_id) or ("", 0, 0)
        if origin in collector.sources.control.origins:
            place = Place(collector.sources.log_of(origin), *rest)
            if is_event(collector.sources, place, event_id):
                return place
    return find_event(collector.sources, event_id)
