"""May the fields of a type change so? Both ways, or it is another type.

A new version must be readable by programs that know the old one, and old events by
programs that know the new one. The question is put to fastavro: values that use every
branch and symbol are written under one schema and read under the other.
"""

from __future__ import annotations

import copy
import io
from typing import Any, cast

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException

from ledger.avro import parse_schema
from ledger.errors import ConflictError

Schema = dict[str, Any]
_fastavro = cast("Any", fastavro)  # its annotations are incomplete
_SAMPLES: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True],
    "int": [1],
    "long": [1],
    "float": [1.0],
    "double": [1.0],
    "bytes": [b"x"],
    "string": ["x"],
}


def verify_evolution(*, old: bytes, new: bytes) -> None:
    """Check that a changed schema can stand beside the one it follows.

    Args:
        old: exact bytes of the earlier version's schema.
        new: exact bytes of the later one's.

    Raises:
        ConflictError: an enumeration has no default symbol, or one of the two cannot
            read what the other has written; the text says which and why.
    """
    before, after = (
        parse_schema(old),
        _renamed(parse_schema(new), like=parse_schema(old)),
    )
    for enum in _enums(after):
        if enum.get("default") not in enum["symbols"]:
            raise ConflictError(f"enumeration {enum['name']} has no default symbol")
    _verify_reads(writer=after, reader=before, who="programs that know the old version")
    _verify_reads(writer=before, reader=after, who="the new version")


def difference(*, old: bytes, new: bytes) -> str:
    """Return which fields of two schemas differ, in words."""
    before = {f["name"]: f["type"] for f in parse_schema(old)["fields"]}
    after = {f["name"]: f["type"] for f in parse_schema(new)["fields"]}
    said = [
        (before.keys() - after.keys(), "gone"),
        (after.keys() - before.keys(), "added"),
        ({n for n in before.keys() & after.keys() if before[n] != after[n]}, "changed"),
    ]
    words = [f"{how}: {', '.join(sorted(names))}" for names, how in said if names]
    return "; ".join(words) or "another order of fields, or another spelling"


def _renamed(schema: Schema, *, like: Schema) -> Schema:
    """Return the schema under the other's name: the name carries the version."""
    return {**schema, "name": like["name"], "namespace": like["namespace"]}


def _verify_reads(*, writer: Schema, reader: Schema, who: str) -> None:
    parsed, expected = _parsed(writer), _parsed(reader)
    for value in _samples(writer, {}):
        written = io.BytesIO()
        _fastavro.schemaless_writer(written, parsed, value)
        written.seek(0)
        try:
            _fastavro.schemaless_reader(written, parsed, expected)
        except (SchemaResolutionError, ValueError) as error:
            raise ConflictError(f"{who} cannot read this: {error}") from error


def _parsed(schema: Schema) -> Any:
    try:
        return fastavro.parse_schema(copy.deepcopy(schema))
    except SchemaParseException as error:
        raise ConflictError(f"not an Avro schema: {error}") from error


def _samples(schema: Any, named: dict[str, list[Any]]) -> list[Any]:
    """Return values that together use every branch and every symbol of a schema."""
    if isinstance(schema, list):
        return [
            v for branch in cast("list[Any]", schema) for v in _samples(branch, named)
        ]
    if isinstance(schema, str):
        return _SAMPLES.get(schema) or named[schema]
    kind = schema["type"]
    if kind == "array":
        return [[], *([item] for item in _samples(schema["items"], named))]
    if kind == "map":
        return [{}, *({"x": item} for item in _samples(schema["values"], named))]
    if kind == "record":
        found = _record_samples(schema, named)
    else:
        found = schema["symbols"] if kind == "enum" else [bytes(schema["size"])]
    named[f"{schema.get('namespace')}.{schema['name']}"] = found
    return found


def _record_samples(schema: Schema, named: dict[str, list[Any]]) -> list[Any]:
    columns = {f["name"]: _samples(f["type"], named) for f in schema["fields"]}
    rows = max((len(values) for values in columns.values()), default=1)
    return [{n: v[min(i, len(v) - 1)] for n, v in columns.items()} for i in range(rows)]


def _enums(schema: Any) -> list[Schema]:
    if isinstance(schema, list):
        return [found for item in cast("list[Any]", schema) for found in _enums(item)]
    if not isinstance(schema, dict):
        return []
    node = cast("Schema", schema)
    own = [node] if node.get("type") == "enum" else []
    return own + [found for value in node.values() for found in _enums(value)]
