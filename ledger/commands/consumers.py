"""``mlledger consumer``: declare who may read predictions, look who does read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.errors import InvalidEventError
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, error_entry, format_id, format_time, reporting

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.consumers import Looked
    from ledger.emitter import Emitter
    from ledger.events.consumer import ContractDeclared

PARTIAL = 10
group = typer.Typer(help="Who reads predictions: declared, and seen.")
"""The one group of this name; the package of projections adds its questions to it."""

_NOT_YET = (
    "the log did not take all events yet; they are in the journal and will be sent by "
    "the next process (mlledger journal flush)"
)


def register(app: typer.Typer) -> None:
    """Add ``consumer declare | scan``."""
    app.add_typer(group, name="consumer")


@group.command("declare")
def declare(
    *,
    file: Annotated[
        Path | None, Argument(help="TOML or JSON: one contract, or a list `contracts`")
    ] = None,
    consumer: Annotated[
        str | None, Option(help="who; for Kafka the id of its consumer group")
    ] = None,
    channel: Annotated[
        list[str] | None, Option(help="KIND:ID, such as kafka.topic:scores; repeatable")
    ] = None,
    purpose: Annotated[str | None, Option(help="what it may be used for")] = None,
    owner: Annotated[str | None, Option(help="who answers for the consumer")] = None,
    legal_basis: Annotated[str | None, Option(help="where one is needed")] = None,
    valid_from: Annotated[str | None, Option(help="ISO 8601; default now")] = None,
    valid_to: Annotated[str | None, Option(help="ISO 8601; default open")] = None,
    columns: Annotated[
        list[str] | None, Option(help="column it may use; repeatable; none means all")
    ] = None,
    identity: Annotated[str | None, Option(help="whose key signs")] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Declare who may use which predictions, what for, and from when to when."""
    form = chosen(output, json=json)
    with reporting("consumer declare", form):
        given = {
            "consumer": consumer,
            "channels": channel,
            "purpose": purpose,
            "owner": owner,
            "legal_basis": legal_basis,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "columns": columns,
        }
        contracts = _contracts(file, {k: v for k, v in given.items() if v is not None})
        from ledger.config import load_config

        emit(_declared(load_config(home), contracts, identity), form)


@group.command("scan")
def scan(
    *,
    topic: Annotated[
        list[str] | None, Option(help="look at this one; default the watched topics")
    ] = None,
    identity: Annotated[str | None, Option(help="whose key signs")] = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Look once who reads the watched Kafka topics; record what is new, or an hour old.

    The list `topics` under [consumers] in mlledger.toml names the topics that are
    watched beside the ledger's own; a running worker looks every minute.
    """
    form = chosen(output, json=json)
    with reporting("consumer scan", form):
        from ledger import consumers
        from ledger.config import load_config
        from ledger.setup import open_emitter

        config = load_config(home)
        emitter = open_emitter(config, identity=identity)
        try:
            answer = _scanned(consumers.scan(config, emitter, topics=topic))
            _sent(emitter, answer)
        finally:
            emitter.close()
        emit(answer, form)


def _contracts(file: Path | None, given: dict[str, object]) -> list[ContractDeclared]:
    from ledger.consumers import contract, contracts_in

    if (file is None) == (not given):
        raise InvalidEventError(
            "give either a file, or --consumer, --channel and --purpose",
            hint="mlledger consumer declare -h",
        )
    return [contract(given)] if file is None else contracts_in(file)


def _declared(
    config: Config, contracts: list[ContractDeclared], identity: str | None
) -> Answer:
    from ledger.setup import open_emitter

    emitter = open_emitter(config, identity=identity)
    try:
        rows: list[dict[str, object]] = [
            {
                "event_id": format_id(emitter.emit(item).id),
                "consumer": item.consumer,
                "channels": [f"{at.kind}:{at.id}" for at in item.channels],
                "purpose": item.purpose,
                "valid_from": format_time(item.valid_from),
                "valid_to": format_time(item.valid_to),
            }
            for item in contracts
        ]
        answer = Answer("consumer declare", rows)
        _sent(emitter, answer)
    finally:
        emitter.close()
    return answer


def _sent(emitter: Emitter, answer: Answer) -> None:
    if not emitter.flush(30.0):
        answer.warnings.append(_NOT_YET)


def _scanned(looked: list[Looked]) -> Answer:
    rows = [row for one in looked for row in _rows(one)]
    errors = [error_entry(one.error) for one in looked if one.error is not None]
    spots = dict.fromkeys(spot for one in looked for spot in one.blind_spots)
    codes = [one.error.exit_code for one in looked if one.error is not None]
    code = 0 if not codes else codes[0] if len(codes) == len(looked) else PARTIAL
    return Answer(
        "consumer scan",
        rows,
        exit=code,
        errors=errors,
        warnings=[f"not seen: {spot}" for spot in spots],
        complete=not errors,
    )


def _rows(one: Looked) -> list[dict[str, object]]:
    """Return a row for each reader seen; ``event_id`` where it was recorded now."""
    from ledger.consumers.sightings import NOBODY, reader_of

    recorded = {item.observation.reader: item.event_id for item in one.recorded}
    readers = dict.fromkeys(reader_of(row) for row in one.rows)
    if one.error is None and not readers:
        readers = {NOBODY: None}
    return [
        {
            "topic": one.topic,
            "consumer": reader.consumer or "(nobody seen)",
            "channel": reader.channel,
            "group_type": reader.group_type,
            "client_id": reader.client_id,
            "host": reader.host,
            "event_id": format_id(recorded.get(reader)),
        }
        for reader in readers
    ]
