r"""Digests of content: what data is, whichever file or library carries it.

Every digest is a SHA-256, named with its scheme wherever it is stored; ``‖`` joins
bytes, texts are UTF-8, decimals have no leading zero. A scheme never changes: a better
one gets a new name.

``file``
    The file's bytes.

``tree1``
    A folder. The lines below, one per regular file at any depth, sorted as bytes::

        <64 hex digits of the file digest>  <size in bytes>  <path>\n

    The path is relative, in Unicode NFC, with ``/`` between its parts. Symbolic links,
    other special files, and names that are not UTF-8, hold a line feed or meet another
    name in NFC are refused. Empty folders, modes and times do not count.

``array1``
    A NumPy array. ``array1\n<dtype>\n<shape>\n ‖ data``: dtype as NumPy's ``dtype.str``
    in little-endian order (``<f8``, ``|b1``, ``<U5``, ``<M8[ns]``), shape as decimals
    joined by commas (nothing for a scalar), data in C order, little-endian. Kinds
    b, i, u, f, c (up to 8 bytes per number), S, U, m and M; others are refused.

``table1``
    A pandas or Arrow table; see :mod:`ledger.table_digest`.

``manifest1``
    Named parts: RFC 8785 JSON of the object ``{part: "sha256:<hex>"}``.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from ledger.errors import InvalidEventError, MalformedError

_PIECE = 1 << 20
_TEXT = re.compile(r"sha256:[0-9a-f]{64}")
_KINDS = "biufcSUmM"


def format_digest(digest: bytes) -> str:
    """Return ``sha256:<hex>`` of a 32-byte digest."""
    if len(digest) != 32:
        raise ValueError(f"a digest has 32 bytes, not {len(digest)}")
    return f"sha256:{digest.hex()}"


def parse_digest(text: str) -> bytes:
    """Return the 32 bytes of ``sha256:<64 lower-case hex digits>``.

    Raises:
        MalformedError: it is spelled otherwise.
    """
    if not _TEXT.fullmatch(text):
        raise MalformedError(f"{text[:80]!r}: not of the form sha256:<64 hex digits>")
    return bytes.fromhex(text.removeprefix("sha256:"))


def file_digest(path: Path, progress: Callable[[int], None] | None = None) -> bytes:
    """Return the ``file`` digest; memory stays at 1 MiB.

    Args:
        path: a file.
        progress: called with the number of bytes read so far, after each MiB.

    Raises:
        OSError: the file cannot be read.
    """
    return _read_file(path, progress or (lambda _: None))[0]


@dataclass(frozen=True, slots=True)
class TreeDigest:
    """A folder's identity.

    Attributes:
        digest: 32 bytes, scheme ``tree1``.
        files: number of files.
        size: sum of their sizes, bytes.
    """

    digest: bytes
    files: int
    size: int


def tree1_digest(folder: Path) -> TreeDigest:
    """Return the ``tree1`` digest of a folder and all below it.

    Raises:
        InvalidEventError: it holds something that the scheme refuses.
        OSError: a file cannot be read.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: not a folder")
    lines: dict[str, bytes] = {}
    total = 0
    for path in _regular_files(folder):
        name = _portable_name(path.relative_to(folder).as_posix())
        if name in lines:
            raise InvalidEventError(f"{path}: another name is the same in Unicode NFC")
        digest, size = _read_file(path)
        lines[name] = f"{digest.hex()}  {size}  {name}\n".encode()
        total += size
    hasher = sha256(b"".join(sorted(lines.values())))
    return TreeDigest(hasher.digest(), len(lines), total)


def array1_digest(array: Any) -> bytes:
    """Return the ``array1`` digest of a NumPy array, whatever its strides.

    Raises:
        InvalidEventError: not an array, a masked one, or of another kind of elements.
    """
    numpy: Any = import_module("numpy")
    if not isinstance(array, numpy.ndarray) or isinstance(array, numpy.ma.MaskedArray):
        raise InvalidEventError(
            f"{type(array).__name__}: array1 digests plain numpy arrays only",
            hint="fill masked values, or convert with numpy.asarray",
        )
    dtype = array.dtype.newbyteorder("<")
    if dtype.kind not in _KINDS or dtype.itemsize > _widest(dtype.kind):
        raise InvalidEventError(
            f"dtype {array.dtype}: array1 has no bytes for it",
            hint="convert to numbers, booleans, fixed-length texts or datetime64",
        )
    shape = ",".join(str(length) for length in array.shape)
    hasher = sha256(f"array1\n{dtype.str}\n{shape}\n".encode())
    for piece in _pieces(numpy, array, dtype):
        hasher.update(piece)
    return hasher.digest()


def table1_digest(table: Any) -> bytes:
    """Return the ``table1`` digest of a pandas or Arrow table.

    The same logical table has the same digest in both libraries, however it is cut
    into chunks or dictionary-encoded.

    Raises:
        InvalidEventError: no table, or a column of a type that the scheme refuses.
    """
    from ledger.table_digest import digest_table

    return digest_table(table)


def manifest1_digest(parts: Mapping[str, str]) -> bytes:
    """Return the ``manifest1`` digest of named parts.

    Args:
        parts: name of a part, not empty → its digest, ``sha256:<hex>``.

    Raises:
        MalformedError: a name is empty, or a value is no digest.
    """
    import rfc8785

    for name, digest in parts.items():
        if not name:
            raise MalformedError("a part of a manifest has no name")
        parse_digest(digest)
    try:
        text = rfc8785.dumps(dict(parts))
    except ValueError as error:  # lone surrogates too
        raise MalformedError(f"the names have no canonical form: {error}") from error
    return sha256(text).digest()


def _read_file(
    path: Path, progress: Callable[[int], None] = lambda _: None
) -> tuple[bytes, int]:
    hasher = sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            hasher.update(piece)
            size += len(piece)
            progress(size)
    return hasher.digest(), size


def _regular_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            yield from _regular_files(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            raise InvalidEventError(
                f"{path}: a link or special file has no digest of its own",
                hint="replace it by a copy, or digest what it points to",
            )


def _portable_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(f"{name!r}: the name is not UTF-8") from error
    if "\n" in name:
        raise InvalidEventError(f"{name!r}: the name holds a line feed")
    return unicodedata.normalize("NFC", name)


def _widest(kind: str) -> int:
    """Return the most bytes per element; wider numbers differ between machines."""
    return {"S": 1 << 31, "U": 1 << 31, "c": 16}.get(kind, 8)


def _pieces(numpy: Any, array: Any, dtype: Any) -> Iterator[bytes]:
    if array.size == 0:
        return
    flags = ["external_loop", "buffered", "refs_ok"]
    count = max(1, _PIECE // max(1, dtype.itemsize))
    with numpy.nditer(
        array,
        flags=flags,
        order="C",
        op_dtypes=[dtype],
        casting="equiv",
        buffersize=count,
    ) as pieces:
        for piece in pieces:
            yield piece.tobytes()
