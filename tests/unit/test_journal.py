"""The journal's tables, its lock, its spool, and how an administrator sees them."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.config import Config
from ledger.entry import NO_HASH, EncodedEvent
from ledger.errors import ConfigurationError, JournalError, NotFoundError
from ledger.journal import lock as journal_lock
from ledger.journal.adoption import adopt, journal_ids, journal_path
from ledger.journal.frames import frame, frames_in, parse_title, salvage, title
from ledger.journal.lock import JournalLock, refuse_network_folder
from ledger.journal.quarantine import Quarantine
from ledger.journal.rows import Packed, Stream
from ledger.journal.sources import DamagedSourceError, Mark, Ring, Taken
from ledger.journal.spool import Spool
from ledger.journal.spool_files import identity_in, segments_of
from ledger.journal.store import Journal
from ledger.journal_admin import journal_status, quarantine_drop, quarantine_list

ID = b"j" * 16
SCHEMA = b"s" * 32


def stream(number: int = 1, *, next_seq: int = 0) -> Stream:
    return Stream(
        number=number,
        stream_id=bytes([number]) * 16,
        identity="service:a",
        key_fp=b"k" * 32,
        origin="acme/p0",
        log_id=b"l" * 32,
        partition=0,
        state="open",
        next_seq=next_seq,
        head=NO_HASH,
    )


def packed(seq: int, through: int = 0) -> Packed:
    value = b"value %d" % seq
    return Packed(seq, value, bytes([seq]) * 32, bytes([seq + 1]) * 32, through)


def open_journal(path: Path | None) -> Journal:
    return Journal(path, journal_id=ID, identity="service:a", created_ms=5)


@pytest.fixture
def journal(tmp_path: Path):
    opened = open_journal(tmp_path / "j.sqlite")
    yield opened
    opened.close()


def three(journal: Journal) -> None:
    journal.record(
        stream(next_seq=3), [packed(n, through=n) for n in range(3)], taken=3, now_ms=9
    )


class TestTables:
    def test_entries_come_back_in_order_and_within_the_limit(self, journal: Journal):
        three(journal)
        rows = journal.unsent(after=(0, -1), limit=2, now_ms=10)
        assert [(row.seq, row.value) for row in rows] == [
            (0, b"value 0"),
            (1, b"value 1"),
        ]
        assert [r.seq for r in journal.unsent(after=(1, 1), limit=9, now_ms=10)] == [2]

    def test_everything_is_there_after_opening_again(self, tmp_path: Path):
        first = open_journal(tmp_path / "a.sqlite")
        three(first)
        first.record(stream(next_seq=3), [], mark=Mark(2, 77), taken=4, now_ms=9)
        first.close()
        again = open_journal(tmp_path / "a.sqlite")
        assert (again.mark, again.taken, again.bytes) == (Mark(2, 77), 7, 21)
        assert again.streams()[0].next_seq == 3
        assert again.count("new") == 3
        again.close()

    def test_the_states_of_an_entry(self, journal: Journal):
        three(journal)
        journal.appended([(1, 0, 40), (1, 1, 41)], 100)
        assert [row.offset for row in journal.waiting(9)] == [40, 41]
        journal.sealed(journal.waiting(1), 200)
        (row,) = journal.streams()
        assert (row.sealed_seq, row.sealed_head) == (0, bytes(32))
        counts = [journal.count(s) for s in ("new", "appended", "sealed")]
        assert counts == [1, 1, 1]
        journal.forget_sealed(199)
        assert journal.count("sealed") == 1
        journal.forget_sealed(200)
        assert (journal.count("sealed"), journal.bytes) == (0, 14)

    def test_a_rewound_stream_is_sent_again_but_not_before_its_time(
        self, journal: Journal
    ):
        three(journal)
        journal.appended([(1, 0, 40), (1, 1, 41)], 100)
        journal.rewind(1, retry_ms=500)
        assert journal.unsent(after=(0, -1), limit=9, now_ms=499) == []
        rows = journal.unsent(after=(0, -1), limit=9, now_ms=500)
        assert [row.seq for row in rows] == [0, 1, 2]
        assert journal.streams()[0].attempts == 1

    def test_an_answer_to_what_was_rewound_is_ignored_once_it_was_sealed(
        self, journal: Journal
    ):
        three(journal)
        journal.appended([(1, 0, 40)], 100)
        journal.sealed(journal.waiting(1), 200)
        journal.appended([(1, 0, 99)], 300)
        assert journal.count("sealed") == 1

    def test_a_refused_stream_keeps_its_events(self, journal: Journal):
        three(journal)
        event = EncodedEvent(SCHEMA, b"body")
        journal.give_up(1, [event])
        assert (journal.count("new"), journal.bytes) == (0, 0)
        assert journal.to_resign(9) == [(1, event)]
        assert journal.streams()[0].state == "refused"
        journal.record(stream(2, next_seq=1), [packed(0)], resigned=1, now_ms=9)
        assert journal.count_to_resign() == 0

    def test_progress_is_the_least_that_any_entry_waits_for(self, journal: Journal):
        three(journal)
        assert journal.through("new") == 0
        journal.appended([(1, 0, 40), (1, 1, 41)], 100)
        assert (journal.through("new"), journal.through("new", "appended")) == (2, 0)
        journal.appended([(1, 2, 42)], 100)
        assert journal.through("new") == journal.taken == 3

    def test_a_second_opener_reads_the_first_identity(self, tmp_path: Path):
        open_journal(tmp_path / "a.sqlite").close()
        again = Journal(
            tmp_path / "a.sqlite", journal_id=ID, identity="service:b", created_ms=1
        )
        assert again.identity == "service:a"
        again.close()

    def test_a_folder_that_is_absent_is_a_journal_error(self, tmp_path: Path):
        with pytest.raises(JournalError):
            open_journal(tmp_path / "absent" / "j.sqlite")

    def test_bytes_that_are_no_database_are_told_apart(self, tmp_path: Path):
        (tmp_path / "j.sqlite").write_bytes(b"\xff" * 4096)
        with pytest.raises(sqlite3.DatabaseError) as raised:
            open_journal(tmp_path / "j.sqlite")
        assert not isinstance(raised.value, sqlite3.OperationalError)


class TestLock:
    def test_only_one_holds_a_journal(self, tmp_path: Path):
        lock = JournalLock.take(tmp_path, ID)
        assert JournalLock.try_take(tmp_path, ID) is None
        lock.release()
        again = JournalLock.try_take(tmp_path, ID)
        assert again is not None
        again.release()

    def test_a_finished_journals_lock_file_is_gone(self, tmp_path: Path):
        JournalLock.take(tmp_path, ID).release(remove=True)
        assert list(tmp_path.iterdir()) == []

    def test_a_lock_on_a_removed_file_is_no_hold(self, tmp_path: Path):
        first = JournalLock.take(tmp_path, ID)
        path = tmp_path / f"{ID.hex()}.lock"
        path.unlink()
        second = JournalLock.take(tmp_path, ID)
        first.release()
        assert JournalLock.try_take(tmp_path, ID) is None
        second.release()

    def test_a_folder_that_cannot_be_made_is_a_journal_error(self, tmp_path: Path):
        (tmp_path / "file").write_text("")
        with pytest.raises(JournalError):
            JournalLock.take(tmp_path / "file" / "journal", ID)

    def test_a_network_file_system_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        refuse_network_folder(tmp_path)
        monkeypatch.setattr(journal_lock, "_file_system", lambda _folder: "nfs4")
        with pytest.raises(ConfigurationError, match="nfs4"):
            refuse_network_folder(tmp_path)


class TestFrames:
    @given(st.lists(st.binary(max_size=60), max_size=8))
    def test_frames_come_back(self, bodies: list[bytes]):
        data = b"".join(frame(SCHEMA, body) for body in bodies if body)
        found = [content[32:] for _end, content in frames_in(data)]
        assert found == [body for body in bodies if body]

    def test_a_title_comes_back(self):
        assert parse_title(title(ID, "service:ä")) == (ID, "service:ä")
        assert parse_title(frame(SCHEMA, b"body")) is None
        assert parse_title(b"") is None

    @given(st.integers(min_value=0), st.integers(1, 255))
    @example(2, 1)  # a length beyond the end of the segment
    def test_one_flipped_byte_costs_one_frame(self, place: int, mask: int):
        frames = [frame(SCHEMA, b"body %d" % n) for n in range(5)]
        data = bytearray(b"".join(frames))
        place %= len(data)
        data[place] ^= mask
        good, bad = salvage(bytes(data), 0)
        hit = place // len(frames[0])
        kept = [frame(item[:32], item[32:]) for item in good]
        assert kept == frames[:hit] + frames[hit + 1 :]
        assert b"".join(lost for _place, lost in bad) == bytes(
            data[hit * len(frames[0]) :][: len(frames[0])]
        )

    @given(st.integers(0, 200))
    def test_a_torn_tail_costs_the_last_frame_alone(self, cut: int):
        frames = [frame(SCHEMA, b"body %d" % n) for n in range(5)]
        data = b"".join(frames)[: len(b"".join(frames)) - cut]
        good, bad = salvage(data, 0)
        whole = len(data) // len(frames[0])
        assert len(good) == whole
        assert sum(len(lost) for _place, lost in bad) == len(data) % len(frames[0])


def take_all(spool: Spool) -> list[bytes]:
    bodies: list[bytes] = []
    while (taken := spool.take(max_events=3, max_bytes=1 << 20)).events:
        bodies += [body for _, body in taken.events]
        spool.consumed(taken)
    return bodies


class TestSpool:
    def spool(self, folder: Path, **options: object) -> Spool:
        return Spool(folder, ID, "service:a", **options)  # pyright: ignore

    def test_events_come_back_in_order_over_segments(self, tmp_path: Path):
        spool = self.spool(tmp_path, segment_bytes=200)
        bodies = [b"body %d" % n for n in range(20)]
        for body in bodies:
            spool.append([EncodedEvent(SCHEMA, body)])
        assert len(segments_of(tmp_path, ID)) > 3
        assert (spool.pending_events, spool.appended_events) == (20, 20)
        assert take_all(spool) == bodies
        assert (spool.pending_events, spool.pending_bytes) == (0, 0)
        assert len(segments_of(tmp_path, ID)) == 1
        spool.close()
        assert segments_of(tmp_path, ID) == {}

    def test_a_new_object_goes_on_at_the_mark(self, tmp_path: Path):
        spool = self.spool(tmp_path, segment_bytes=200)
        for number in range(9):
            spool.append([EncodedEvent(SCHEMA, b"body %d" % number)])
        taken = spool.take(max_events=2, max_bytes=1 << 20)
        spool.consumed(taken)
        spool.close()
        again = self.spool(tmp_path, mark=taken.mark)
        again.repair(lambda name, lost: pytest.fail(f"{name} {lost!r}"))
        assert again.pending_events == 7
        assert take_all(again) == [b"body %d" % number for number in range(2, 9)]
        again.close()

    def test_what_was_taken_stays_until_it_is_consumed(self, tmp_path: Path):
        spool = self.spool(tmp_path)
        spool.append([EncodedEvent(SCHEMA, b"a")])
        first = spool.take(max_events=9, max_bytes=9)
        assert spool.take(max_events=9, max_bytes=9) == first
        spool.close()

    def test_a_torn_tail_is_quarantined_and_the_rest_is_kept(self, tmp_path: Path):
        spool = self.spool(tmp_path)
        for number in range(3):
            spool.append([EncodedEvent(SCHEMA, b"body %d" % number)])
        spool.close()
        (path,) = segments_of(tmp_path, ID).values()
        with path.open("ab") as file:
            file.write(frame(SCHEMA, b"torn")[:-1])
        lost: dict[str, bytes] = {}
        again = self.spool(tmp_path)
        again.repair(lost.__setitem__)
        assert list(lost.values()) == [frame(SCHEMA, b"torn")[:-1]]
        assert take_all(again) == [b"body 0", b"body 1", b"body 2"]
        again.close()

    def test_a_damaged_frame_is_told_to_a_reader(self, tmp_path: Path):
        spool = self.spool(tmp_path, recent_bytes=0)
        spool.append([EncodedEvent(SCHEMA, b"body")])
        (path,) = segments_of(tmp_path, ID).values()
        data = path.read_bytes()
        path.write_bytes(data[:-1] + b"!")
        with pytest.raises(DamagedSourceError, match="damaged frame"):
            take_all(spool)
        lost: dict[str, bytes] = {}
        spool.repair(lost.__setitem__)
        assert len(lost) == 1
        spool.append([EncodedEvent(SCHEMA, b"after")])
        assert take_all(spool) == [b"after"]
        spool.close()

    def test_the_title_names_the_identity(self, tmp_path: Path):
        assert identity_in(tmp_path, ID) is None
        spool = self.spool(tmp_path)
        spool.append([EncodedEvent(SCHEMA, b"a")])
        assert identity_in(tmp_path, ID) == "service:a"
        spool.close()

    def test_a_failing_write_leaves_no_part_of_a_frame(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        spool = self.spool(tmp_path)
        spool.append([EncodedEvent(SCHEMA, b"first")])
        real = os.write

        def half(descriptor: int, data: bytes) -> int:
            if len(data) > 20:
                return real(descriptor, data[:20])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            with pytest.raises(JournalError, match="No space"):
                spool.append([EncodedEvent(SCHEMA, b"second")])
        spool.append([EncodedEvent(SCHEMA, b"third")])
        assert take_all(spool) == [b"first", b"third"]
        spool.close()


class TestRing:
    def test_it_is_bounded_and_refuses_the_newest(self):
        ring = Ring(limit=200)
        for _ in range(4):
            ring.append([EncodedEvent(SCHEMA, b"body")])
        with pytest.raises(JournalError, match="full"):
            ring.append([EncodedEvent(SCHEMA, b"body")])
        taken = ring.take(max_events=3, max_bytes=1 << 20)
        assert isinstance(taken, Taken)
        assert len(taken.events) == 3
        ring.consumed(taken)
        assert (ring.pending_events, ring.pending_bytes) == (1, 44)
        assert ring.appended_events == 4


class TestAdmin:
    def config(self, tmp_path: Path) -> Config:
        return Config(home=tmp_path, name="acme")

    def test_the_status_of_a_journal_in_use_and_of_one_left(self, tmp_path: Path):
        config = self.config(tmp_path)
        lock = JournalLock.take(config.journal, ID)
        spool = Spool(config.journal, ID, "service:a")
        spool.append([EncodedEvent(SCHEMA, b"a"), EncodedEvent(SCHEMA, b"b")])
        (status,) = journal_status(config)
        assert (status.journal_id, status.identity) == (ID, "service:a")
        assert (status.is_held, status.events, status.new) == (True, 2, 0)
        lock.release()
        assert [status.is_held for status in journal_status(config)] == [False]
        spool.close()

    def test_an_adopted_journal_counts_its_events(self, tmp_path: Path):
        config = self.config(tmp_path)
        config.journal.mkdir()
        spool = Spool(config.journal, ID, "service:a")
        spool.append([EncodedEvent(SCHEMA, b"a")])
        spool.abandon()
        adopted = adopt(config, ID, 0)
        assert adopted is not None
        assert adopted.spool.pending_events == 1
        adopted.journal.close()
        adopted.release(False)

    def test_a_journal_whose_tables_were_never_made_is_sound(self, tmp_path: Path):
        config = self.config(tmp_path)
        config.journal.mkdir()
        spool = Spool(config.journal, ID, "service:a")
        spool.append([EncodedEvent(SCHEMA, b"a")])
        spool.abandon()
        database = sqlite3.connect(journal_path(config.journal, ID))
        database.execute("PRAGMA journal_mode = WAL")
        database.close()
        (status,) = journal_status(config)
        assert (status.damage, status.identity, status.events) == ("", "service:a", 1)

    def test_a_journal_with_nothing_in_it_is_removed(self, tmp_path: Path):
        config = self.config(tmp_path)
        JournalLock.take(config.journal, ID).release()
        assert journal_ids(config.journal) == [ID]
        assert adopt(config, ID, 0) is None
        assert journal_ids(config.journal) == []

    def test_a_spool_without_a_title_goes_to_quarantine(self, tmp_path: Path):
        config = self.config(tmp_path)
        config.journal.mkdir()
        (config.journal / f"{ID.hex()}.0.spool").write_bytes(b"garbage")
        assert adopt(config, ID, 0) is None
        (kept,) = quarantine_list(config)
        assert (kept.name, kept.size) == (f"{ID.hex()}.0.spool", 7)

    def test_quarantine_keeps_lists_and_drops(self, tmp_path: Path):
        config = self.config(tmp_path)
        assert quarantine_list(config) == []
        Quarantine(config.journal).keep("a.entry", b"abc", "refused as FORK")
        (kept,) = quarantine_list(config)
        assert (kept.name, kept.size, kept.reason) == ("a.entry", 3, "refused as FORK")
        with pytest.raises(NotFoundError):
            quarantine_drop(config, "../a.entry")
        quarantine_drop(config, "a.entry")
        assert quarantine_list(config) == []
