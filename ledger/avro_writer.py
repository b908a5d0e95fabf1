"""A strict writer of Avro bodies: one schema becomes one function over fields.

The twin of :mod:`ledger.avro_reader`. It writes each value in one spelling (one block
to an array or map, shortest numbers) and refuses what the schema does not say: unknown
fields, a boolean for a number, text for bytes.
Source: Apache Avro 1.12 specification, "Binary encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from ledger.errors import InvalidEventError

Write = Callable[[bytearray, Any], None]
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
_NAME = 256


def compile_writer(schema: dict[str, Any]) -> Callable[[Mapping[str, Any]], bytes]:
    """Return the function that writes the body of a record schema.

    The function raises :class:`InvalidEventError`, naming the field, for a value that
    is unknown, absent or of another type; absent nullable fields are written as null.

    Args:
        schema: a schema that :func:`ledger.avro_reader.compile_reader` accepts.
    """
    write = _Compiler().compile(schema, "")

    def write_body(fields: Mapping[str, Any]) -> bytes:
        body = bytearray()
        write(body, fields)
        return bytes(body)

    return write_body


class _Compiler:
    """Turns a schema into nested functions; remembers named types."""

    def __init__(self) -> None:
        self._named: dict[str, Write] = {}

    def compile(self, schema: Any, namespace: str) -> Write:
        """Return the writer of a type."""
        if isinstance(schema, list):
            return _nullable(self._branch(cast("list[Any]", schema), namespace))
        if isinstance(schema, str):
            return _PRIMITIVES.get(schema) or self._named[_full(schema, namespace)]
        kind = schema["type"]
        if kind in {"record", "enum", "fixed"}:
            name = _full(schema["name"], schema.get("namespace", namespace))
            self._named[name] = self._body(schema, name.rpartition(".")[0])
            return self._named[name]
        if kind == "array":
            return _array(self.compile(schema["items"], namespace))
        if kind == "map":
            return _map(self.compile(schema["values"], namespace))
        return self.compile(kind, namespace)

    def _body(self, schema: dict[str, Any], space: str) -> Write:
        if schema["type"] == "enum":
            return _enum(schema["symbols"])
        if schema["type"] == "fixed":
            return _fixed(schema["size"])
        return _record([self._field(field, space) for field in schema["fields"]])

    def _field(self, field: dict[str, Any], space: str) -> tuple[str, bool, Write]:
        kind = field["type"]
        if kind.__class__ is list and kind[0] == "null":
            return field["name"], True, self._branch(kind, space)
        return field["name"], False, self.compile(kind, space)

    def _branch(self, branches: list[Any], space: str) -> Write:
        """Return the writer of the type that stands beside null."""
        if len(branches) != 2 or branches[0] != "null":
            raise InvalidEventError("only unions of null and one type are written")
        return self.compile(branches[1], space)


def _full(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _record(fields: list[tuple[str, bool, Write]]) -> Write:
    known = frozenset(name for name, *_ in fields)

    def write(body: bytearray, value: Any) -> None:
        record: Mapping[str, Any] = value
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise _mismatch("a record", value)
        if not known.issuperset(record):
            raise _unknown(known, record)
        name = ""
        try:
            for name, nullable, write_field in fields:
                item = record.get(name)
                if nullable:
                    if item is None:
                        body.append(0)
                        continue
                    body.append(2)
                write_field(body, item)
        except InvalidEventError as error:
            raise InvalidEventError(f"{name}: {error}", hint=error.hint) from error

    return write


def _unknown(known: frozenset[str], value: Mapping[str, Any]) -> InvalidEventError:
    extra = ", ".join(sorted(set(value) - known))
    return InvalidEventError(
        f"no such field: {extra}", hint=f"allowed: {', '.join(sorted(known))}"
    )


def _nullable(inner: Write) -> Write:
    def write(body: bytearray, value: Any) -> None:
        if value is None:
            body.append(0)
        else:
            body.append(2)
            inner(body, value)

    return write


def _long(body: bytearray, value: Any) -> None:
    if type(value) is not int:
        raise _mismatch("a whole number", value)
    if 0 <= value < 64:
        body.append(value << 1)
        return
    if not -(1 << 63) <= value < 1 << 63:
        raise InvalidEventError("the number is over 64 bits")
    number = (value << 1) ^ (value >> 63)
    while number > 0x7F:
        body.append(number & 0x7F | 0x80)
        number >>= 7
    body.append(number)


def _int(body: bytearray, value: Any) -> None:
    if type(value) is int and not -(1 << 31) <= value < 1 << 31:
        raise InvalidEventError("the number is over 32 bits")
    _long(body, value)


def _string(body: bytearray, value: Any) -> None:
    if not isinstance(value, str):
        raise _mismatch("text", value)
    # Names and codes come again and again; long text hardly ever does.
    body += _known_text(value) if len(value) <= _NAME else _text(value)


def _text(value: str) -> bytes:
    try:
        raw = value.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError("the text holds half a character") from error
    body = bytearray()
    _long(body, len(raw))
    return bytes(body + raw)


_known_text = lru_cache(maxsize=4_096)(_text)


def _bytes(body: bytearray, value: Any) -> None:
    if not isinstance(value, bytes):
        raise _mismatch("bytes", value)
    _long(body, len(value))
    body += value


def _boolean(body: bytearray, value: Any) -> None:
    if not isinstance(value, bool):
        raise _mismatch("true or false", value)
    body.append(value)


def _real(form: struct.Struct) -> Write:
    def write(body: bytearray, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _mismatch("a number", value)
        try:
            body += form.pack(value)
        except OverflowError as error:
            raise InvalidEventError("the number is too large") from error

    return write


def _null(_body: bytearray, value: Any) -> None:
    if value is not None:
        raise _mismatch("nothing", value)


_PRIMITIVES: dict[str, Write] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": _long,
    "float": _real(_FLOAT),
    "double": _real(_DOUBLE),
    "bytes": _bytes,
    "string": _string,
}


def _fixed(size: int) -> Write:
    def write(body: bytearray, value: Any) -> None:
        if not isinstance(value, bytes) or len(value) != size:
            raise _mismatch(f"{size} bytes", value)
        body += value

    return write


def _enum(symbols: list[str]) -> Write:
    written: dict[str, bytes] = {}
    for index, symbol in enumerate(symbols):
        _long(number := bytearray(), index)
        written[symbol] = bytes(number)

    def write(body: bytearray, value: Any) -> None:
        number = written.get(value) if isinstance(value, str) else None
        if number is None:
            raise _mismatch(f"one of {', '.join(symbols)}", value)
        body += number

    return write


def _array(item: Write) -> Write:
    def write(body: bytearray, value: Any) -> None:
        if not isinstance(value, list | tuple):
            raise _mismatch("a list", value)
        items = cast("list[Any]", value)
        if items:
            _long(body, len(items))
            for one in items:
                item(body, one)
        body.append(0)

    return write


def _map(inner: Write) -> Write:
    def write(body: bytearray, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise _mismatch("a map", value)
        entries = cast("Mapping[str, Any]", value)
        if entries:
            _long(body, len(entries))
            for key, one in entries.items():
                _string(body, key)
                inner(body, one)
        body.append(0)

    return write


def _mismatch(wanted: str, value: object) -> InvalidEventError:
    """Name the type that was found, never the value: it may be personal or secret."""
    found = "nothing" if value is None else type(value).__name__
    if isinstance(value, bytes):
        found = f"{len(value)} bytes"
    return InvalidEventError(f"expected {wanted}, not {found}")
