"""The spool: events between ``emit`` and their signed entry, in append-only files.

A journal's spool is a row of segments, ``<journal id>.<number>.spool``, of frames
(:mod:`ledger.journal.frames`). One ``write`` hands a frame to the kernel: it survives
``kill -9`` once ``append`` has returned; a power cut may take what was not yet packed,
unless ``sync`` was called. A reader stops at a damaged frame; :meth:`Spool.repair`
hands the bad bytes over for quarantine and keeps every whole frame behind them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import JournalError
from ledger.journal.frames import (
    LARGEST,
    SCHEMA_ID,
    events_in,
    frame,
    frames_of,
    is_title,
    salvage,
    title,
    title_end,
)
from ledger.journal.recent import RECENT_BYTES, Recent
from ledger.journal.sources import START, DamagedSourceError, Mark, Source, Taken
from ledger.journal.spool_files import replace_file, segments_of, sync_folder

if TYPE_CHECKING:
    from ledger.entry import EventBytes

SEGMENT_BYTES = 4 << 20


class Spool(Source):
    """The segments of one journal. ``append`` is thread-safe; one thread may take.

    Args:
        folder: of the journals.
        journal_id: 16 bytes.
        identity: who emits; stands in each segment's title.
        mark: where taking begins; what stands before it was packed already.
        segment_bytes: a segment that has reached this size gets a successor.
        durable: whether ``sync`` is going to be asked for.
        recent_bytes: how much of what was appended here is kept in memory as well.
    """

    def __init__(
        self,
        folder: Path,
        journal_id: bytes,
        identity: str,
        *,
        mark: Mark = START,
        segment_bytes: int = SEGMENT_BYTES,
        durable: bool = False,
        recent_bytes: int = RECENT_BYTES,
    ) -> None:
        self._folder = folder
        self._journal_id = journal_id
        self._title = title(journal_id, identity)
        self._segment_bytes = segment_bytes
        self._durable = durable
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._mark = mark
        self._recent = Recent(recent_bytes)
        found = segments_of(folder, journal_id)
        self._ends = {
            n: p.stat().st_size for n, p in found.items() if n >= mark.segment
        }
        self._number = max([*self._ends, mark.segment - 1])
        self._fd = -1
        self._reader = (-1, -1)
        self._events_in = self._events_out = 0
        self._bytes_in = self._bytes_out = self._bytes_synced = 0

    @property
    def pending_events(self) -> int:
        """See :class:`Source`; counts what was appended or repaired here."""
        return self._events_in - self._events_out

    @property
    def pending_bytes(self) -> int:
        """See :class:`Source`."""
        return self._bytes_in - self._bytes_out

    @property
    def appended_events(self) -> int:
        """See :class:`Source`."""
        return self._events_in

    def append(self, events: Sequence[EventBytes]) -> None:
        """See :class:`Source`.

        Raises:
            JournalError: the disk is full or fails; nothing was appended.
        """
        frames = frames_of(events)
        size = len(frames)
        with self._lock:
            if self._fd < 0 or self._ends[self._number] >= self._segment_bytes:
                self._next_segment()
            self._write(frames)
            end = Mark(self._number, self._ends[self._number])
            self._recent.keep(events, size, end, pending=self.pending_events)
            self._bytes_in += size
            self._events_in += len(events)

    def sync(self) -> None:
        """See :class:`Source`; threads that wait together share one ``fdatasync``.

        Raises:
            JournalError: the disk fails.
        """
        wanted = self._bytes_in
        with self._sync_lock:
            if self._bytes_synced >= wanted:
                return
            with self._lock:
                reached = self._bytes_in
                copy = os.dup(self._fd)
            try:
                os.fdatasync(copy)
            except OSError as error:
                raise self._failed(self._number, error) from error
            finally:
                os.close(copy)
            self._bytes_synced = reached

    def take(self, *, max_events: int, max_bytes: int) -> Taken:
        """See :class:`Source`."""
        with self._lock:
            recent = self._recent.take(max_events=max_events, max_bytes=max_bytes)
        return recent or self._take_from_file(max_events, max_bytes)

    def _take_from_file(self, max_events: int, max_bytes: int) -> Taken:
        while True:
            mark = self._skip_finished()
            wanted = self._ends.get(mark.segment, 0) - mark.offset
            if wanted <= 0:
                return Taken((), 0, mark)
            data = self._read(mark, min(wanted, LARGEST + max(max_bytes, LARGEST)))
            taken = _parse(data, mark, max_events, max_bytes)
            if taken.events:
                return taken
            if taken.mark.offset < mark.offset + len(data):
                path = self._path(mark.segment)
                place = f"{path}: damaged frame at byte {taken.mark.offset}"
                raise DamagedSourceError(place)
            self._mark = taken.mark  # a title with nothing behind it

    def consumed(self, taken: Taken) -> None:
        """See :class:`Source`; segments that were taken in full are removed."""
        with self._lock:
            self._recent.consumed(len(taken.events))
            self._events_out += len(taken.events)
            self._bytes_out += taken.size
            self._mark = taken.mark
        self._remove_taken()

    def wipe(self) -> None:
        """See :class:`Source`; a segment of which all was taken gets a successor."""
        with self._lock:
            if self.pending_events == 0 and self._fd >= 0:
                self._next_segment()
        self._remove_taken()

    def repair(self, keep: Callable[[str, bytes], None]) -> None:
        """See :class:`Source`; counts anew what is pending."""
        with self._lock:
            self._close_writer()
            self._close_reader()
            self._recent.clear()
            events = size = 0
            for number in [n for n in self._ends if n >= self._mark.segment]:
                for content in self._repair_segment(number, keep):
                    events += 1
                    size += len(frame(content[:SCHEMA_ID], content[SCHEMA_ID:]))
            self._events_in = self._events_out + events
            self._bytes_in = self._bytes_out + size

    def close(self) -> None:
        """See :class:`Source`; segments without pending events are removed."""
        with self._lock:
            self._close_writer()
            self._close_reader()
            spent = [] if self.pending_events else list(self._ends)
        for number in spent:
            self._path(number).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let go in a forked child, whatever thread that is gone held the lock."""
        self._close_writer()
        self._close_reader()

    def _write(self, data: bytes) -> None:
        start = self._ends[self._number]
        data = data if start else self._title + data
        try:
            done = os.write(self._fd, data)
            while done < len(data):
                done += os.write(self._fd, data[done:])
        except OSError as error:
            self._take_back(start)
            raise self._failed(self._number, error) from error
        self._ends[self._number] = start + len(data)

    def _take_back(self, size: int) -> None:
        """Cut off a half-written frame; if even that fails, leave the segment."""
        try:
            os.ftruncate(self._fd, size)
        except OSError:
            self._close_writer()  # readers stop at the recorded end of the segment

    def _remove_taken(self) -> None:
        mark = self._skip_finished()
        with self._lock:
            gone = [number for number in self._ends if number < mark.segment]
            for number in gone:
                del self._ends[number]
        for number in gone:
            self._path(number).unlink(missing_ok=True)

    def _next_segment(self) -> None:
        number = self._number + 1
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            if self._durable and self._fd >= 0:
                os.fdatasync(self._fd)
            opened = os.open(self._path(number), flags, 0o600)
            if self._durable:
                sync_folder(self._folder)
        except OSError as error:
            raise self._failed(number, error) from error
        self._close_writer()
        self._fd, self._number, self._ends[number] = opened, number, 0

    def _skip_finished(self) -> Mark:
        """Move on from a segment that is read to its end and has a successor."""
        with self._lock:
            number, offset = self._mark
            while number < self._number and offset >= self._ends.get(number, 0):
                number, offset = number + 1, 0
            self._mark = Mark(number, offset)
            return self._mark

    def _read(self, mark: Mark, wanted: int) -> bytes:
        if self._reader[0] != mark.segment:
            self._close_reader()
            opened = os.open(self._path(mark.segment), os.O_RDONLY | os.O_CLOEXEC)
            self._reader = (mark.segment, opened)
        return os.pread(self._reader[1], wanted, mark.offset)

    def _repair_segment(
        self, number: int, keep: Callable[[str, bytes], None]
    ) -> list[bytes]:
        path = self._path(number)
        done = self._mark.offset if number == self._mark.segment else 0
        data = path.read_bytes()
        good, bad = salvage(data, done)
        for offset, lost in bad:
            keep(f"{path.stem}.{offset}.torn", lost)
        frames = [frame(content[:SCHEMA_ID], content[SCHEMA_ID:]) for content in good]
        if bad:
            replace_file(path, data[:done] + b"".join(frames))
        self._ends[number] = done + sum(map(len, frames))
        return [content for content in good if not is_title(content)]

    def _failed(self, number: int, error: OSError) -> JournalError:
        return JournalError(
            f"{self._path(number)}: {error.strerror}",
            hint="the journal's folder must be writable and have space",
        )

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._journal_id.hex()}.{number}.spool"

    def _close_writer(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _close_reader(self) -> None:
        if self._reader[1] >= 0:
            os.close(self._reader[1])
        self._reader = (-1, -1)


def _parse(data: bytes, mark: Mark, max_events: int, max_bytes: int) -> Taken:
    """Return the events at the begin of ``data``, which lies at ``mark``."""
    begin = title_end(data) if mark.offset == 0 else 0
    events, end = events_in(data, begin, max_events=max_events, stop=max_bytes)
    return Taken(events, end - begin, Mark(mark.segment, mark.offset + end))
