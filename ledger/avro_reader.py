"""A strict reader of Avro bodies: one schema becomes one function over bytes.

Avro's usual readers take what the format calls wrong: a boolean of 2, a negative index
of an enumeration, numbers beyond 64 bits, a map with a key twice. Signed evidence must
not mean one thing to one reader and something else to the next, so this reader refuses
them, and it never allocates more than the body itself can fill.

Of the freedoms Avro gives to writers it takes arrays and maps in several blocks, with
or without block sizes. Source: Apache Avro 1.12 specification, "Binary encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeGuard, cast

from ledger.avro_values import (
    PRIMITIVES,
    Made,
    Read,
    array_reader,
    enum_reader,
    fixed_reader,
    map_reader,
    record_reader,
    union_reader,
)
from ledger.errors import MalformedError

_MAX_DEPTH = 32


def compile_reader(schema: dict[str, Any]) -> Callable[[bytes], Any]:
    """Return the function that reads a whole body of a schema.

    The function raises :class:`MalformedError` unless the body is exactly one value.

    Raises:
        MalformedError: the schema is none that can be read safely: an unknown type or
            name, recursion, or items that take no bytes.
    """
    read, _ = _Compiler().compile(schema, "", 0)

    def read_body(body: bytes) -> Any:
        try:
            value, end = read(body, 0)
        except (IndexError, struct.error) as error:
            raise MalformedError("Avro body ends too early") from error
        except UnicodeDecodeError as error:
            raise MalformedError(f"Avro text is not UTF-8: {error.reason}") from error
        if end != len(body):
            raise MalformedError(
                "bytes follow the Avro body", expected=str(end), actual=str(len(body))
            )
        return value

    return read_body


class _Compiler:
    """Turns a schema into nested functions; remembers named types."""

    def __init__(self) -> None:
        self._named: dict[str, Made | None] = {}

    def compile(self, schema: Any, namespace: str, depth: int) -> Made:
        """Return the reader of a type and the fewest bytes a value of it takes."""
        if depth > _MAX_DEPTH:
            raise MalformedError("schema is nested too deeply")
        if isinstance(schema, list):
            return self._union(cast("list[Any]", schema), namespace, depth)
        if isinstance(schema, str):
            return self._by_name(schema, namespace)
        if not isinstance(schema, dict):
            raise MalformedError(f"not an Avro type: {schema!r}")
        found = cast("dict[str, Any]", schema)
        kind = found.get("type")
        if kind in ("record", "enum", "fixed"):
            return self._define(found, namespace, depth)
        if kind in ("array", "map"):
            return self._blocks(found, namespace, depth)
        return self.compile(kind, namespace, depth + 1)

    def _by_name(self, name: str, namespace: str) -> Made:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if found := self._named.get(full):
            return found
        raise MalformedError(f"schema uses {full} inside or before its definition")

    def _define(self, schema: dict[str, Any], outer: str, depth: int) -> Made:
        name = str(schema.get("name"))
        namespace = str(schema.get("namespace", outer))
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full in self._named:
            raise MalformedError(f"schema defines {full} twice")
        self._named[full] = None
        made = self._body(schema, full.rpartition(".")[0], depth)
        self._named[full] = made
        return made

    def _body(self, schema: dict[str, Any], space: str, depth: int) -> Made:
        if schema["type"] == "enum":
            return enum_reader([str(s) for s in _listed(schema, "symbols")]), 1
        if schema["type"] == "fixed":
            size = schema.get("size")
            if type(size) is not int or size < 0:
                raise MalformedError(f"not the size of a fixed type: {size!r}")
            return fixed_reader(size), size
        fields = [
            self._field(field, space, depth) for field in _listed(schema, "fields")
        ]
        if len({name for name, *_ in fields}) != len(fields):
            raise MalformedError("schema has a record with a field twice")
        return record_reader([f[:3] for f in fields]), sum(size for *_, size in fields)

    def _field(self, field: Any, space: str, depth: int) -> tuple[str, bool, Read, int]:
        """Return name, whether null is allowed, reader if not null, fewest bytes."""
        if not isinstance(field, dict):
            raise MalformedError(f"not an Avro field: {field!r}")
        found = cast("dict[str, Any]", field)
        kind = found.get("type")
        if _is_nullable(kind):
            read, _ = self.compile(kind[1], space, depth + 1)
            return str(found.get("name")), True, read, 1
        read, size = self.compile(kind, space, depth + 1)
        return str(found.get("name")), False, read, size

    def _union(self, branches: list[Any], space: str, depth: int) -> Made:
        made = [self.compile(branch, space, depth + 1)[0] for branch in branches]
        return union_reader(made), 1

    def _blocks(self, schema: dict[str, Any], space: str, depth: int) -> Made:
        if schema["type"] == "map":
            read, _ = self.compile(schema.get("values"), space, depth + 1)
            return map_reader(read), 1
        read, size = self.compile(schema.get("items"), space, depth + 1)
        if size == 0:
            raise MalformedError("schema has an array of items that take no bytes")
        return array_reader(read), 1


def _is_nullable(kind: Any) -> TypeGuard[list[Any]]:
    branches = cast("list[Any]", kind) if isinstance(kind, list) else []
    return len(branches) == 2 and branches[0] == "null"


def _listed(schema: dict[str, Any], key: str) -> list[Any]:
    found = schema.get(key)
    if not isinstance(found, list):
        raise MalformedError(f"schema of a {schema['type']} has no {key}")
    return cast("list[Any]", found)
