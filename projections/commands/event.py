"""``mlledger event``: single events as they were signed, and the list of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer
from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, reporting, to_json
from projections.commands.listing import SUSPECT_EXIT, emit_marked, emit_rows
from projections.commands.noting import noting
from projections.commands.opening import (
    LimitOption,
    TokenOption,
    auditing,
    bounds,
    identifier,
    opened,
    opened_log,
    row_of,
    rows_of,
    times_of,
)
from projections.commands.tailing import COLUMNS, TypeOption, tail


def register(app: typer.Typer) -> None:
    """Add ``event get | ls | tail | schema``."""
    group = typer.Typer(help="Events as they were signed.")
    group.command("get")(get)
    group.command("ls")(ls)
    group.command("tail")(tail)
    group.command("schema")(schema)
    app.add_typer(group, name="event")


def get(
    *,
    event: Annotated[str, Argument(metavar="ID", help="id of the event")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Read one event from the log, verify it, and print what was signed."""
    form = chosen(output, json=json)
    with reporting("event get", form), ExitStack() as stack:
        from ledger.codec import to_json as printed
        from ledger.errors import NotFoundError
        from ledger.public import PublicFolder
        from ledger.verification import LedgerVerifier, roots_of, terms_of
        from projections.integrity.queries import event_find

        config, database = stack.enter_context(opened(home))
        stack.enter_context(noting(config))
        connection = stack.enter_context(database.connect("auditor"))
        found = event_find(connection, identifier(event))
        if found is None:
            raise NotFoundError(f"event {event}: not recorded in the ledger")
        log = stack.enter_context(opened_log(config))
        verifier = LedgerVerifier(
            log=log,
            public=PublicFolder(config.public),
            ledger_id=config.ledger_id,
            tsa_roots=roots_of(config),
            terms=terms_of(config),
        )
        at = found.evidence
        verified = verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
        data = row_of(found) | {
            "integrity": "verified",
            "suspect": verified.suspect,
            "times": times_of(verified),
            "data": printed(verified.decoded),
        }
        emit_marked(
            Answer(
                "event get",
                data,
                exit=SUSPECT_EXIT if verified.suspect else 0,
                text=to_json(data["data"]),
            ),
            form,
            connection,
        )


def ls(  # noqa: PLR0913  options
    *,
    type_name: TypeOption = None,
    subject: Annotated[str | None, Option(help="about this")] = None,
    since: Annotated[str | None, Option(help="then or later; ISO 8601")] = None,
    limit: LimitOption = 20,
    page_token: TokenOption = "",
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List events other than decisions, newest first."""
    form = chosen(output, json=json)
    with reporting("event ls", form), auditing(home) as connection:
        from projections.integrity.queries import events
        from projections.registry.paging import Paging

        limits, begin = bounds(as_of, known_as_of), bounds(since, None).as_of
        paging = Paging(
            ("event ls", type_name, subject, begin, limits), is_newest_first=True
        )
        found = paging.newest(
            events(
                connection,
                type_name=type_name,
                subject=subject,
                since=begin,
                before=paging.before(page_token),
                limit=limit + 1,
                bounds=limits,
            ),
            limit,
        )
        emit_rows(
            "event ls",
            rows_of(found),
            form,
            columns=COLUMNS,
            token=found.next_page_token,
            connection=connection,
        )


def schema(
    *,
    type_name: Annotated[
        str | None, Argument(metavar="TYPE", help="an event type; none lists them")
    ] = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the fields of an event type, or the names of all."""
    form = chosen(output, json=json)
    with reporting("event schema", form):
        from ledger.avro import avro_schema, schema_id
        from ledger.documentation import documentation
        from ledger.events.base import event_class, event_names

        if type_name is None:
            rows: list[dict[str, object]] = [{"type": name} for name in event_names()]
            emit_rows("event schema", rows, form)
        cls = event_class(type_name)
        data = {
            "type": type_name,
            "schema_id": schema_id(cls).hex(),
            "schema": avro_schema(cls),
        }
        emit(Answer("event schema", data, text=documentation(cls)), form)
