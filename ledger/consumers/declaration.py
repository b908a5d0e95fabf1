"""Contracts with consumers, from the command line or from a TOML or JSON file."""

from __future__ import annotations

import json
import tomllib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from ledger import clock
from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ledger.events.consumer import ContractDeclared


def contract(fields: Mapping[str, Any]) -> ContractDeclared:
    """Return the contract of these fields, in force from now unless they say otherwise.

    Args:
        fields: those of ``consumer.contract.declared``; a channel may be a text such as
            ``kafka.topic:scores``, a time may be ISO 8601 or a date of TOML.

    Raises:
        InvalidEventError: naming what does not fit; or it names no channel, or ends
            before it begins.
    """
    from ledger.events.consumer import ContractDeclared

    given = {name: _value(value) for name, value in fields.items()}
    _only_fields(given, set(ContractDeclared.model_fields) - {"meta"})
    channels = given.get("channels")
    if not isinstance(channels, list) or not channels:
        raise InvalidEventError(
            "channels: a contract names at least one", hint="kafka.topic:NAME"
        )
    given["channels"] = [
        parse_channel(item) if isinstance(item, str) else item
        for item in cast("list[object]", channels)
    ]
    given.setdefault("valid_from", clock.now_us())
    made = ContractDeclared.record(basis="declared", **given)
    if made.valid_to is not None and made.valid_to <= made.valid_from:
        raise InvalidEventError("valid_to: is not after valid_from")
    return made


def contracts_in(path: Path) -> list[ContractDeclared]:
    """Return the contracts of a file: one at its top, or several under ``contracts``.

    Args:
        path: ``*.json`` is JSON, anything else TOML.

    Raises:
        InvalidEventError: it cannot be read, or a contract in it does not fit.
    """
    data = _read(path)
    items: object = data
    if isinstance(data, dict) and set(cast("dict[str, object]", data)) == {"contracts"}:
        items = cast("dict[str, object]", data)["contracts"]
    listed = cast("list[object]", items) if isinstance(items, list) else [items]
    return [_numbered(path, number, item) for number, item in enumerate(listed, 1)]


def parse_channel(text: str) -> dict[str, str]:
    """Return kind and id of a channel written as ``kind:id``.

    Raises:
        InvalidEventError: it is written otherwise.
    """
    kind, _, name = text.partition(":")
    if not kind or not name:
        raise InvalidEventError(
            f"{text!r}: not a channel", hint="KIND:ID, such as kafka.topic:scores"
        )
    return {"kind": kind, "id": name}


def _read(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidEventError(f"{path}: {error}") from error


def _numbered(path: Path, number: int, item: object) -> ContractDeclared:
    if not isinstance(item, dict):
        raise InvalidEventError(f"{path}: contract {number}: expected a table")
    try:
        return contract(cast("dict[str, Any]", item))
    except InvalidEventError as error:
        raise InvalidEventError(
            f"{path}: contract {number}: {error}", hint=error.hint
        ) from error


def _only_fields(given: Mapping[str, object], known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise InvalidEventError(
                f"{name}: no field of a contract", hint=", ".join(sorted(known))
            )


def _value(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
