"""The columns of fact tables as ``schema.sql`` writes them; no database here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from projections.columns import Table
from projections.sql_files import sql

_TABLE = re.compile(r"^CREATE TABLE (\w+) \($(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(
    r"^ {7}([a-z][a-z0-9_]*) +([a-z ]+?(?:\(\d+\))?(?:\[\])?)(?: +[A-Z].*)?,?$"
)
_TYPES = {
    "timestamptz": "timestamp with time zone",
    "varchar(256)": "character varying",
}


@cache
def tables_of(projection: str) -> Mapping[str, Table]:
    """Return the fact tables of a projection by name, as ``schema.sql`` makes them."""
    text = sql(f"projections.{projection}", "schema")
    found: dict[str, Table] = {}
    for name, body in _TABLE.findall(text):
        columns = [
            (match[1], _type(match[2]))
            for line in body.splitlines()
            if (match := _COLUMN.match(line))
        ]
        names, kinds = zip(*columns, strict=True)
        found[name] = Table(projection, name, names, kinds)
    for no_fact in ("position", "deployment_period"):
        found.pop(no_fact, None)
    return found


def _type(text: str) -> str:
    inner = text.removesuffix("[]")
    return _TYPES.get(inner, inner) + text.removeprefix(inner)
