"""The vault behind a real Kafka: its topic, its settings, and what is left in it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from ledger import broker
from ledger.config import Config, LogConfig
from ledger.errors import NotFoundError
from ledger.payload.transport import open_payload_log
from ledger.vault.plan import Reason
from ledger.vault.reading import Reading
from tests.support.vault import (
    ALICE,
    BOB,
    decide,
    name_dsn,
    running,
    taken,
    vault_home,
    verified,
)

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@pytest.fixture
def config(tmp_path: Path, tables_dsn: str, kafka_bootstrap: str) -> Config:
    name = f"v{uuid.uuid4().hex[:10]}"
    log = LogConfig(kind="kafka", bootstrap=kafka_bootstrap)
    made = vault_home(tmp_path, tables_dsn, log=log, name=name)
    made = replace(made, seal=replace(made.seal, state="sqlite"))
    assert broker.apply(made) == [f"{name}.payload"]
    return name_dsn(made, tables_dsn)


def test_the_topic_is_part_of_the_plan_once_there_is_a_vault(config: Config):
    topic = broker.plan(config)[-1]
    assert topic.settings["retention.ms"] == str(7 * 86_400_000)
    assert topic.settings["segment.ms"] == str(86_400_000)
    names = {drift.topic for drift in broker.check(config)}
    assert names <= {"(cluster)"}
    bare = replace(config, capture=replace(config.capture, vault_key=""))
    assert topic.name not in {wanted.name for wanted in broker.plan(bare)}


def test_captured_kept_and_erased_behind_kafka(config: Config):
    (made, other) = decide(config, ALICE, BOB)
    assert taken(config)["kept"] == 2
    transport = open_payload_log(config)
    assert transport.bounds() == (0, 2)
    with running(config) as (service, _vault):
        assert service.show(made, Reading(purpose="audit", login="me")).subject == ALICE
        erased = service.erase(ALICE, Reason("request"))
        with pytest.raises(NotFoundError):
            service.show(made, Reading(purpose="audit", login="me"))
        assert service.show(other, Reading(purpose="audit", login="me")).subject == BOB
    assert transport.bounds() == (2, 2)  # DeleteRecords, as far as the vault had read
    transport.close()
    assert broker.check(config) == [
        drift for drift in broker.check(config) if drift.topic == "(cluster)"
    ]
    assert erased.deleted is not None
    fields = erased.deleted.events[0].fields
    places = {item["place"]: item for item in fields["residuals"]}
    assert places[f"topic {config.name}.payload"]["until"] is not None
    (late,) = decide(config, BOB)
    done = taken(config)
    assert (done["kept"], done["expired on the way"]) == (1, 0)
    assert verified(config) == 0
    with psycopg.connect(config.vault.dsn) as database:
        ids = database.execute("SELECT decision_id FROM vault.payload").fetchall()
    assert {i.bytes for (i,) in ids} == {other, late}
