"""A strict reader of Avro bodies: one schema becomes one function over bytes.

Avro's usual readers take what the format calls wrong: a boolean of 2, a negative index
of an enumeration, numbers beyond 64 bits, a map with a key twice. Signed evidence must
not mean one thing to one reader and something else to the next, so this reader refuses
them. It never allocates more than the body itself can fill: fields and items take a
byte at least, so that no small body stands for a large value.

Of Avro's freedoms it takes arrays and maps in several blocks, with or without sizes.
Source: Apache Avro 1.12 specification, "Binary encoding".

The function is compiled from Python text, a function for each record, array, map and
union of the schema, thrice as quick as closures. For a record of an id and a text::

    def read_1(data, at):
        start = at
        at += 16
        v0 = data[start:at]
        size = SHORT[data[at]]
        if size >= 0:
            start = at + 1
            at = start + size
            v1 = data[start:at].decode()
        else:
            v1, at = read_string(data, at)
        return {'id': v0, 'text': v1}, at

Slices may reach beyond the body, which is seen in the end, as no place ever moves back.
From a schema only ``repr`` of names gets into the text.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple, TypeGuard, cast

from ledger import avro_values as values
from ledger.errors import MalformedError

_MAX_DEPTH = 32
_MAX_LEAST = 4_096  # bytes; as many values are made before their bytes are missed


class _Code(NamedTuple):
    """How a type is read: text that sets ``@``, and the fewest bytes of a value."""

    text: str
    least: int


_LENGTH = """\
size = SHORT[data[at]]
if size >= 0:
    start = at + 1
    at = start + size
    @ = data[start:at]{as_text}
else:
    @, at = {slow}(data, at)"""
_NUMBER = """\
byte = data[at]
if byte < 0x80:
    @ = (byte >> 1) ^ -(byte & 1)
    at += 1
else:
    @, at = {slow}(data, at)"""
_BOOLEAN = """\
byte = data[at]
if byte > 1:
    raise MalformedError("Avro boolean is neither 0 nor 1")
@ = byte == 1
at += 1"""
_FIXED = "start = at\nat += {size}\n@ = data[start:at]"
_SYMBOL = """\
@ = first_{number}[data[at]]
if @ is None:
    @, at = symbol_{number}(data, at)
else:
    at += 1"""
_NULLABLE = """\
byte = data[at]
at += 1
if byte == 0:
    @ = None
elif byte == 2:
    {inner}
else:
    raise MalformedError("Avro union of null and another type has no such branch")"""
_BLOCKS = """\
found = {empty}
while True:
    count, end = SHORT[data[at]], -1
    at += 1
    if count < 0:
        count, end, at = read_block(data, at - 1, {least})
    if count == 0:
        break
    for _ in range(count):
        {item}
    check_end(at, end)"""
_KEY = """\
if key in found:
    raise MalformedError("Avro map holds a key twice")"""

_PRIMITIVES = {
    "null": _Code("@ = None", 0),
    "boolean": _Code(_BOOLEAN, 1),
    "int": _Code(_NUMBER.format(slow="read_int"), 1),
    "long": _Code(_NUMBER.format(slow="read_long"), 1),
    "float": _Code("@, at = read_float(data, at)", 4),
    "double": _Code("@, at = read_double(data, at)", 8),
    "bytes": _Code(_LENGTH.format(as_text="", slow="read_bytes"), 1),
    "string": _Code(_LENGTH.format(as_text=".decode()", slow="read_string"), 1),
}


def compile_reader(schema: dict[str, Any]) -> Callable[[bytes], Any]:
    """Return the function that reads a whole body of a schema.

    The function raises :class:`MalformedError` unless the body is exactly one value.

    Raises:
        MalformedError: the schema is none that can be read safely: an unknown type or
            name, recursion, fields or items that take no bytes, values of over 4 KiB.
    """
    read = _Compiler().reader(schema)

    def read_body(body: bytes) -> Any:
        try:
            value, end = read(body, 0)
        except (IndexError, struct.error) as error:
            raise MalformedError("Avro body ends too early") from error
        except UnicodeDecodeError as error:
            raise MalformedError(f"Avro text is not UTF-8: {error.reason}") from error
        if end != len(body):
            raise _other_length(end, len(body))
        return value

    return read_body


def _other_length(end: int, size: int) -> MalformedError:
    what = "bytes follow the Avro body" if end < size else "Avro body ends too early"
    return MalformedError(what, expected=str(end), actual=str(size))


class _Compiler:
    """Turns a schema into functions; remembers named types."""

    def __init__(self) -> None:
        self._named: dict[str, _Code | None] = {}
        self._functions: list[str] = []
        self._names: dict[str, Any] = dict(vars(values))

    def reader(self, schema: Any) -> values.Read:
        """Return the function that reads a value of a schema."""
        code = self.compile(schema, "", 0)
        whole = _function("read_all", [code.text.replace("@", "value")], "value")
        text = "\n\n".join((*self._functions, whole))
        exec(_compiled(text), self._names)  # noqa: S102  text of our own making
        return self._names["read_all"]

    def compile(self, schema: Any, namespace: str, depth: int) -> _Code:
        """Return how a value of a type is read."""
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

    def _by_name(self, name: str, namespace: str) -> _Code:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if found := self._named.get(full):
            return found
        raise MalformedError(f"schema uses {full} inside or before its definition")

    def _define(self, schema: dict[str, Any], outer: str, depth: int) -> _Code:
        name = str(schema.get("name"))
        namespace = str(schema.get("namespace", outer))
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full in self._named:
            raise MalformedError(f"schema defines {full} twice")
        self._named[full] = None
        made = self._body(schema, full.rpartition(".")[0], depth)
        if made.least > _MAX_LEAST:
            raise MalformedError(f"schema has a value of over {_MAX_LEAST} bytes")
        self._named[full] = made
        return made

    def _body(self, schema: dict[str, Any], space: str, depth: int) -> _Code:
        if schema["type"] == "enum":
            return self._symbols([str(s) for s in _listed(schema, "symbols")])
        if schema["type"] == "fixed":
            size = schema.get("size")
            if type(size) is not int or size < 0:
                raise MalformedError(f"not the size of a fixed type: {size!r}")
            return _Code(_FIXED.format(size=size), size)
        return self._record(_listed(schema, "fields"), space, depth)

    def _symbols(self, symbols: list[str]) -> _Code:
        number = len(self._names)
        self._names[f"symbol_{number}"] = values.symbol_reader(symbols)
        short = dict(enumerate(symbols))
        self._names[f"first_{number}"] = list(map(short.get, values.SHORT))
        return _Code(_SYMBOL.format(number=number), 1)

    def _record(self, fields: list[Any], space: str, depth: int) -> _Code:
        made = [self._field(field, space, depth) for field in fields]
        if len({name for name, _ in made}) != len(made):
            raise MalformedError("schema has a record with a field twice")
        lines = [code.text.replace("@", f"v{n}") for n, (_, code) in enumerate(made)]
        pairs = ", ".join(f"{name!r}: v{n}" for n, (name, _) in enumerate(made))
        return self._call(lines, f"{{{pairs}}}", sum(code.least for _, code in made))

    def _field(self, field: Any, space: str, depth: int) -> tuple[str, _Code]:
        if not isinstance(field, dict):
            raise MalformedError(f"not an Avro field: {field!r}")
        found = cast("dict[str, Any]", field)
        kind = found.get("type")
        if not _is_nullable(kind):
            code = self.compile(kind, space, depth + 1)
            if code.least == 0:
                raise MalformedError("schema has a field that takes no bytes")
            return str(found.get("name")), code
        inner = self.compile(kind[1], space, depth + 1).text
        text = _NULLABLE.format(inner=_indented(inner, 4))
        return str(found.get("name")), _Code(text, 1)

    def _union(self, branches: list[Any], space: str, depth: int) -> _Code:
        made = [self.compile(branch, space, depth + 1).text for branch in branches]
        lines = ["index, at = read_long(data, at)"]
        for index, text in enumerate(made):
            read = _indented(text.replace("@", "value"), 4)
            lines.append(f"if index == {index}:\n    {read}\n    return value, at")
        lines.append("raise no_branch(index)")
        return self._call(lines, "None", 1)

    def _blocks(self, schema: dict[str, Any], space: str, depth: int) -> _Code:
        is_map = schema["type"] == "map"
        kind = schema.get("values" if is_map else "items")
        code = self.compile(kind, space, depth + 1)
        if code.least == 0 and not is_map:
            raise MalformedError("schema has an array of items that take no bytes")
        item, least = code.text.replace("@", "value"), code.least + is_map
        if is_map:
            key = _PRIMITIVES["string"].text.replace("@", "key")
            item = "\n".join((key, _KEY, item, "found[key] = value"))
        else:
            item += "\nfound.append(value)"
        empty = "{}" if is_map else "[]"
        text = _BLOCKS.format(empty=empty, item=_indented(item, 8), least=least)
        return self._call([text], "found", 1)

    def _call(self, lines: Iterable[str], value: str, least: int) -> _Code:
        """Add the function of these lines, and return how it is called."""
        name = f"read_{len(self._functions) + 1}"
        self._functions.append(_function(name, lines, value))
        return _Code(f"@, at = {name}(data, at)", least)


@lru_cache(maxsize=1024)
def _compiled(text: str) -> CodeType:
    return compile(text, "<Avro reader>", "exec")


def _function(name: str, lines: Iterable[str], value: str) -> str:
    body = _indented("\n".join((*lines, f"return {value}, at")), 4)
    return f"def {name}(data, at):\n    {body}"


def _indented(text: str, by: int) -> str:
    """Indent all lines but the first, which stands where the text is put."""
    return text.replace("\n", "\n" + " " * by)


def _is_nullable(kind: Any) -> TypeGuard[list[Any]]:
    branches = cast("list[Any]", kind) if isinstance(kind, list) else []
    return len(branches) == 2 and branches[0] == "null"


def _listed(schema: dict[str, Any], key: str) -> list[Any]:
    found = schema.get(key)
    if not isinstance(found, list):
        raise MalformedError(f"schema of a {schema['type']} has no {key}")
    return cast("list[Any]", found)
