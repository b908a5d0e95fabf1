"""On a real broker: trimmed with DeleteRecords, a topic lost, and on in a new epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import broker, recovery
from ledger.archive import ArchiveFolder
from ledger.audit import audit_ledger
from ledger.config import FILE_NAME, LogConfig, format_config, load_config
from ledger.errors import IntegrityError
from ledger.log import CONTROL, open_log
from ledger.log.kafka_client import connected
from ledger.log.upkeep import delete_below
from ledger.origins import EPOCH
from ledger.public import OriginReader
from ledger.recovery import archive_origin
from ledger.seal import drain, sealers_for
from ledger.setup import initialise
from ledger.verification import exit_code, load_control
from tests.support.ledger import SmallLedger, sealed_ids

pytestmark = [pytest.mark.kafka, pytest.mark.faults]


@pytest.fixture
def ledger(kafka_bootstrap: str, tmp_path: Path) -> Iterator[SmallLedger]:
    """A home whose log is on Kafka, 31 leaves in p0; all of it archived."""
    log = LogConfig(kind="kafka", bootstrap=kafka_bootstrap)
    made = initialise(tmp_path / "home", log=log, identity="service:local").config
    config = replace(made, seal=replace(made.seal, state="sqlite"))
    (config.home / FILE_NAME).write_text(format_config(config))
    ledger = SmallLedger(config, open_log(config))
    ledger.emit_decisions(30, per_entry=1)
    ledger.seal()
    control = load_control(ledger.log, ledger.public, config.ledger_id)
    reader = OriginReader(ledger.public, control.log_vkeys[config.origin(0)])
    archive_origin(ledger.log, ArchiveFolder(config.archive), reader)
    ledger.reopen()
    yield ledger
    ledger.close()


def seal_control(ledger: SmallLedger) -> None:
    with ledger.state() as state:
        drain(sealers_for(ledger.config, ledger.log, state, partitions=[CONTROL]))


def code(ledger: SmallLedger) -> int:
    return exit_code(audit_ledger(ledger.config))


def test_trimmed_then_beheaded_then_lost_and_continued(ledger):
    config, origin = ledger.config, ledger.config.origin(0)
    ids = sealed_ids(ledger)

    recovery.trim(
        config,
        ledger.log,
        origin=origin,
        before=10,
        rule="ten years",
        archived=True,
        seal=lambda: seal_control(ledger),
    )
    assert ledger.log.bounds(0) == (10, 31)
    assert code(ledger) == 0, "what was trimmed is read from the archive"

    delete_below(config, 0, 15)  # nobody said that these may go
    assert code(ledger) == 5
    with pytest.raises(IntegrityError, match="without a sealed"):
        ledger.seal()

    topic = broker.plan(config)[-1].name
    with connected(config) as admin:
        admin.delete_topics([topic])
    ledger.log.close()
    with ledger.state() as state:
        done = recovery.restore(
            config, origin=origin, archive=config.archive, state=state
        )
    assert (done.lost, done.continued) == (0, f"{origin}/e1")

    ledger.config = load_config(config.home)
    ledger.streams.clear()
    ledger.reopen()
    ledger.seal()
    fresh = ledger.emit_decisions(5, partition=EPOCH)
    ledger.seal()
    assert code(ledger) == 0
    assert (sealed_ids(ledger), sealed_ids(ledger, EPOCH)) == (ids, fresh)
