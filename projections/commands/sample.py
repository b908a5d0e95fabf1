"""``mlledger sample``: ask for a sample of decisions, then draw it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from typer import Argument, Option

from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, reporting
from projections.commands.emitting import record, recording
from projections.commands.noting import noting
from projections.commands.opening import bounds, identifier, opened, opened_log

if TYPE_CHECKING:
    from pathlib import Path

    from projections.decisions.population import Population
    from projections.decisions.queries_sample import Sample
    from projections.sample_seed import Seed


def register(app: typer.Typer) -> None:
    """Add ``sample``."""
    app.command("sample")(sample)


def sample(  # noqa: PLR0913  options
    *,
    request: Annotated[
        str | None, Argument(metavar="REQUEST", help="event id: draw what it asks for")
    ] = None,
    count: Annotated[int | None, Option(help="ask for so many, 1 to 10,000")] = None,
    number: Annotated[
        str, Option(help="number of the request where it is kept")
    ] = "sample",
    release: Annotated[str | None, Option(help="of this release (event id)")] = None,
    deployment: Annotated[str | None, Option(help="of this deployment")] = None,
    since: Annotated[str | None, Option(help="made then or later")] = None,
    until: Annotated[str | None, Option(help="made before then")] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Draw decisions with a seed that neither side chooses: ask first, then draw.

    Exit code 6: the seed is not there yet.
    """
    form = chosen(output, json=json)
    with reporting("sample", form):
        from ledger.errors import InvalidEventError
        from projections.decisions.population import Population

        if (request is None) == (count is None):
            raise InvalidEventError(
                "sample: either a REQUEST to draw, or --count to ask for one"
            )
        if request is not None:
            emit(_drawn(UUID(bytes=identifier(request).bytes), home), form)
        wanted = Population(
            count=count or 0,
            release=identifier(release) if release else None,
            deployment=identifier(deployment) if deployment else None,
            since=bounds(since, None).as_of,
            until=bounds(until, None).as_of,
        )
        emit(_asked(wanted, number, home), form)


def _asked(wanted: Population, number: str, home: Path | None) -> Answer:
    """Record the request; the population is bound in its subject."""
    from ledger import clock
    from ledger.config import load_config

    with recording(load_config(home)) as emitter:
        asked = record(
            emitter,
            "oversight.request.received",
            subject=str(wanted),
            kind="authority",
            request=number,
            received_at=clock.now_us(),
            channel="mlledger sample",
        )
    made = UUID(bytes=asked.id)
    again = f"mlledger sample {made}"
    data = {"request_id": made, "wanted": str(wanted), "draw_with": again}
    text = f"asked for: {wanted}\nonce it is sealed and published: {again}"
    return Answer("sample", data, text=text)


def _drawn(request: UUID, home: Path | None) -> Answer:
    """Draw what a request asks for; its seed comes from the log."""
    from ledger.errors import MissingEvidenceError, NotFoundError
    from ledger.public import PublicFolder
    from ledger.verification import LedgerVerifier, roots_of, terms_of
    from projections.decisions import queries_sample
    from projections.sample_seed import seed_of

    with ExitStack() as stack:
        config, database = stack.enter_context(opened(home))
        stack.enter_context(noting(config))
        connection = stack.enter_context(database.connect("auditor"))
        try:
            asked = queries_sample.sample_request_of(connection, request)
        except NotFoundError as error:
            raise MissingEvidenceError(
                f"request {request}: not sealed and projected yet, or never recorded",
                hint="once the worker has sealed it: mlledger sample REQUEST",
            ) from error
        verifier = LedgerVerifier(
            log=stack.enter_context(opened_log(config)),
            public=PublicFolder(config.public),
            ledger_id=config.ledger_id,
            tsa_roots=roots_of(config),
            terms=terms_of(config),
        )
        seed = seed_of(verifier, request, asked.evidence)
        found = queries_sample.sample(connection, request, seed.digest.hex())
    return _answer(found, seed)


def _answer(found: Sample, seed: Seed) -> Answer:
    rows = [
        {
            "rank": one.rank,
            "decision_id": one.event_id,
            "time": one.time,
            "output": one.output,
            "adverse": one.adverse,
            "draw": one.draw,
        }
        for one in found.drawn
    ]
    data = {
        "request_id": found.request_id,
        "request": found.request,
        "wanted": found.wanted,
        "seed": found.seed,
        "checkpoint": seed.checkpoint.body,
        "manifest": {"origin": seed.manifest_log, "leaf": seed.manifest},
        "population": found.population,
        "drawn": rows,
    }
    lines = [f"{one['rank']:>5}  {one['decision_id']}" for one in rows]
    head = [
        f"{found.wanted}: {len(rows)} of {found.population}",
        f"seed {found.seed}",
        f"from the request and {seed.checkpoint.origin} at {seed.checkpoint.size}",
    ]
    return Answer("sample", data, text="\n".join(head + lines), rows=rows)
