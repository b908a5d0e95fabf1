"""What every adapter of the sealer's state promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import seal
from ledger.errors import ConflictError, DatabaseUnavailableError
from ledger.seal.state import AcceptedEntry, HeadState, State, StreamChanges
from ledger.seal.state_sqlite import SqliteState
from ledger.verdict import StreamHead
from tests.support.ledger import make_ledger

ORIGIN = "acme/p0"
KEY = (b"k" * 32, b"s" * 16)


def head(number: int, **fields: object) -> HeadState:
    first = HeadState(
        origin=ORIGIN,
        size=number,
        root=bytes([number]) * 32,
        next_offset=number,
        topic_id=b"t" * 16,
        frontier=b"f" * 64,
        sealed_at_ms=1_700_000_000_000 + number,
        registry_size=7,
    )
    return replace(first, **fields)


def changes(seq: int, leaf: int, state: str = "open") -> StreamChanges:
    accepted = AcceptedEntry(*KEY, seq=seq, header_hash=bytes([seq]) * 32, leaf=leaf)
    after = StreamHead(
        next_seq=seq + 1, head_hash=bytes([seq]) * 32, head_leaf=leaf, state=state
    )
    return StreamChanges(heads={KEY: after}, entries=[accepted])


class StateConformance:
    @pytest.fixture
    def state(self) -> Iterator[State]:
        pytest.fail("an adapter gives its own")

    @pytest.fixture
    def rival(self) -> Iterator[State]:
        """A second adapter on the same database."""
        pytest.fail("an adapter gives its own")

    def test_an_origin_that_was_never_sealed_has_no_head(self, state):
        assert state.head(ORIGIN) is None
        assert state.latest_sealed_ms("acme") == 0
        assert state.stream(ORIGIN, KEY) is None
        assert state.entry(ORIGIN, KEY, 0) is None

    def test_a_swap_stores_head_streams_and_entries(self, state, rival):
        state.swap(None, head(3), changes(0, 2))
        assert rival.head(ORIGIN) == head(3)
        assert rival.stream(ORIGIN, KEY) == StreamHead(1, bytes(32), 2, "open")
        assert rival.entry(ORIGIN, KEY, 0) == (bytes(32), 2)
        assert rival.entry(ORIGIN, KEY, 1) is None

    def test_streams_are_forgotten_only_without_a_head(self, state, rival):
        state.forget(ORIGIN)
        state.swap(None, head(3), changes(0, 2))
        with pytest.raises(ConflictError):
            rival.forget(ORIGIN)
        assert rival.entry(ORIGIN, KEY, 0) == (bytes(32), 2)
        state.forget("acme/p1")
        assert state.entry(ORIGIN, KEY, 0) == (bytes(32), 2)

    def test_a_later_swap_replaces_the_head_and_keeps_old_entries(self, state):
        state.swap(None, head(3), changes(0, 2))
        state.swap(head(3), head(4), changes(1, 3, "closed"))
        assert state.head(ORIGIN) == head(4)
        assert state.stream(ORIGIN, KEY) == StreamHead(2, b"\1" * 32, 3, "closed")
        assert state.entry(ORIGIN, KEY, 0) == (bytes(32), 2)
        assert state.entry(ORIGIN, KEY, 1) == (b"\1" * 32, 3)

    def test_of_two_first_swaps_one_loses(self, state, rival):
        state.swap(None, head(3), changes(0, 2))
        with pytest.raises(ConflictError, match="head moved"):
            rival.swap(None, head(4), changes(0, 3))
        assert state.head(ORIGIN) == head(3)
        assert state.entry(ORIGIN, KEY, 0) == (bytes(32), 2)

    @pytest.mark.parametrize(
        "stale",
        [head(2), head(3, root=b"x" * 32)],
        ids=["another size", "another root"],
    )
    def test_a_swap_from_another_head_writes_nothing(self, state, rival, stale):
        state.swap(None, head(3), StreamChanges())
        with pytest.raises(ConflictError):
            rival.swap(stale, head(4), changes(0, 3))
        assert state.head(ORIGIN) == head(3)
        assert state.stream(ORIGIN, KEY) is None
        assert state.entry(ORIGIN, KEY, 0) is None

    def test_a_swap_from_nothing_in_particular_needs_a_head(self, state):
        with pytest.raises(ConflictError):
            state.swap(head(3), head(4), StreamChanges())
        assert state.head(ORIGIN) is None

    def test_an_entry_is_accepted_once_or_the_whole_swap_fails(self, state):
        state.swap(None, head(3), changes(0, 2))
        with pytest.raises(DatabaseUnavailableError):
            state.swap(head(3), head(4), changes(0, 3))
        assert state.head(ORIGIN) == head(3)

    def test_origins_are_apart(self, state):
        state.swap(None, head(3), changes(0, 2))
        state.swap(None, head(9, origin="acme/p1"), StreamChanges())
        assert state.head(ORIGIN) == head(3)
        assert state.stream("acme/p1", KEY) is None
        assert state.latest_sealed_ms("acme") == 1_700_000_000_009

    def test_the_clocks_of_two_ledgers_are_apart(self, state):
        state.swap(None, head(3), StreamChanges())
        state.swap(None, head(9, origin="acme-other/p0"), StreamChanges())
        assert state.latest_sealed_ms("acme") == 1_700_000_000_003
        assert state.latest_sealed_ms("acme-other") == 1_700_000_000_009
        assert state.latest_sealed_ms("acm_") == 0

    def test_large_numbers_come_back_as_they_were(self, state):
        large = head(3, size=2**62, next_offset=2**62 + 5, sealed_at_ms=2**62)
        state.swap(None, large, StreamChanges())
        assert state.head(ORIGIN) == large

    def test_a_frozen_stream_stays_frozen(self, state):
        frozen = StreamHead(5, b"h" * 32, 9, "frozen")
        state.swap(None, head(3), StreamChanges(heads={KEY: frozen}))
        assert state.stream(ORIGIN, KEY) == frozen

    def test_a_ledger_is_sealed_with_it_and_verifies(self, state, rival, tmp_path):
        ledger = make_ledger(tmp_path)
        ledger.emit_decisions(20, per_entry=2)
        shutil.rmtree(ledger.config.public)
        seal.seal_all(ledger.config, ledger.log, state)
        ledger.emit_decisions(3)
        assert seal.seal_all(ledger.config, ledger.log, rival) == 1
        assert ledger.exit_code() == 0
        ledger.close()

    def test_closing_twice_is_harmless(self, state):
        state.head(ORIGIN)
        state.close()
        state.close()


class TestSqliteState(StateConformance):
    @pytest.fixture
    def state(self, tmp_path: Path) -> Iterator[State]:
        state = SqliteState(tmp_path / "log.sqlite")
        yield state
        state.close()

    @pytest.fixture
    def rival(self, state: State, tmp_path: Path) -> Iterator[State]:
        rival = SqliteState(tmp_path / "log.sqlite")
        yield rival
        rival.close()


@pytest.mark.postgres
class TestPostgresState(StateConformance):
    @pytest.fixture
    def state(self, postgres_dsn: str) -> Iterator[State]:
        from ledger.seal.state_postgres import PostgresState

        state = PostgresState(postgres_dsn)
        yield state
        state.close()

    @pytest.fixture
    def rival(self, postgres_dsn: str) -> Iterator[State]:
        from ledger.seal.state_postgres import PostgresState

        rival = PostgresState(postgres_dsn)
        yield rival
        rival.close()

    def test_a_lost_connection_is_made_anew(self, state):
        state.swap(None, head(3), changes(0, 2))
        state._open.execute("SELECT pg_advisory_lock(1)")
        state._open.close()
        assert state.head(ORIGIN) == head(3)

    def test_commits_wait_for_the_disk(self, state):
        state.head(ORIGIN)
        assert state._open.execute("SHOW synchronous_commit").fetchone() == ("on",)

    def test_a_server_that_is_away_is_named_so(self):
        from ledger.seal.state_postgres import PostgresState

        with pytest.raises(DatabaseUnavailableError, match="sealer's database"):
            PostgresState("host=127.0.0.1 port=1 dbname=none").head(ORIGIN)
