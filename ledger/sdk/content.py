"""What data is, by its bytes: the digest, scheme and size of whatever was handed over.

Files and byte strings are digested whole (``file``), folders as sorted lists
(``tree1``), arrays and tables by their values (``array1``, ``table1``); never a sample.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Content:
    """The identity of some data.

    Attributes:
        digest: ``sha256:<hex>``.
        scheme: how it was computed: file, tree1, array1 or table1.
        size_bytes: bytes on disk or in memory that were digested, None when unknown.
        rows: rows of a table, or length of an array's first axis; None for bytes.
    """

    digest: str
    scheme: str
    size_bytes: int | None = None
    rows: int | None = None


class DigestCache(Protocol):
    """Remembers digests of files that have not changed since."""

    def known_digest(self, path: Path, stat: os.stat_result) -> str | None:
        """Return the digest of a file with that very state, or None."""
        ...

    def keep_digest(self, path: Path, stat: os.stat_result, digest: str) -> None:
        """Remember the digest of a file in that state."""
        ...


def content_of(data: object, *, cache: DigestCache | None = None) -> Content:
    """Return the identity of data: read once, whole, in pieces.

    Args:
        data: a path (text or ``Path``) of a file or folder; bytes; a pandas frame or
            series; a numpy array; a pyarrow table; or what has ``to_arrow()``.
        cache: digests of unchanged files, by path, size, times and inode. Leave it out
            where the answer must come from the bytes themselves.

    Raises:
        InvalidEventError: data of that kind has no digest scheme here.
        OSError: the file cannot be read.
    """
    if isinstance(data, (bytes, bytearray)):
        return _bytes_content(data)
    if isinstance(data, (str, Path)):
        return _path_content(Path(data), cache)
    reader = _READERS.get(_kind(data))
    if reader is not None:
        return reader(data)
    to_arrow: Any = getattr(data, "to_arrow", None)
    if to_arrow is not None:
        return _table_content(to_arrow())
    raise InvalidEventError(
        f"data of type {type(data).__name__}: no digest scheme for it",
        hint="give a path, bytes, a pandas or pyarrow table, or a numpy array",
    )


def text_digest(text: str) -> str:
    """Return the ``file`` digest of a text's UTF-8 bytes."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _kind(data: object) -> tuple[str, str]:
    """Name a type without importing its library: ``("pandas", "DataFrame")``."""
    for cls in type(data).__mro__:
        key = (cls.__module__.partition(".")[0], cls.__name__)
        if key in _READERS:
            return key
    return ("", "")


def _bytes_content(data: bytes | bytearray) -> Content:
    return Content(f"sha256:{sha256(data).hexdigest()}", "file", len(data))


def _path_content(path: Path, cache: DigestCache | None) -> Content:
    from ledger.digest import format_digest, tree1_digest

    if path.is_dir():
        tree = tree1_digest(path)
        return Content(format_digest(tree.digest), "tree1", tree.size)
    before = path.stat()
    known = cache.known_digest(path, before) if cache else None
    digest = known or _file_digest(path)
    after = path.stat()
    if cache and not known and _state(before) == _state(after):
        cache.keep_digest(path, after, digest)
    return Content(digest, "file", after.st_size)


def _file_digest(path: Path) -> str:
    from ledger.digest import file_digest, format_digest

    return format_digest(file_digest(path))


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def _array_content(array: Any) -> Content:
    from ledger.digest import array1_digest, format_digest

    rows = int(array.shape[0]) if array.ndim else None
    digest = format_digest(array1_digest(array))
    return Content(digest, "array1", int(array.nbytes), rows)


def _table_content(table: Any) -> Content:
    from ledger.digest import format_digest, table1_digest

    size = getattr(table, "nbytes", None)
    digest = format_digest(table1_digest(table))
    return Content(digest, "table1", size, len(table))


def _series_content(series: Any) -> Content:
    return _table_content(series.to_frame())


_READERS: dict[tuple[str, str], Callable[[Any], Content]] = {
    ("numpy", "ndarray"): _array_content,
    ("pandas", "DataFrame"): _table_content,
    ("pandas", "Series"): _series_content,
    ("pyarrow", "Table"): _table_content,
}
