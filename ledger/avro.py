"""The Avro schema of an event class, its exact bytes, and its documentation.

The schema is derived from the class and holds no documentation, so that a mended
docstring does not make a new schema. Its bytes are compact JSON with the keys of every
object in one fixed order; their SHA-256, the schema id, stands in every signed entry::

    {"name":"closed_v1","namespace":"mlledger.ledger.log","type":"record","fields":[…]}

Records, enumerations and fixed types inside an event live in the namespace
``mlledger``; each is spelled out where it is first used and named by its full name from
then on. A nullable field is the union of null and its type, with default null; an
enumeration has the default symbol ``unknown``; there are no logical types.
"""

from __future__ import annotations

import hashlib
import json
import re
from enum import Enum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Never,
    Union,
    cast,
    get_args,
    get_origin,
)
from typing import get_type_hints as _hints

from ledger.errors import MalformedError

if TYPE_CHECKING:
    from ledger.events.base import Event, Part

NAMESPACE = "mlledger"
Schema = dict[str, Any]
_PRIMITIVES = {
    bool: "boolean",
    int: "long",
    float: "double",
    bytes: "bytes",
    str: "string",
}
_NAMESPACE = re.compile(r"mlledger\.([a-z]+\.[a-z][a-z0-9_]*)")
_NAME = re.compile(r"([a-z]+)_v([1-9][0-9]{0,4})")
_KEY_ORDER = (
    *("name", "namespace", "type", "fields", "symbols"),
    *("items", "values", "size", "default", "logicalType"),
)
_MAX_DEPTH = 32
MAX_SCHEMA = 16_384
"""Bytes of a schema: compiling takes two thousand times as many for a moment."""
# Every reading of a control log judges the same schemas again: the newest are kept.
_KNOWN = 512


@cache
def avro_schema(cls: type[Event]) -> Schema:
    """Return the Avro schema of an event class as JSON objects; do not change it."""
    namespace, _, verb = cls.type_name.rpartition(".")
    return {
        "name": f"{verb}_v{cls.type_version}",
        "namespace": f"{NAMESPACE}.{namespace}",
        "type": "record",
        "fields": _fields(cls, set()),
    }


@cache
def schema_bytes(cls: type[Event]) -> bytes:
    """Return the exact bytes of the schema, as they are registered and hashed."""
    text = json.dumps(avro_schema(cls), separators=(",", ":"), ensure_ascii=False)
    return text.encode()


# Classes whose id was asked for: to name these no other type need be loaded.
_used: dict[bytes, type[Event]] = {}


@cache
def schema_id(cls: type[Event]) -> bytes:
    """Return the SHA-256 of the exact schema bytes."""
    identity = hashlib.sha256(schema_bytes(cls)).digest()
    _used[identity] = cls
    return identity


@cache
def _class_ids(family: str) -> dict[bytes, type[Event]]:
    from ledger.events.base import event_classes

    found = {schema_id(c): c for c in event_classes()}
    return {i: c for i, c in found.items() if c.type_name.startswith(family)}


def built_in_schemas(family: str = "") -> dict[bytes, bytes]:
    """Return schema id to schema bytes of the types this package knows.

    Args:
        family: a prefix of type names, such as ``ledger.``; empty means all.
    """
    return {i: schema_bytes(c) for i, c in _class_ids(family).items()}


def class_of_schema(identity: bytes) -> type[Event] | None:
    """Return the event class with exactly this schema id, or None."""
    return _used.get(identity) or _class_ids("").get(identity)


def parse_schema(data: bytes) -> Schema:
    """Return a registered schema as JSON objects.

    Raises:
        MalformedError: more than :data:`MAX_SCHEMA` bytes, not JSON, or an object
            repeats a key.
    """
    if len(data) > MAX_SCHEMA:
        raise MalformedError(f"a schema of {len(data)} bytes; at most {MAX_SCHEMA}")
    try:
        schema = json.loads(
            data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"not a schema: {error}") from error
    if not isinstance(schema, dict):
        raise MalformedError("not a schema: no JSON object")
    return cast("Schema", schema)


@lru_cache(maxsize=_KNOWN)
def type_of_schema(data: bytes) -> tuple[str, int]:
    """Return the event type that a registered schema says it describes.

    Returns:
        ``<family>.<noun>.<verb>`` and the version.

    Raises:
        MalformedError: the bytes are not a schema of an event type.
    """
    schema = parse_schema(data)
    namespace = _NAMESPACE.fullmatch(str(schema.get("namespace")))
    name = _NAME.fullmatch(str(schema.get("name")))
    if schema.get("type") != "record" or not namespace or not name:
        found = [schema.get(key) for key in ("type", "namespace", "name")]
        raise MalformedError(
            "not the schema of an event type",
            expected="record, mlledger.<family>.<noun>, <verb>_v<n>",
            actual=", ".join(map(str, found)),
        )
    return f"{namespace[1]}.{name[1]}", int(name[2])


@lru_cache(maxsize=_KNOWN)
def verify_spelling(data: bytes) -> None:
    """Check that a schema is compact JSON whose keys stand in the one fixed order.

    Keys that are not in :data:`_KEY_ORDER`, such as ``doc``, may not stand there.

    Raises:
        MalformedError: it is spelled otherwise, or nested more than 32 deep.
    """
    ordered = _ordered(parse_schema(data), _MAX_DEPTH)
    text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)
    if text.encode(errors="surrogatepass") != data:
        raise MalformedError("the schema is not in its only accepted spelling")


def field_hints(cls: type[Part]) -> dict[str, Any]:
    """Return Avro field name to annotated type, in the order of the fields."""
    hints = _hints(cls, include_extras=True)
    return {f.alias or name: hints[name] for name, f in cls.model_fields.items()}


def is_nullable(hint: Any) -> bool:
    """Tell whether a field of this annotated type may be null."""
    return get_origin(hint) in {Union, UnionType} and NoneType in get_args(hint)


def _no_constant(word: str) -> Never:
    raise ValueError(f"{word} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object repeats a key")
    return found


def _ordered(node: Any, depth: int) -> Any:
    if not depth:
        raise MalformedError(f"a schema nested more than {_MAX_DEPTH} deep")
    if isinstance(node, list):
        return [_ordered(item, depth - 1) for item in cast("list[Any]", node)]
    if isinstance(node, dict):
        fields = cast("Schema", node)
        return {k: _ordered(fields[k], depth - 1) for k in _KEY_ORDER if k in fields}
    return node


def _fields(cls: type[Part], seen: set[str]) -> list[Schema]:
    fields: list[Schema] = []
    for name, hint in field_hints(cls).items():
        field: Schema = {"name": name, "type": _type(hint, seen)}
        if is_nullable(hint):
            field["default"] = None
        fields.append(field)
    return fields


def _type(hint: Any, seen: set[str]) -> Any:
    """Return the Avro type of one annotated type; ``seen`` collects defined names."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(hint, seen)
    if is_nullable(hint):
        (inner,) = (a for a in args if a is not NoneType)
        return ["null", _type(inner, seen)]
    if origin is list:
        return {"type": "array", "items": _type(args[0], seen)}
    if origin is dict:
        return {"type": "map", "values": _type(args[1], seen)}
    return _PRIMITIVES.get(hint) or _named(hint, seen)


def _annotated(hint: Any, seen: set[str]) -> Any:
    from ledger.events.types import Avro

    inner, *marks = get_args(hint)
    mark = next((m for m in marks if isinstance(m, Avro)), None)
    if mark is None:
        return _type(inner, seen)
    if not mark.size:
        return mark.kind
    return _once(mark.kind, seen, lambda: {"type": "fixed", "size": mark.size})


def _named(cls: Any, seen: set[str]) -> Any:
    if issubclass(cls, Enum):
        symbols = [str(member.value) for member in cls]
        return _once(
            cls.__name__,
            seen,
            lambda: {"type": "enum", "symbols": symbols, "default": "unknown"},
        )
    return _once(
        cls.__name__, seen, lambda: {"type": "record", "fields": _fields(cls, seen)}
    )


def _once(name: str, seen: set[str], define: Any) -> Any:
    """Return the definition of a named type at its first use, then its full name."""
    if name in seen:
        return f"{NAMESPACE}.{name}"
    seen.add(name)
    return {"name": name, "namespace": NAMESPACE, **define()}
