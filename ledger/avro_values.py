"""What compiled readers of Avro bodies call: the rarer spellings, checked in full.

Each function takes bytes and a place, and returns value and end. They refuse what Avro
calls wrong, see :mod:`ledger.avro_reader`; a read beyond the end shows as IndexError or
struct.error, which the caller words.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from ledger.errors import MalformedError

Read = Callable[[bytes, int], tuple[Any, int]]
SHORT = tuple(byte >> 1 if byte < 0x80 and not byte & 1 else -1 for byte in range(256))
"""What a byte says where a length stands; -1 if it is negative or goes on."""
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
    size, at = read_long(data, at)
    end = at + size
    if size < 0 or end > len(data):
        raise MalformedError("Avro length is outside the body")
    return data[at:end], end


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a length and so many bytes of UTF-8."""
    raw, end = read_bytes(data, at)
    return raw.decode(), end


def read_double(data: bytes, at: int) -> tuple[float, int]:
    """Read eight bytes of IEEE 754, little-endian."""
    return _DOUBLE.unpack_from(data, at)[0], at + 8


def read_float(data: bytes, at: int) -> tuple[float, int]:
    """Read four bytes of IEEE 754, little-endian."""
    return _FLOAT.unpack_from(data, at)[0], at + 4


def symbol_reader(symbols: list[str]) -> Read:
    """Return the reader of an enumeration."""

    def read(data: bytes, at: int) -> tuple[str, int]:
        index, at = read_long(data, at)
        if not 0 <= index < len(symbols):
            raise MalformedError(f"Avro enumeration has no symbol {index}")
        return symbols[index], at

    return read


def read_block(data: bytes, at: int, least: int) -> tuple[int, int, int]:
    """Return the number of items of a block, its end (or -1), and where it begins.

    Every item takes ``least`` bytes, 1 or more, so that more than are left is too many.
    """
    count, at = read_long(data, at)
    end = -1
    if count < 0:
        size, at = read_long(data, at)
        count, end = -count, at + size
        if size < 0 or end > len(data):
            raise MalformedError("Avro block is outside the body")
    if count * least > len(data) - at:
        raise MalformedError("Avro body ends too early")
    return count, end, at


def check_end(at: int, end: int) -> None:
    """Refuse a block that is not as long as it says; -1 says nothing."""
    if end not in {-1, at}:
        raise MalformedError("Avro block has another size than it says")


def no_branch(index: int) -> MalformedError:
    """Return the error of a union that has no such branch."""
    return MalformedError(f"Avro union has no branch {index}")
