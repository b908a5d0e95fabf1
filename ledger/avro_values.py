"""Readers of Avro values: each takes bytes and a place, and returns value and end.

They refuse what Avro calls wrong, see :mod:`ledger.avro_reader`; a read beyond the end
shows as IndexError or struct.error, which the caller words.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from ledger.errors import MalformedError

Read = Callable[[bytes, int], tuple[Any, int]]
Made = tuple[Read, int]
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zig-zag number of up to 64 bits in its shortest form."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), at
    number, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise MalformedError("Avro number is longer than 64 bits")
    if byte == 0 or number >= 1 << 64:
        raise MalformedError("Avro number is not in its shortest form, or over 64 bits")
    return (number >> 1) ^ -(number & 1), at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of up to 32 bits."""
    number, at = read_long(data, at)
    if not -(1 << 31) <= number < 1 << 31:
        raise MalformedError("Avro int is over 32 bits")
    return number, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a length and so many bytes."""
    byte = data[at]
    if byte < 0x80 and not byte & 1:
        size, at = byte >> 1, at + 1
    else:
        size, at = read_long(data, at)
    end = at + size
    if size < 0 or end > len(data):
        raise MalformedError("Avro length is outside the body")
    return data[at:end], end


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a length and so many bytes of UTF-8."""
    size = data[at]
    if size < 0x80 and not size & 1:
        end = at + 1 + (size >> 1)
        if end <= len(data):
            return data[at + 1 : end].decode(), end
    raw, end = read_bytes(data, at)
    return raw.decode(), end


def read_boolean(data: bytes, at: int) -> tuple[bool, int]:
    """Read a byte of 0 or 1."""
    byte = data[at]
    if byte > 1:
        raise MalformedError("Avro boolean is neither 0 nor 1")
    return byte == 1, at + 1


def read_null(_data: bytes, at: int) -> tuple[None, int]:
    """Read nothing."""
    return None, at


def read_double(data: bytes, at: int) -> tuple[float, int]:
    """Read eight bytes of IEEE 754, little-endian."""
    return _DOUBLE.unpack_from(data, at)[0], at + 8


def read_float(data: bytes, at: int) -> tuple[float, int]:
    """Read four bytes of IEEE 754, little-endian."""
    return _FLOAT.unpack_from(data, at)[0], at + 4


PRIMITIVES: dict[str, Made] = {
    "null": (read_null, 0),
    "boolean": (read_boolean, 1),
    "int": (read_int, 1),
    "long": (read_long, 1),
    "float": (read_float, 4),
    "double": (read_double, 8),
    "bytes": (read_bytes, 1),
    "string": (read_string, 1),
}


def fixed_reader(size: int) -> Read:
    """Return the reader of a fixed number of bytes."""

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        end = at + size
        if end > len(data):
            raise MalformedError("Avro body ends too early")
        return data[at:end], end

    return read


def enum_reader(symbols: list[str]) -> Read:
    """Return the reader of an enumeration."""
    count = len(symbols)

    def read(data: bytes, at: int) -> tuple[str, int]:
        byte = data[at]
        if byte < 0x80 and not byte & 1 and byte >> 1 < count:
            return symbols[byte >> 1], at + 1
        index, at = read_long(data, at)
        if not 0 <= index < count:
            raise MalformedError(f"Avro enumeration has no symbol {index}")
        return symbols[index], at

    return read


def union_reader(branches: list[Read]) -> Read:
    """Return the reader of a union of these branches."""

    def read(data: bytes, at: int) -> tuple[Any, int]:
        index, at = read_long(data, at)
        if not 0 <= index < len(branches):
            raise MalformedError(f"Avro union has no branch {index}")
        return branches[index](data, at)

    return read


def record_reader(fields: list[tuple[str, bool, Read]]) -> Read:
    """Return the reader of a record.

    Args:
        fields: name, whether null is allowed, reader of the value if it is not null.
    """

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        record: dict[str, Any] = {}
        for name, nullable, read_field in fields:
            if nullable:
                branch = data[at]
                at += 1
                if branch == 0:
                    record[name] = None
                    continue
                if branch != 2:
                    raise MalformedError(f"Avro union of {name} has no such branch")
            record[name], at = read_field(data, at)
        return record, at

    return read


def _block(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the number of items of a block, its end (or -1), and where it begins."""
    byte = data[at]
    if byte < 0x80 and not byte & 1:
        return byte >> 1, -1, at + 1
    count, at = read_long(data, at)
    if count >= 0:
        return count, -1, at
    size, at = read_long(data, at)
    if size < 0 or at + size > len(data):
        raise MalformedError("Avro block is outside the body")
    return -count, at + size, at


def array_reader(item: Read) -> Read:
    """Return the reader of an array."""

    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            count, end, at = _block(data, at)
            if count == 0:
                return items, at
            for _ in range(count):
                value, at = item(data, at)
                items.append(value)
            _check_end(at, end)

    return read


def map_reader(inner: Read) -> Read:
    """Return the reader of a map; a key may stand in it once."""

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        while True:
            count, end, at = _block(data, at)
            if count == 0:
                return found, at
            for _ in range(count):
                key, at = read_string(data, at)
                if key in found:
                    raise MalformedError("Avro map holds a key twice")
                found[key], at = inner(data, at)
            _check_end(at, end)

    return read


def _check_end(at: int, end: int) -> None:
    if end not in {-1, at}:
        raise MalformedError("Avro block has another size than it says")
