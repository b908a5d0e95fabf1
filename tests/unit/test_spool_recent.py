"""What is taken from memory is what lies in the file, mark for mark."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import EncodedEvent
from ledger.journal.spool import Spool

ID = bytes(range(16))
SCHEMA = b"s" * 32
SIZES = st.lists(st.lists(st.integers(0, 90), min_size=1, max_size=5), max_size=12)


def spool_in(folder: Path, recent_bytes: int) -> Spool:
    return Spool(folder, ID, "service:a", segment_bytes=300, recent_bytes=recent_bytes)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return tmp_path_factory.mktemp("memory"), tmp_path_factory.mktemp("file")


@given(
    writes=SIZES,
    limit=st.integers(0, 2_000),
    takes=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 400)), max_size=20),
)
def test_memory_and_file_give_the_same_events_and_marks(
    folders: tuple[Path, Path],
    writes: list[list[int]],
    limit: int,
    takes: list[tuple[int, int]],
):
    memory, file = spool_in(folders[0], limit), spool_in(folders[1], 0)
    told: list[bytes] = []
    emitted: list[bytes] = []

    def take(most: int, size: int) -> None:
        taken = memory.take(max_events=most, max_bytes=size)
        assert memory.take(max_events=most, max_bytes=size) == taken
        memory.consumed(taken)
        told.extend(body for _, body in taken.events)
        missing, mark = len(taken.events), taken.mark
        found: list[EncodedEvent] = []
        while missing:  # the file gives no more than a segment at a time
            read = file.take(max_events=missing, max_bytes=1 << 20)
            found += read.events
            missing -= len(read.events)
            mark = read.mark
            file.consumed(read)
        assert (found, mark) == (list(taken.events), taken.mark)

    for number, sizes in enumerate(writes):
        events = [EncodedEvent(SCHEMA, b"%d" % number + b"x" * n) for n in sizes]
        emitted += [event.body for event in events]
        memory.append(events)
        file.append(events)
        if number < len(takes):
            take(*takes[number])
    while memory.pending_events:
        take(3, 200)
    assert told == emitted
    assert memory.pending_bytes == file.pending_bytes == 0
    memory.close()
    file.close()
