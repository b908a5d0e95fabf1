"""What every log promises; each adapter's test class inherits all of it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ledger.errors import (
    ConfigurationError,
    LogUnavailableError,
    MissingEvidenceError,
    TooLargeError,
)
from ledger.log import CONTROL, MANIFEST, MAX_RECORD, Log

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

ENTRY_LIMIT = 921_600
WAIT = 30


class Store(ABC):
    """Where one log lives: opens it any number of times, and can make it anew."""

    @abstractmethod
    def open(self) -> AbstractContextManager[Log]: ...

    @abstractmethod
    def recreate(self) -> None: ...


class LogConformance:
    """Subclasses give the fixture ``store``, of a log with two event partitions."""

    @pytest.fixture
    def log(self, store: Store) -> Iterator[Log]:
        with store.open() as log:
            yield log

    def test_an_empty_log_has_empty_bounds_and_nothing_to_read(self, log: Log):
        for partition in (CONTROL, MANIFEST, 0, 1):
            assert log.bounds(partition) == (0, 0)
            assert list(log.read(partition, 0)) == []

    def test_offsets_are_dense_from_zero_in_each_partition(self, log: Log):
        for partition in (0, CONTROL, 1, MANIFEST):
            placed = [log.append(partition, b"%d" % n) for n in range(3)]
            assert [p.offset for p in placed] == [0, 1, 2]
            assert {p.partition for p in placed} == {partition}
            assert log.bounds(partition) == (0, 3)

    def test_values_come_back_in_order_with_their_positions(self, log: Log):
        values = [b"", b"\x00\xff" * 9, bytes(range(256)), b'{"a": 1}\r\n']
        placed = [log.append(0, value) for value in values]
        records = list(log.read(0, 0))
        assert [r.value for r in records] == values
        assert [(r.partition, r.offset, r.timestamp_ms) for r in records] == [
            (p.partition, p.offset, p.timestamp_ms) for p in placed
        ]

    def test_the_timestamp_is_of_our_time(self, log: Log):
        assert log.append(0, b"x").timestamp_ms > 1_700_000_000_000

    @pytest.mark.parametrize("size", [ENTRY_LIMIT - 1, ENTRY_LIMIT, MAX_RECORD])
    def test_the_largest_values_come_back_whole(self, log: Log, size: int):
        value = bytes(n * 31 % 251 for n in range(1021)) * (size // 1021 + 1)
        log.append(1, value[:size])
        assert [r.value for r in log.read(1, 0)] == [value[:size]]

    def test_a_larger_value_is_refused_and_leaves_nothing(self, log: Log):
        with pytest.raises(TooLargeError):
            log.send(0, b"x" * (MAX_RECORD + 1))
        assert log.bounds(0) == (0, 0)

    @pytest.mark.parametrize("partition", [-3, 2])
    def test_a_foreign_partition_is_refused(self, log: Log, partition: int):
        with pytest.raises(ConfigurationError):
            log.send(partition, b"x")
        with pytest.raises(ConfigurationError):
            log.bounds(partition)

    def test_sends_resolve_in_the_order_they_were_sent(self, log: Log):
        futures = [log.send(0, b"%d" % n) for n in range(200)]
        assert [f.result(WAIT).offset for f in futures] == list(range(200))
        assert [r.value for r in log.read(0, 0)] == [b"%d" % n for n in range(200)]

    def test_a_read_begins_where_it_is_told(self, log: Log):
        self._fill(log, 70)
        assert [r.offset for r in log.read(0, 65)] == [65, 66, 67, 68, 69]
        assert list(log.read(0, 70)) == []

    def test_a_read_ends_at_the_record_limit(self, log: Log):
        self._fill(log, 70)
        assert [r.offset for r in log.read(0, 2, max_records=3)] == [2, 3, 4]

    def test_a_read_ends_before_the_byte_limit(self, log: Log):
        for _ in range(5):
            log.append(0, b"x" * 100)
        assert [r.offset for r in log.read(0, 0, max_bytes=300)] == [0, 1, 2]
        assert [r.offset for r in log.read(0, 1, max_bytes=299)] == [1, 2]

    def test_a_read_gives_one_record_even_beyond_the_byte_limit(self, log: Log):
        for _ in range(2):
            log.append(0, b"x" * 100)
        assert [r.offset for r in log.read(0, 0, max_bytes=1)] == [0]

    @pytest.mark.parametrize("start", [4, 9])
    def test_a_read_beyond_the_end_names_the_missing_range(self, log: Log, start: int):
        self._fill(log, 3)
        with pytest.raises(MissingEvidenceError, match=f"offsets 3 to {start - 1} "):
            list(log.read(0, start))

    def test_a_read_shows_what_was_there_when_it_was_called(self, log: Log):
        self._fill(log, 3)
        records = log.read(0, 0)
        self._fill(log, 3)
        assert [r.offset for r in records] == [0, 1, 2]
        assert log.bounds(0) == (0, 6)

    def test_two_reads_do_not_disturb_each_other(self, log: Log):
        self._fill(log, 90)
        first, second = log.read(0, 0), log.read(0, 40)
        mixed = [(a.offset, b.offset) for a, b in zip(first, second, strict=False)]
        assert mixed == [(n, n + 40) for n in range(50)]

    def test_an_abandoned_read_leaves_the_log_usable(self, log: Log):
        self._fill(log, 50)
        assert next(log.read(0, 10)).offset == 10
        assert next(log.read(0, 0)).offset == 0
        self._fill(log, 1)
        assert log.bounds(0) == (0, 51)

    def test_partitions_are_counted(self, log: Log):
        assert log.partitions() == 2

    def test_another_handle_sees_what_was_appended(self, log: Log, store: Store):
        log.append(0, b"seen")
        with store.open() as other:
            assert [r.value for r in other.read(0, 0)] == [b"seen"]

    def test_two_writers_interleave_without_loss(self, log: Log, store: Store):
        with store.open() as other:
            writers = [
                threading.Thread(target=self._send_all, args=(handle, tag, 150))
                for handle, tag in ((log, b"a"), (other, b"b"))
            ]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        values = [r.value for r in log.read(0, 0)]
        assert log.bounds(0) == (0, 300)
        for tag in (b"a", b"b"):
            mine = [v for v in values if v is not None and v.startswith(tag)]
            assert mine == [tag + b"%d" % n for n in range(150)]

    def test_a_reader_follows_a_writer(self, log: Log, store: Store):
        seen: list[bytes | None] = []
        writer = threading.Thread(target=self._send_all, args=(log, b"", 300))
        with store.open() as reader:
            writer.start()
            while len(seen) < 300:
                seen += [r.value for r in reader.read(0, len(seen))]
            writer.join()
        assert seen == [b"%d" % n for n in range(300)]

    def test_the_identity_is_16_bytes_and_stays(self, log: Log, store: Store):
        before = {p: log.identity(p) for p in (CONTROL, MANIFEST, 0, 1)}
        log.append(0, b"x")
        with store.open() as again:
            assert {p: again.identity(p) for p in before} == before
        assert {len(value) for value in before.values()} == {16}

    def test_a_log_made_anew_has_another_identity(self, store: Store):
        with store.open() as log:
            log.append(0, b"old")
            before = [log.identity(p) for p in (CONTROL, MANIFEST, 0)]
        store.recreate()
        with store.open() as log:
            assert log.bounds(0) == (0, 0)
            after = [log.identity(p) for p in (CONTROL, MANIFEST, 0)]
        assert all(a != b for a, b in zip(after, before, strict=True))

    def test_close_may_be_repeated_and_ends_sending(self, log: Log):
        future = log.send(0, b"last")
        log.close()
        log.close()
        assert future.result(WAIT).offset == 0
        with pytest.raises(LogUnavailableError):
            log.send(0, b"too late")

    def _fill(self, log: Log, count: int) -> None:
        for future in [log.send(0, b"%d" % n) for n in range(count)]:
            future.result(WAIT)

    def _send_all(self, log: Log, tag: bytes, count: int) -> None:
        for future in [log.send(0, tag + b"%d" % n) for n in range(count)]:
            future.result(WAIT)
