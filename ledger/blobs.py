"""Documents by content: a folder of files named after their SHA-256.

``blobs/ab/cdef…`` holds the bytes whose digest is ``sha256:abcdef…``. A file appears
whole or not at all: it is written beside its place, synced and renamed. Reading checks
the digest, so a document that was altered on disk is never handed out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from ledger.clock import random_bytes
from ledger.errors import IntegrityError, JournalError, NotFoundError

_CHUNK = 1 << 20


class Blobs:
    """A content-addressed store in one folder; safe for many processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes | Path | BinaryIO) -> str:
        """Store a document and return its digest, ``sha256:<hex>``; durable on return.

        Storing the same bytes again changes nothing, save that a damaged copy is
        replaced by the good one.

        Args:
            content: the bytes, a file's path, or a binary stream that is read to its
                end. Read once, in pieces.

        Raises:
            JournalError: the folder is full or cannot be written; nothing was stored.
            OSError: the content cannot be read.
        """
        if isinstance(content, bytes):
            return self._put_stream(BytesIO(content))
        if isinstance(content, Path):
            with content.open("rb") as stream:
                return self._put_stream(stream)
        return self._put_stream(content)

    def get(self, digest: str) -> bytes:
        """Return a document's bytes, checked against their digest.

        Raises:
            NotFoundError: no document has that digest here.
            IntegrityError: the file holds other bytes.
        """
        return b"".join(self.stream(digest))

    def stream(self, digest: str) -> Iterator[bytes]:
        """Yield a document in pieces of at most 1 MiB, checked at the end.

        The last piece is held back until the digest has been compared, so that a
        reader who takes all pieces has been told of any damage.

        Raises:
            NotFoundError: no document has that digest here.
            IntegrityError: the file holds other bytes.
        """
        path = self._existing(digest)
        running = sha256()
        held = b""
        with path.open("rb") as stream:
            while piece := stream.read(_CHUNK):
                running.update(piece)
                if held:
                    yield held
                held = piece
        _compare(digest, running.hexdigest(), path)
        if held:
            yield held

    def has(self, digest: str) -> bool:
        """Tell whether a document of that digest is here; its bytes are not read."""
        return self.path(digest).is_file()

    def size(self, digest: str) -> int:
        """Return a document's length in bytes.

        Raises:
            NotFoundError: no document has that digest here.
        """
        return self._existing(digest).stat().st_size

    def verify(self, digest: str) -> None:
        """Read a document and check its digest.

        Raises:
            NotFoundError: no document has that digest here.
            IntegrityError: the file holds other bytes.
        """
        for _ in self.stream(digest):
            pass

    def path(self, digest: str) -> Path:
        """Return where a document lies, or would lie.

        Raises:
            NotFoundError: the text is no ``sha256:`` digest.
        """
        scheme, _, name = digest.partition(":")
        if scheme != "sha256" or len(name) != 64 or set(name) - set("0123456789abcdef"):
            raise NotFoundError(f"{digest!r}: not a digest of the form sha256:<hex>")
        return self.folder / name[:2] / name[2:]

    def _put_stream(self, stream: BinaryIO) -> str:
        source = _Source(stream)
        try:
            return self._write_and_settle(source)
        except OSError as error:
            if error is source.error:
                raise
            raise JournalError(
                f"{self.folder}: {error.strerror}",
                hint="the ledger's home must be writable and have space",
            ) from error

    def _write_and_settle(self, source: _Source) -> str:
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        part = self.folder / f".part-{random_bytes(8).hex()}"
        try:
            digest = _write(part, source)
            self._settle(part, digest)
        finally:
            with contextlib.suppress(OSError):  # a read-only disk: it was never made
                part.unlink(missing_ok=True)
        return digest

    def _settle(self, part: Path, digest: str) -> None:
        path = self.path(digest)
        if path.is_file() and _holds(path, digest):
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        part.replace(path)
        for folder in (path.parent, self.folder):
            _sync_folder(folder)

    def _existing(self, digest: str) -> Path:
        path = self.path(digest)
        if not path.is_file():
            raise NotFoundError(
                f"{digest}: no such document in {self.folder}",
                hint="it may lie in the blobs folder of the machine that recorded it",
            )
        return path


class _Source:
    """What is read, so that its faults are told from those of the disk written to."""

    def __init__(self, stream: BinaryIO) -> None:
        self.error: OSError | None = None
        self._stream = stream

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            self.error = error
            raise


def _write(part: Path, stream: _Source) -> str:
    running = sha256()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        while piece := stream.read(_CHUNK):
            running.update(piece)
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())
    return f"sha256:{running.hexdigest()}"


def _holds(path: Path, digest: str) -> bool:
    with path.open("rb") as stream:
        running = sha256()
        while piece := stream.read(_CHUNK):
            running.update(piece)
    return f"sha256:{running.hexdigest()}" == digest


def _compare(digest: str, found: str, path: Path) -> None:
    if f"sha256:{found}" != digest:
        raise IntegrityError(
            f"{path}: the document does not have its digest",
            place=str(path),
            expected=digest,
            actual=f"sha256:{found}",
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
