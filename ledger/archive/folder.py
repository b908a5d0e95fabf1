"""An archive in a folder: read by offset, extended by whole segments."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

from ledger.archive.index import Index, SegmentLine, format_index, parse_index
from ledger.archive.segment import ArchivedRecord, SegmentWriter, read_segment
from ledger.errors import IntegrityError, MalformedError, MissingEvidenceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_MAX_INDEX = 1 << 26


class ArchiveFolder:
    """The archives of the origins of a ledger.

    Attributes:
        root: the folder ``archive``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def origin(self, origin: str) -> OriginArchive:
        """Return the archive of one origin, which may be empty."""
        return OriginArchive(self.root.joinpath(*origin.split("/")), origin)

    def holds(self, origin: str) -> bool:
        """Tell whether anything of an origin is archived."""
        return self.origin(origin).path.is_file()


class OriginArchive:
    """The archive of one origin.

    Attributes:
        folder: where its files are.
        origin: such as ``acme/p0``.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.origin = origin

    @property
    def path(self) -> Path:
        """The index file."""
        return self.folder / "index"

    def index(self) -> Index:
        """Return what is archived; empty when nothing is.

        Raises:
            MalformedError: the index is not one.
        """
        place = self._place("index")
        try:
            with self.path.open("rb") as file:
                text = file.read(_MAX_INDEX).decode()
        except FileNotFoundError:
            return Index(self.origin)
        except UnicodeDecodeError as error:
            raise MalformedError(f"{place}: not text", place=place) from error
        return parse_index(text, origin=self.origin, place=place)

    def read(self, start: int) -> Iterator[ArchivedRecord]:
        """Yield the archived records from an offset on.

        Raises:
            MissingEvidenceError: a segment is absent.
            MalformedError: a segment does not parse.
        """
        for line in self.index().segments:
            if line.last >= start:
                yield from self._records(line, start)

    def verify(self, line: SegmentLine) -> Iterator[ArchivedRecord]:
        """Check a segment against the index, then yield its records.

        Raises:
            IntegrityError: its bytes are others, or another number of records.
            MissingEvidenceError, MalformedError: as :meth:`read`.
        """
        place = self._place(line.name)
        found = self._digest(line)
        if found != line.digest:
            raise IntegrityError(
                f"{place}: not the bytes that its name and the index commit to",
                place=place,
                expected=line.digest.hex(),
                actual=found.hex(),
                hint="restore the file from another copy of the archive",
            )
        count = 0
        for count, record in enumerate(self._records(line, 0), 1):  # noqa: B007
            yield record
        if count != line.records:
            raise IntegrityError(
                f"{place}: holds another number of records than the index says",
                place=place,
                expected=str(line.records),
                actual=str(count),
            )

    def add(self, index: Index, segment: SegmentWriter) -> Index:
        """Write one more segment, then the index that lists it; durable on return.

        What a kill leaves behind between the two is overwritten by the next call.
        """
        data = segment.to_bytes()
        digest = sha256(data).digest()
        line = SegmentLine(segment.first, segment.last, segment.records, digest)
        grown = index.plus(line)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_synced(self.folder / line.name, data)
        _write_synced(self.path, format_index(grown).encode())
        return grown

    def _records(self, line: SegmentLine, start: int) -> Iterator[ArchivedRecord]:
        place = self._place(line.name)
        try:
            file = (self.folder / line.name).open("rb")
        except FileNotFoundError as error:
            raise _absent(place) from error
        with file:
            yield from read_segment(
                file,
                origin=self.origin,
                first=line.first,
                last=line.last,
                place=place,
                start=start,
            )

    def _digest(self, line: SegmentLine) -> bytes:
        digest = sha256()
        try:
            with (self.folder / line.name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except FileNotFoundError as error:
            raise _absent(self._place(line.name)) from error
        return digest.digest()

    def _place(self, name: str) -> str:
        return f"archive/{self.origin}/{name}"


def _absent(place: str) -> MissingEvidenceError:
    return MissingEvidenceError(
        f"{place}: absent",
        place=place,
        hint="restore the file from another copy of the archive",
    )


def _write_synced(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    number = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
