"""What ended processes left is taken over by the worker, and said in a line."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from ledger.config import Config
from ledger.entry import EncodedEvent
from ledger.journal.lock import JournalLock
from ledger.journal.spool import Spool
from ledger.journal_admin import journal_status
from ledger.leftovers import LOOK_S, Leftovers
from ledger.sealing_service import SealingService
from tests.support.producer import (
    accepted_ids,
    emit,
    flush_left,
    make_emitter,
    make_home,
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return make_home(tmp_path_factory.mktemp("leftovers"))


def leave(config: Config, count: int) -> None:
    """Emit in a process that ends before anything is sent."""
    pid = os.fork()
    if pid == 0:
        emit(make_emitter(config, log_factory=_never), count)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def _never(_config: Config):
    raise OSError("no log in this process")


def test_the_worker_seals_in_one_step_what_an_ended_process_left(config: Config):
    leave(config, 3)
    leave(config, 2)
    before = accepted_ids(config).total()
    said = list[str]()
    with SealingService(config, once=True, say=said.append) as service:
        service.step()
        assert service.done["journals taken over"] == 2
        assert service.done["leaves sealed"] > 1
    assert accepted_ids(config).total() == before + 5
    assert set(accepted_ids(config).values()) == {1}
    (line,) = [text for text in said if "took over" in text]
    assert line.startswith("took over 2 journals that ended processes of service:local")


def test_a_child_of_multiprocessing_sends_its_own_at_its_end(config: Config):
    before = accepted_ids(config).total()
    emitter = make_emitter(config)
    child = multiprocessing.get_context("fork").Process(target=emit, args=(emitter, 3))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert accepted_ids(config).total() == before + 3
    flush_left(config)
    emitter.close()


def test_it_looks_again_after_a_while_and_says_nothing_of_nothing(config: Config):
    now, said = [0.0], list[str]()
    leftovers = Leftovers(config, say=said.append, monotonic=lambda: now[0])
    assert leftovers.step() == 0
    leave(config, 1)
    assert leftovers.step() == 0
    now[0] += LOOK_S
    assert leftovers.step() == 1
    assert len([text for text in said if "took over 1 journal " in text]) == 1


def test_events_of_an_identity_without_a_key_here_are_only_named(config: Config):
    journal_id = os.urandom(16)
    lock = JournalLock.take(config.journal, journal_id)
    spool = Spool(config.journal, journal_id, "service:else\x1bwhere")
    spool.append([EncodedEvent(bytes(32), b"a")])
    spool.abandon()
    lock.release()
    now, said = [0.0], list[str]()
    leftovers = Leftovers(config, say=said.append, monotonic=lambda: now[0])
    assert leftovers.step() == 0
    now[0] += LOOK_S
    assert leftovers.step() == 0
    (line,) = said
    assert line.startswith("1 events of service:else")
    assert "no key" in line
    (left,) = [s for s in journal_status(config) if s.journal_id == journal_id]
    assert left.events == 1


def test_what_a_living_process_holds_stays_its_own(config: Config):
    emitter = make_emitter(config, log_factory=_never)
    emit(emitter, 1)
    said = list[str]()
    assert Leftovers(config, say=said.append).step() == 0
    assert not [text for text in said if "took over" in text]
    emitter.close(0.1)
    flush_left(config)
