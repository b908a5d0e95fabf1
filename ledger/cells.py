"""How a value is printed: in JSON, in a cell of a table, and in one of CSV."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from ledger.visible import visible, visible_json

_NOT_FINITE = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def to_json(value: object) -> str:
    """Return one line of JSON; ids, digests and times in their printed forms.

    JSON has no NaN and no infinities: they are the texts ``nan``, ``inf``, ``-inf``.
    """
    try:
        return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(value, default=_plain)
        worded = json.loads(text, parse_constant=_NOT_FINITE.__getitem__)
        return json.dumps(worded, ensure_ascii=False)


def json_line(value: object) -> str:
    r"""Return one line of JSON as it is printed: nothing in it is hidden.

    It parses to the same as :func:`to_json`; what a terminal would obey, or a reader
    not see, is written as ``\u`` escapes.
    """
    return visible_json(to_json(value))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if hasattr(value, "__dataclass_fields__"):
        import dataclasses

        return {
            item.name: getattr(value, item.name)
            for item in dataclasses.fields(cast("Any", value))
        }
    return str(value)


def cell(value: object) -> str:
    """Return one value as a cell of a table: one line, in which nothing is hidden."""
    return visible(_text(value))


def csv_cell(value: object) -> str:
    """Return one value as a cell of CSV that no spreadsheet takes for a formula.

    A text that begins like a formula begins with an apostrophe here; a number does not,
    also where it is recorded as a text. So does a text of apostrophes and such a
    beginning, so that whoever takes the one apostrophe away has what was recorded.

    Source: OWASP, CSV Injection.
    """
    text = _text(value)
    if isinstance(value, int | float) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if _FORMULA.match(text) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        return to_json(cast("object", value))
    plain = _plain(value) if not isinstance(value, str | int | float) else value
    return str(plain)
