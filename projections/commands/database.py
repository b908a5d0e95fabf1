"""``mlledger db``: make, look at, rebuild and digest the projections."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, note, progress, reporting
from projections.commands.listing import emit_rows
from projections.commands.opening import opened, opened_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.config import Config
    from ledger.log import Log
    from projections.database import Connection
    from projections.digests import Digested


def register(app: typer.Typer) -> None:
    """Add ``db migrate | status | rebuild | digest``."""
    group = typer.Typer(help="The projections: tables that the log can always remake.")
    group.command("migrate")(migrate)
    group.command("status")(status)
    group.command("rebuild")(rebuild)
    group.command("digest")(digest)
    app.add_typer(group, name="db")


def migrate(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Make the schemas that are absent, and partitions for the coming months."""
    form = chosen(output, json=json)
    with reporting("db migrate", form), opened(home) as (_, database):
        from ledger import clock
        from projections import schemas

        with database.connect("owner", autocommit=True) as connection:
            before = schemas.migrate(connection, now=clock.now_us())
        rows: list[dict[str, object]] = [
            {"projection": name, "was": state, "now": _after(state)}
            for name, state in before.items()
        ]
        answer = Answer("db migrate", rows)
        schemas.refuse_newer(before)
        if "outdated" in before.values():
            answer.warnings.append(
                "outdated: a worker makes these anew by itself, as does "
                "mlledger db rebuild"
            )
        emit(answer, form)


def _after(state: str) -> str:
    return "outdated" if state == "outdated" else "current"


def status(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Say how far each projection has read each origin, and what is sealed."""
    form = chosen(output, json=json)
    with reporting("db status", form), ExitStack() as stack:
        config, database = stack.enter_context(opened(home))
        connection = stack.enter_context(database.connect("auditor"))
        log = stack.enter_context(opened_log(config))
        emit_rows("db status", _status(connection, config, log), form)


def _status(
    connection: Connection, config: Config, log: Log
) -> list[dict[str, object]]:
    from ledger.errors import MissingEvidenceError
    from ledger.public import PublicFolder, read_head
    from ledger.verification import load_control
    from projections.rebuild import positions
    from projections.schemas import schema_states

    public = PublicFolder(config.public)
    control = load_control(log, public, config.ledger_id)
    rows: list[dict[str, object]] = []
    for name, state in schema_states(connection).items():
        reached = {} if state == "absent" else positions(connection, schema=name)
        for origin, log_state in control.logs.items():
            try:
                sealed = read_head(public, log_state.active).size
            except MissingEvidenceError:
                sealed = 0
            at = reached.get(origin, 0)
            rows.append(
                {
                    "projection": name,
                    "state": state,
                    "origin": origin,
                    "projected": at,
                    "sealed": sealed,
                    "behind": sealed - at,
                }
            )
    return rows


def rebuild(
    *, home: HomeOption = None, output: OutputOption = "table", json: JsonOption = False
) -> None:
    """Fold the whole log anew beside the live tables, then swap; compare digests.

    Tables whose rows had been altered are named in a warning.
    """
    form = chosen(output, json=json)
    with reporting("db rebuild", form), ExitStack() as stack:
        from ledger import clock
        from ledger.public import PublicFolder
        from ledger.verification import load_control
        from projections import rebuild as rebuilding
        from projections.altered import digests_of, found_before, warnings_of
        from projections.digests import digest_projections

        config, database = stack.enter_context(opened(home))
        connection = stack.enter_context(database.connect("owner", autocommit=True))
        log = stack.enter_context(opened_log(config))
        public = PublicFolder(config.public)
        control = load_control(log, public, config.ledger_id)
        before = found_before(connection)
        with progress("rebuild") as advance:
            rebuilding.rebuild(
                connection,
                log=log,
                public=public,
                control=control,
                now=clock.now_us(),
                progress=advance,
            )
        after = digest_projections(connection)
        rows = _compared(digests_of(before.digested), digests_of(after))
        answer = Answer("db rebuild", rows, complete=True)
        answer.warnings += warnings_of(before, after)
        emit(answer, form)


def _compared(before: dict[str, str], after: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "table": name,
            "digest": value,
            "before": before.get(name),
            "changed": before.get(name) != value,
        }
        for name, value in after.items()
    ]


def digest(
    *,
    publish: Annotated[
        bool, Option("--publish", help="write it into the manifest log as well")
    ] = False,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Print the digest of each table, and the positions it was made from."""
    form = chosen(output, json=json)
    with reporting("db digest", form), ExitStack() as stack:
        from projections.digests import digest_projections

        config, database = stack.enter_context(opened(home))
        connection = stack.enter_context(database.connect("auditor", autocommit=True))
        found = digest_projections(connection)
        if publish:
            _publish(config, stack.enter_context(opened_log(config)), found)
        rows: list[dict[str, object]] = [
            {
                "table": f"{one.projection}.{item.table}",
                "digest": f"sha256:{item.digest.hex()}",
                "rows": item.rows,
            }
            for one in found
            for item in one.tables
        ]
        emit(Answer("db digest", rows, meta=_reached(found, published=publish)), form)


def _publish(config: Config, log: Log, found: Sequence[Digested]) -> None:
    from ledger.administration import operator_signer
    from ledger.seal.manifest import ManifestWriter
    from projections.digests import digested_events

    writer = ManifestWriter(config, log=log, signer=operator_signer(config))
    writer.write(digested_events(found))
    note("written into the manifest log; the worker seals it")


def _reached(found: Sequence[Digested], *, published: bool) -> dict[str, Any]:
    """Return the positions of the digests; those of all projections, least first."""
    sizes: dict[str, int] = {}
    for one in found:
        for head in one.heads:
            sizes[head.origin] = min(head.size, sizes.get(head.origin, head.size))
    return {"positions": sizes, "published": published}
