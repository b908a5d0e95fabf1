"""Commands that write events from a file or the command line."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer
from typer import Argument, Option

from ledger.errors import (
    InvalidEventError,
    JournalError,
    LedgerError,
    LogUnavailableError,
)
from ledger.options import HomeOption, JsonOption, OutputOption, chosen
from ledger.output import Answer, emit, error_entry, format_id, reporting

if TYPE_CHECKING:
    from ledger.emitter import Emitter

PARTIAL = 10


def register(app: typer.Typer) -> None:
    """Add ``emit``."""
    app.command("emit")(emit_event)


def emit_event(
    *,
    event_type: Annotated[
        str | None, Argument(metavar="TYPE", help="such as data.source.registered")
    ] = None,
    data: Annotated[
        str, Option("--data", "-d", help="JSON, @FILE, or - for stdin")
    ] = "",
    batch: Annotated[
        Path | None, Option(help="NDJSON: one {type, data} object a line; - for stdin")
    ] = None,
    on_error: Annotated[
        Literal["stop", "skip"], Option(help="what a refused line does to the rest")
    ] = "stop",
    identity: Annotated[str | None, Option(help="whose key signs")] = None,
    wait: Annotated[
        bool, Option(help="return only when the log has the events")
    ] = True,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Sign and append one event, or a batch with a result for each line."""
    form = chosen(output, json=json)
    with reporting("emit", form):
        if (event_type is None) == (batch is None):
            raise InvalidEventError(
                "give either TYPE with --data, or --batch FILE", hint="mlledger emit -h"
            )
        from ledger.config import load_config
        from ledger.setup import open_emitter

        emitter = open_emitter(load_config(home), identity=identity)
        try:
            if event_type is not None:
                answer = _one(emitter, event_type, data)
            else:
                answer = _batch(emitter, batch, stop=on_error == "stop")
            if wait and not emitter.flush(30.0):
                answer.exit = answer.exit or LogUnavailableError.exit_code
                answer.errors.append(error_entry(_unsent(emitter)))
            if emitter.stats()["dropped"]:
                answer.exit = JournalError.exit_code
                answer.errors.append(error_entry(_dropped(emitter)))
        finally:
            emitter.close()
        emit(answer, form)


def _unsent(emitter: Emitter) -> LogUnavailableError:
    why = emitter.stats()["last_error"]
    return LogUnavailableError(
        "the log has not taken all events yet; they are in the journal"
        + (f" ({why})" if why else ""),
        hint="the next process sends them, or: mlledger journal flush",
    )


def _dropped(emitter: Emitter) -> JournalError:
    stats = emitter.stats()
    return JournalError(
        f"{stats['dropped']} events were lost: {stats['last_error']}",
        hint="the journal cannot be written; see: mlledger doctor",
    )


def _one(emitter: Emitter, name: str, data: str) -> Answer:
    row = _emit_row(emitter, name, _object(_text(data), "--data"))
    return Answer("emit", row, text=f"{row['event_id']}  {row['type']}")


def _batch(emitter: Emitter, path: Path | None, *, stop: bool) -> Answer:
    rows: list[dict[str, Any]] = []
    errors: list[dict[str, object]] = []
    for number, line in _lines(path):
        try:
            item = _object(line, f"line {number}")
            row = _emit_row(emitter, str(item.get("type", "")), item.get("data", {}))
            rows.append({"line": number, **row})
        except LedgerError as error:
            errors.append({"line": number, **error_entry(error)})
            if stop:
                break
    code = 0 if not errors else PARTIAL if rows else InvalidEventError.exit_code
    return Answer("emit", rows, exit=code, errors=errors, complete=not errors)


def _emit_row(emitter: Emitter, name: str, data: object) -> dict[str, Any]:
    from ledger.codec import from_json

    if not isinstance(data, dict):
        raise InvalidEventError("data: expected a JSON object")
    fields = cast("dict[str, Any]", data)
    reference = emitter.emit(from_json(name, fields))
    return {
        "event_id": format_id(reference.id),
        "type": name,
        "digest": f"sha256:{reference.digest.hex()}",
    }


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.read()
    if data.startswith("@"):
        return Path(data[1:]).read_text(encoding="utf-8")
    return data or "{}"


def _lines(path: Path | None) -> Iterator[tuple[int, str]]:
    file = Path("/dev/stdin") if path is None or path == Path("-") else path
    with file.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield number, line


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        value: object = json_module.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEventError(f"{where}: not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidEventError(f"{where}: expected a JSON object")
    return cast("dict[str, Any]", value)
