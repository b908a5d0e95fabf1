"""What the commands share: options, an auditor's connection, rows for printing."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, cast

from typer import Option

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path
    from uuid import UUID

    from ledger.config import Config
    from ledger.log import Log
    from ledger.verification import VerifiedEvent
    from projections.database import Connection, Database
    from projections.evidence import Bounds

LimitOption = Annotated[int, Option(min=1, max=1_000_000, help="at most so many rows")]
TokenOption = Annotated[
    str, Option("--page-token", help="next_page_token of the page before")
]


@contextmanager
def opened(home: Path | None) -> Generator[tuple[Config, Database]]:
    """Open the home's configuration and its database."""
    from ledger.config import load_config
    from projections.database import Database

    config = load_config(home)
    with Database.open(config) as database:
        yield config, database


@contextmanager
def auditing(home: Path | None) -> Generator[Connection]:
    """Lend a read-only connection; a question, so that it may be recorded."""
    from projections.commands.noting import noting

    with (
        opened(home) as (config, database),
        noting(config),
        database.connect("auditor") as connection,
    ):
        yield connection


@contextmanager
def opened_log(config: Config) -> Generator[Log]:
    """Open the home's log, and close it again."""
    from ledger.log import open_log

    log = open_log(config)
    try:
        yield log
    finally:
        log.close()


def bounds(as_of: str | None, known_as_of: str | None) -> Bounds:
    """Return what ``--as-of`` and ``--known-as-of`` say."""
    from ledger.output import parse_time
    from projections.columns import to_time
    from projections.evidence import Bounds

    return Bounds(
        None if as_of is None else to_time(parse_time(as_of)),
        None if known_as_of is None else to_time(parse_time(known_as_of)),
    )


def identifier(text: str) -> UUID:
    """Return an event id from the command line."""
    from uuid import UUID

    from ledger.output import parse_id

    return UUID(bytes=parse_id(text))


def times_of(event: VerifiedEvent) -> dict[str, object]:
    """Return the three times of a verified event, and who vouches for the third."""
    from ledger.output import format_time

    until = event.attested_ms
    return {
        "claimed": format_time(event.claimed_at_ms * 1_000),
        "sealed": format_time(event.sealed_at_ms * 1_000),
        "attested_not_later_than": None
        if until is None
        else format_time(until * 1_000),
        "attested_by": event.attested_by,
    }


def row_of(answer: object, *, key: str = "event_id") -> dict[str, object]:
    """Return an answer of a query as a row; ``key`` renames ``event_id``.

    The position is one value, so that it can be handed to the next command.
    """
    items = {
        item.name: getattr(answer, item.name)
        for item in dataclasses.fields(cast("Any", answer))
    }
    renamed = {key if name == "event_id" else name: v for name, v in items.items()}
    if {"origin", "leaf", "idx"} <= renamed.keys():
        origin, leaf, index = (renamed.pop(name) for name in ("origin", "leaf", "idx"))
        renamed["position"] = {"origin": origin, "leaf": leaf, "index": index}
    return renamed


def rows_of(
    answers: Iterable[object], *, key: str = "event_id"
) -> list[dict[str, object]]:
    """Return answers as rows; see :func:`row_of`."""
    return [row_of(answer, key=key) for answer in answers]


def brief(rows: Iterable[dict[str, object]], *columns: str) -> list[dict[str, object]]:
    """Return some columns of rows, for a table that fits a screen."""
    return [{name: row.get(name) for name in columns} for row in rows]
