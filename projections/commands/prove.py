"""``mlledger prove decision | answer | report``: bundles the database helps to find."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from typer import Argument, Option

from ledger.commands.prove import FINDERS, OutOption, collecting, group, written
from ledger.commands.verify_bundle import REPLAYS
from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import emit, reporting

if TYPE_CHECKING:
    from ledger.bundle.collect import Collector
    from ledger.bundle.content import Reader
    from ledger.bundle.contents import Contents, Place
    from ledger.config import Config
    from projections.chain import Link
    from projections.database import Connection
    from projections.rows import EventPosition

LARGEST = 65_536
"""Bytes that a decision's bundle should not exceed."""
_SPARED = ("criterion", "source", "dataset", "system", "model")
"""Links that go first, one after the other, where a bundle would be too large."""
_MANY = ("run update",)
"""Links that may be thousands, and say nothing about how a decision came to be."""


def register_replay() -> None:
    """Let ``verify bundle`` replay questions; needs no database."""
    if replay not in REPLAYS:
        REPLAYS.append(replay)


def replay(reader: Reader) -> list[dict[str, object]]:
    """Answer the question of a bundle from its entries alone."""
    from projections.replay.answering import replayed

    return replayed(reader)


def register(app: typer.Typer) -> None:
    """Add to ``prove``."""
    del app
    if "decision" not in {command.name for command in group.registered_commands}:
        group.command("decision")(prove_decision)
        group.command("answer")(prove_answer)
        group.command("report")(prove_report)
    if position_of not in FINDERS:
        FINDERS.append(position_of)


def position_of(config: Config, event_id: bytes) -> tuple[str, int, int] | None:
    """Return where the tables say an event is; None without tables at hand."""
    from uuid import UUID

    from ledger.errors import ConfigurationError, NotFoundError, UnavailableError
    from projections.database import Database
    from projections.integrity.queries import event_find

    folder = config.home / config.database.folder
    if not config.database.dsn and not folder.is_dir():
        return None
    try:
        with (
            Database.open(config) as database,
            database.connect("auditor") as connection,
        ):
            found = event_find(connection, UUID(bytes=event_id))
    except (ConfigurationError, NotFoundError, UnavailableError):
        return None  # the log is gone through instead
    return found and (found.origin, found.leaf, found.idx)


def prove_decision(
    *,
    decision: Annotated[str, Argument(metavar="ID", help="id of the decision")],
    out: OutOption,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Prove a decision with its chain: release, run, data, approvals, keys."""
    form = chosen(output, json=json)
    with reporting("prove decision", form), _proving(home) as (connection, collector):
        from projections.chain import decision_chain
        from projections.commands.opening import identifier

        chain = decision_chain(connection, identifier(decision))
        contents, spared = _fitting(collector, chain.links)
        done = written("prove decision", contents, out)
        done.warnings = [f"{name}: not recorded" for name in chain.missing]
        if spared:
            kinds = ", ".join(spared)
            done.warnings.append(f"left out to stay below 64 KiB: {kinds}")
        emit(done, form)


def prove_answer(
    *,
    name: Annotated[str, Argument(metavar="NAME", help="Q01, Q02, Q05, Q06 or name")],
    out: OutOption,
    param: Annotated[
        list[str] | None, Option("--param", "-p", help="KEY=VALUE, repeatable")
    ] = None,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Prove an answer: its rows, and every entry they are drawn from."""
    form = chosen(output, json=json)
    with reporting("prove answer", form), _proving(home) as (connection, collector):
        from projections.replay.asking import prove

        times = {"as_of": as_of, "known_as_of": known_as_of}
        pairs = [f"{key}={value}" for key, value in times.items() if value]
        contents = prove(connection, collector, name, [*(param or []), *pairs])
        emit(written("prove answer", contents, out), form)


def prove_report(
    *,
    file: Annotated[Path, Argument(metavar="FILE", help="the report, as issued")],
    out: OutOption,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Prove a report: its bytes, and the event that it was issued."""
    form = chosen(output, json=json)
    with reporting("prove report", form), _proving(home) as (connection, collector):
        place = _issued(connection, collector, content := file.read_bytes())
        emit(written("prove report", collector.report(place, content), out), form)


def _fitting(collector: Collector, links: Sequence[Link]) -> tuple[Contents, list[str]]:
    """Return the bundle of a chain, and the kinds of links that it goes without."""
    from ledger.bundle import write_bundle
    from ledger.bundle.layout import to_files

    kept = [link for link in links if link.position and _is_told(link)]
    spared: list[str] = []
    contents = _decision(collector, kept)
    for kind in _SPARED:
        if len(write_bundle(to_files(contents))) <= LARGEST:
            break
        if any(link.kind == kind for link in kept):
            spared.append(kind)
            kept = [link for link in kept if link.kind != kind]
            contents = _decision(collector, kept)
    return contents, spared


def _decision(collector: Collector, links: Sequence[Link]) -> Contents:
    places = [_place(collector, link.position) for link in links if link.position]
    return collector.decision(places[0], places[1:])


def _is_told(link: Link) -> bool:
    """Tell whether a link goes into a decision's bundle.

    A deletion that names further decisions would give away that one person is behind
    them.
    """
    from ledger.bundle.link_rows import DECISION, PAYLOAD_DELETION, ROWS

    if link.kind == PAYLOAD_DELETION:
        return len(cast("list[object]", link.fields["decision_ids"])) == 1
    return link.kind == DECISION or (link.kind in ROWS and link.kind not in _MANY)


@contextmanager
def _proving(home: Path | None) -> Generator[tuple[Connection, Collector]]:
    from projections.commands.opening import auditing

    with auditing(home) as connection, collecting(home) as (_, collector):
        yield connection, collector


def _issued(connection: Connection, collector: Collector, content: bytes) -> Place:
    from hashlib import sha256

    from ledger.errors import NotFoundError
    from projections.lineage.queries import whatis

    digest = f"sha256:{sha256(content).hexdigest()}"
    things = whatis(connection, digest).things
    for thing in things:
        if thing.kind == "report":
            return _place(collector, thing.evidence)
    raise NotFoundError(
        f"{digest}: the ledger records no report with this digest",
        hint="the file was changed, or its record is not projected yet "
        "(mlledger worker --once)",
    )


def _place(collector: Collector, at: EventPosition) -> Place:
    from ledger.bundle.contents import Place

    return Place(collector.sources.log_of(at.origin), at.leaf, at.index)
