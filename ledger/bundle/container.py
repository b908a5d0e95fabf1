"""The container of a bundle: a zip archive of which each set of files has only one.

Stored, not compressed; names in ascending order; one fixed time; no flags, comments,
extra fields or attributes. :func:`read_bundle` takes the files out, writes the archive
again and refuses it if one byte differs, so that :func:`write_bundle` is its inverse
and nothing can hide between the files.

Lengths are compared with what is left before anything is taken, so a reader never holds
more than some copies of the file, which is itself bounded.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import MalformedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BUNDLE = 1 << 28
"""Bytes of a whole bundle."""
MAX_FILES = 1_024
MAX_NAME = 96
"""Characters of a name, all of them ASCII."""

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,3}}", re.ASCII)
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION, _DATE = 10, 0x0021  # 1.0; 1980-01-01, the first day that zip knows


def write_bundle(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of some files; inverse of :func:`read_bundle`.

    Args:
        files: contents by name.

    Raises:
        MalformedError: a name that no bundle may hold, or too many files.
        TooLargeError: more bytes than a bundle may have.
    """
    if not 1 <= len(files) <= MAX_FILES:
        raise MalformedError(f"a bundle of {len(files)} files; 1 to {MAX_FILES}")
    size = _END.size
    for name, data in files.items():
        _check_name(name)
        size += _LOCAL.size + _CENTRAL.size + 2 * len(name) + len(data)
    if size > MAX_BUNDLE:
        raise TooLargeError(
            f"a bundle of {size} bytes; at most {MAX_BUNDLE}",
            hint="prove a smaller range",
        )
    return _written(files)


def _written(files: Mapping[str, bytes]) -> bytes:
    parts, central, at = list[bytes](), list[bytes](), 0
    for name in sorted(files):
        data, text = files[name], name.encode("ascii")
        sizes = (zlib.crc32(data), len(data), len(data), len(text), 0)
        front = _LOCAL.pack(_LOCAL_MARK, _VERSION, 0, 0, 0, _DATE, *sizes)
        about = (_VERSION, _VERSION, 0, 0, 0, _DATE, *sizes, 0, 0, 0, 0, at)
        parts += [front, text, data]
        central += [_CENTRAL.pack(_CENTRAL_MARK, *about), text]
        at += len(front) + len(text) + len(data)
    listed = b"".join(central)
    count = len(files)
    end = _END.pack(_END_MARK, 0, 0, count, count, len(listed), at, 0)
    return b"".join([*parts, listed, end])


def read_bundle(source: bytes | Path) -> dict[str, bytes]:
    """Return the files of a bundle by name, in ascending order of names.

    Args:
        source: the archive, or where it lies.

    Raises:
        MalformedError: a byte that :func:`write_bundle` would not have written: too
            large, compressed, encrypted, commented, out of order, cut off, a name twice
            or one that leads elsewhere.
    """
    data = _load(source) if isinstance(source, Path) else source
    if len(data) > MAX_BUNDLE:
        raise MalformedError(f"a bundle of {len(data)} bytes; at most {MAX_BUNDLE}")
    if not data.startswith(_LOCAL_MARK):
        raise MalformedError(
            "not a bundle: it does not begin with a file, as a zip archive does",
            hint="give the .zip that mlledger prove wrote",
        )
    files = _files(data)
    if _written(files) != data:
        raise MalformedError(
            "the bundle is not the canonical archive of its files",
            hint="take it again from who made it: unpacking and packing changes it",
        )
    return files


def _load(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BUNDLE:
        raise MalformedError(f"a bundle of {size} bytes; at most {MAX_BUNDLE}")
    with path.open("rb") as file:  # a pipe has no size, so reading is bounded too
        return file.read(MAX_BUNDLE + 1)


def _files(data: bytes) -> dict[str, bytes]:
    """Read file after file from the start; what follows them is compared later."""
    files, at, last = dict[str, bytes](), 0, ""
    while data[at : at + 4] == _LOCAL_MARK:
        name, start, end = _local(data, at)
        if name <= last:
            raise MalformedError(f"{name}: twice, or out of order", place=name)
        if len(files) == MAX_FILES:
            raise MalformedError(f"more than {MAX_FILES} files")
        files[name], at, last = data[start:end], end, name
    return files


def _local(data: bytes, at: int) -> tuple[str, int, int]:
    """Return name, begin and end of the file whose header stands at an offset."""
    if at + _LOCAL.size > len(data):
        raise MalformedError("the bundle is cut off in a header")
    _, version, flags, method, time, date, _, packed, size, name_len, extra = (
        _LOCAL.unpack_from(data, at)
    )
    if method or packed != size:
        raise MalformedError("a file of the bundle is compressed")
    if (version, flags, time, date, extra) != (_VERSION, 0, 0, _DATE, 0):
        raise MalformedError("a header of the bundle is not the canonical one")
    start = at + _LOCAL.size + name_len
    if name_len > MAX_NAME or start + size > len(data):
        raise MalformedError("a file of the bundle is cut off, or its name too long")
    try:
        name = data[at + _LOCAL.size : start].decode("ascii")
    except UnicodeDecodeError as error:
        raise MalformedError("a name in the bundle is not ASCII") from error
    _check_name(name)
    return name, start, start + size


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise MalformedError(f"{name[:MAX_NAME]!r}: not a name of a bundle's file")
