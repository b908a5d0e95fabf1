"""A statement on its way from root to root: a small JSON file.

Roots that must agree lie on several machines. One writes the statement down, each adds
its endorsement, and whoever holds a key that writes into the control log submits it::

    {"statement": {"threshold": 2, …}, "type": "ledger.root.set", "body": "…",
     "schema": "…", "id": "…", "time": …, "endorsements": [{"key_fp": "…", "sig": "…"}]}

What counts is ``schema``, ``body`` and ``endorsements``; ``statement`` is for reading,
and is made anew from the body whenever the file is read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.events.ledger import StatementEndorsed


def write_statement(path: Path, endorsed: StatementEndorsed) -> None:
    """Write an endorsed statement to a file, in the place of what is there."""
    name, fields = described(endorsed)
    data = {
        "type": name,
        "statement": fields,
        "schema": endorsed.statement_schema.hex(),
        "body": endorsed.statement.hex(),
        "id": endorsed.id.hex(),
        "time": endorsed.time,
        "endorsements": [
            {"key_fp": each.key_fp.hex(), "sig": each.sig.hex()}
            for each in endorsed.endorsements
        ],
    }
    path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def read_statement(path: Path) -> StatementEndorsed:
    """Read what :func:`write_statement` wrote; no endorsement is checked.

    Raises:
        MalformedError: it is no such file.
    """
    from ledger.events.ledger import Endorsement, StatementEndorsed

    try:
        data = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        endorsements = [
            Endorsement(
                key_fp=bytes.fromhex(each["key_fp"]), sig=bytes.fromhex(each["sig"])
            )
            for each in data["endorsements"]
        ]
        return StatementEndorsed.record(
            id=bytes.fromhex(data["id"]),
            time=data["time"],
            statement_schema=bytes.fromhex(data["schema"]),
            statement=bytes.fromhex(data["body"]),
            endorsements=endorsements,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise MalformedError(f"{path}: not a statement file: {error}") from error


def described(endorsed: StatementEndorsed) -> tuple[str, dict[str, Any]]:
    """Return type name and printable fields of a statement.

    Raises:
        MalformedError: no statement of this version, or not spelled exactly.
    """
    from ledger.ledger_types import decode_statement

    decoded = decode_statement(endorsed.model_dump())
    if decoded is None:
        raise MalformedError("a statement of a type that this version does not know")
    return decoded[0], {key: _printed(value) for key, value in decoded[1].items()}


def _printed(value: Any) -> Any:
    if isinstance(value, list):
        return [_printed(item) for item in cast("list[Any]", value)]
    return value.hex() if isinstance(value, bytes) else value
