"""kill -9 of producer, vault worker, eraser at every step: nothing is lost or left."""

from __future__ import annotations

import signal
from pathlib import Path

import psycopg
import pytest

from ledger.config import Config
from ledger.errors import NotFoundError
from ledger.journal.adoption import journal_ids
from ledger.vault.plan import Reason
from ledger.vault.reading import Reading
from tests.support.producer import flush_left, seal
from tests.support.vault import (
    ALICE,
    BOB,
    copied,
    decide,
    files_with,
    run_child,
    running,
    taken,
    vault_home,
    verified,
)

pytestmark = [pytest.mark.faults, pytest.mark.postgres]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return vault_home(tmp_path_factory.mktemp("vault"), "")


@pytest.fixture
def config(template: Config, tmp_path: Path, postgres_dsn: str) -> Config:
    return copied(template, tmp_path, postgres_dsn)


def killed(config: Config, task: str, step: str, nth: int = 1) -> str:
    done = run_child(config.home, task, step, nth)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
    return done.stdout


@pytest.mark.parametrize(
    ("step", "nth"),
    [
        ("emitted", 5),
        ("packed", 2),
        ("payload sent", 1),
        ("payload noted", 1),
        ("sending", 2),
        ("sent", 2),
        ("appended", 2),
        ("closed", 1),
    ],
)
def test_a_decision_and_its_payload_survive_together(
    config: Config, step: str, nth: int
):
    told = killed(config, "emit", step, nth).split()
    returned = {bytes.fromhex(line) for line in told}
    flush_left(config)
    seal(config)
    flush_left(config)
    assert journal_ids(config.journal) == []
    done = taken(config)
    with psycopg.connect(config.vault.dsn) as database:
        rows = database.execute("SELECT decision_id, state FROM vault.payload")
        states = {decision.bytes: state for decision, state in rows.fetchall()}
        sealed = database.execute("SELECT decision_id FROM vault.decision").fetchall()
    assert set(states.values()) <= {"kept"}
    assert returned <= set(states)
    assert {decision.bytes for (decision,) in sealed} == set(states)
    assert done["quarantined"] == 0


def test_a_damaged_journal_gives_its_envelopes_back(config: Config):
    """What was packed and not sent is read out of a journal that is damaged."""
    killed(config, "emit", "packed", 2)
    (journal_id,) = journal_ids(config.journal)
    path = config.journal / f"{journal_id.hex()}.sqlite"
    import sqlite3

    from ledger.journal.quarantine import Quarantine
    from ledger.journal.salvage import salvage

    database = sqlite3.connect(path)
    waiting = database.execute("SELECT count(*) FROM payload").fetchone()[0]
    database.close()
    assert waiting > 0
    salvage(path, journal_id, config, Quarantine(config.journal), 0)
    database = sqlite3.connect(path)
    assert database.execute("SELECT count(*) FROM payload").fetchone()[0] == waiting
    database.close()


@pytest.mark.parametrize("step", ["followed", "keyed", "taken", "emptied"])
def test_the_vault_takes_each_payload_once(config: Config, step: str):
    made = decide(config, ALICE, BOB, ALICE)
    seal(config)
    killed(config, "take", step)
    with running(config) as (service, _vault):
        service.step()
        assert service.status()["kept"] == 3
        for decision in made:
            service.show(decision, Reading(purpose="audit", login="me"))


@pytest.mark.parametrize(
    "step",
    [
        "planned",
        "rekeyed",
        "rows deleted",
        "trimmed",
        "keys destroyed",
        "evidence",
        "finished",
    ],
)
def test_an_erasure_that_was_cut_off_is_finished_by_another(config: Config, step: str):
    made, other = decide(config, ALICE, BOB)
    taken(config)
    killed(config, "erase", step)
    with running(config) as (service, _vault):
        try:
            erased = service.erase(ALICE, Reason("request"))
            assert erased.deleted is not None
            assert erased.deleted.decisions == [made]
        except NotFoundError:
            assert step == "finished"
        with pytest.raises(NotFoundError):
            service.show(made, Reading(purpose="audit", login="me"))
        assert service.show(other, Reading(purpose="audit", login="me")).subject == BOB
        assert service.status()["deletions begun"] == 0
    flush_left(config)
    seal(config)
    assert verified(config) == 0
    assert len(deletions(config)) == 1
    assert files_with(config.home, ALICE.encode()) == []


def deletions(config: Config) -> set[bytes]:
    """Ids of the deletion events in the log."""
    from ledger.codec import Decoders
    from tests.support.producer import _schema_lookup, judged

    decoders, found = Decoders(_schema_lookup()), set[bytes]()
    for judgement in judged(config):
        for known_as, body in judgement.entry.events if judgement.entry else ():
            event = decoders.decode(known_as, body)
            if event.name == "governance.payload.deleted":
                found.add(event.id)
    return found
