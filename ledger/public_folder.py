"""Where the files of a published ledger are read from; nothing read is trusted."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from ledger.errors import MalformedError, MissingEvidenceError

MAX_FILE = 256 * (2 + 65_535)
"""Bytes of the largest file there can be: a tile of the largest entries."""
_OF_AN_EPOCH = re.compile(r"e[1-9][0-9]*/")


class Public(Protocol):
    """Where a published ledger is read from."""

    def read(self, origin: str, path: str) -> bytes:
        """Return the bytes of a file of an origin.

        Raises:
            MissingEvidenceError: it is absent or cannot be read.
        """
        ...

    def list(self, origin: str) -> Iterator[str]:
        """Name the files of an origin, as :meth:`read` takes them, sorted by folder.

        Its later epochs, in folders ``e<n>`` below it, are origins of their own.
        """
        ...

    def policy(self) -> bytes:
        """Return the bytes of ``policy``.

        Raises:
            MissingEvidenceError: it is absent or cannot be read.
        """
        ...


class PublicFolder:
    """A published ledger in a local folder; see :class:`Public`.

    Attributes:
        root: the folder ``public``.
    """

    __slots__ = ("root",)

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, origin: str, path: str) -> bytes:
        """See :meth:`Public.read`."""
        return self._read(f"{origin}/{path}")

    def list(self, origin: str) -> Iterator[str]:
        """See :meth:`Public.list`."""
        folder = self._locate(origin)
        for path in _files_below(folder, set()):
            name = path.relative_to(folder).as_posix()
            if not _OF_AN_EPOCH.match(name):
                yield name

    def policy(self) -> bytes:
        """See :meth:`Public.policy`."""
        return self._read("policy")

    def _read(self, place: str) -> bytes:
        path = self._locate(place)
        try:
            if stat.S_ISFIFO(path.stat().st_mode):  # to open one may last for ever
                raise MalformedError(f"{place}: a pipe", place=place)
            with path.open("rb") as file:
                data = file.read(MAX_FILE + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingEvidenceError(f"{place}: absent", place=place) from error
        except IsADirectoryError as error:
            raise MalformedError(f"{place}: a folder", place=place) from error
        except OSError as error:
            text = f"{place}: {error.strerror}"
            raise MissingEvidenceError(text, place=place) from error
        if len(data) > MAX_FILE:
            raise MalformedError(f"{place}: more than {MAX_FILE} bytes", place=place)
        return data

    def _locate(self, place: str) -> Path:
        parts = PurePosixPath(place).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise MalformedError(f"{place}: not a place below public/", place=place)
        return self.root.joinpath(*parts)


def _files_below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    if not folder.is_dir():
        return
    about = folder.stat()
    if (identity := (about.st_dev, about.st_ino)) in seen:
        text = f"{folder.name}: a folder that stands there twice"
        raise MalformedError(text, place=folder.name)
    seen.add(identity)
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files_below(path, seen)
        else:
            yield path
