"""Topics as planned, created and compared, and readers as seen, on a real broker."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka import KafkaConsumer, TopicPartition

from ledger import broker
from ledger.config import Config, LogConfig
from ledger.errors import (
    ConfigurationError,
    LogUnavailableError,
    MissingEvidenceError,
)
from ledger.log import open_log
from ledger.log.kafka import KafkaLog
from ledger.log.kafka_client import connected
from tests.support.kafka import kafka_config

if TYPE_CHECKING:
    from ledger.broker import Drift


def errors(drifts: list[Drift]) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (d.topic.split(".")[-1], d.setting): (d.wanted, d.found)
        for d in drifts
        if d.severity == "error"
    }


def unreachable(**options: object) -> Config:
    log = LogConfig(kind="kafka", bootstrap="127.0.0.1:1", options=options)
    return Config(home=Path(), name="x", log=log)


def test_the_plan_keeps_evidence_for_ever():
    config = replace(
        unreachable(), log=LogConfig(kind="kafka", partitions=4, replication=3)
    )
    topics = {topic.name: topic for topic in broker.plan(config)}
    assert {n: t.partitions for n, t in topics.items()} == {
        "x.control": 1,
        "x.manifest": 1,
        "x.events": 4,
    }
    for topic in topics.values():
        assert topic.replication == 3
        assert topic.settings["min.insync.replicas"] == "2"
        assert topic.settings["retention.ms"] == "-1"
        assert topic.settings["retention.bytes"] == "-1"
        assert topic.settings["cleanup.policy"] == "delete"
        assert topic.settings["message.timestamp.type"] == "LogAppendTime"


def test_a_cluster_that_is_away_is_unavailable():
    config = unreachable(bootstrap_timeout_ms=300)
    for ask in (broker.check, broker.apply):
        with pytest.raises(LogUnavailableError, match=r"127\.0\.0\.1:1"):
            ask(config)
    with closing(KafkaLog(config)) as log:
        with pytest.raises(LogUnavailableError):
            log.bounds(0)
        future = log.send(0, b"x")
        assert isinstance(future.exception(10), LogUnavailableError)


@pytest.mark.parametrize(
    "option", ["acks", "enable_idempotence", "delivery_timeout_ms", "isolation_level"]
)
def test_an_option_that_would_break_a_promise_is_refused(option: str):
    with pytest.raises(ConfigurationError, match=option):
        KafkaLog(unreachable(**{option: 1}))


def test_an_unknown_option_is_refused():
    with pytest.raises(ConfigurationError, match="buffer_memory"):
        KafkaLog(unreachable(buffer_memory=1))


@pytest.mark.kafka
def test_applied_topics_do_not_drift(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    created = broker.apply(config)
    assert created == [f"{config.name}.{n}" for n in ("control", "manifest", "events")]
    assert errors(broker.check(config)) == {}
    assert broker.apply(config) == []


@pytest.mark.kafka
def test_absent_topics_are_drift_and_missing_evidence(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    assert {setting for _, setting in errors(broker.check(config))} == {"exists"}
    with closing(KafkaLog(config)) as log:
        for ask in (log.bounds, log.identity):
            with pytest.raises(MissingEvidenceError, match="no such topic"):
                ask(0)


@pytest.mark.kafka
def test_each_changed_setting_is_named(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap, partitions=1)
    broker.apply(config)
    topic = f"{config.name}.events"
    from kafka.admin import ConfigResource, ConfigResourceType

    changes = {"retention.ms": "1000000", "cleanup.policy": "compact"}
    with connected(config) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changes)])
        admin.create_partitions({topic: 2})
    assert errors(broker.check(config)) == {
        ("events", "partitions"): ("1", "2"),
        ("events", "retention.ms"): ("-1", "1000000"),
        ("events", "cleanup.policy"): ("delete", "compact"),
    }


@pytest.mark.kafka
def test_a_beheaded_log_is_found_and_the_lost_range_named(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    with closing(KafkaLog(config)) as log:
        for n in range(5):
            log.append(1, b"%d" % n)
        with connected(config) as admin:
            admin.delete_records({TopicPartition(f"{config.name}.events", 1): 3})
        assert log.bounds(1) == (3, 5)
        with pytest.raises(MissingEvidenceError, match="offsets 0 to 2 are not in"):
            log.read(1, 0)
        assert [r.value for r in log.read(1, 3)] == [b"3", b"4"]
    found = errors(broker.check(config))
    assert found == {("events", "log-start of partition 1"): ("0", "3")}


@pytest.mark.kafka
def test_a_broker_that_lets_topics_be_deleted_is_a_warning(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    (warning,) = broker.check(config)
    assert (warning.topic, warning.severity) == ("(cluster)", "warning")
    assert "delete.topic.enable" in warning.setting


@pytest.mark.kafka
def test_a_tombstone_is_read_as_no_value(kafka_bootstrap: str):
    from kafka import KafkaProducer

    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    foreign = KafkaProducer(bootstrap_servers=kafka_bootstrap)
    foreign.send(f"{config.name}.events", key=b"k", value=None, partition=0).get(10)
    foreign.close()
    with closing(KafkaLog(config)) as log:
        assert [(r.offset, r.value) for r in log.read(0, 0)] == [(0, None)]


@pytest.mark.kafka
def test_offsets_that_hold_a_transaction_marker_are_passed_over(kafka_bootstrap: str):
    from kafka import KafkaProducer

    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    foreign = KafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=config.name
    )
    foreign.init_transactions()
    foreign.begin_transaction()
    foreign.send(f"{config.name}.events", value=b"aborted", partition=0)
    foreign.flush(10)
    foreign.abort_transaction()
    foreign.close()
    with closing(KafkaLog(config)) as log:
        for _ in range(100):  # the broker writes the marker a moment later
            if log.bounds(0) == (0, 2):
                break
            time.sleep(0.05)
        assert log.bounds(0) == (0, 2)
        assert [(r.offset, r.value) for r in log.read(0, 0)] == [(0, b"aborted")]
        assert list(log.read(0, 1)) == []
        assert log.append(0, b"next").offset == 2
        assert [r.offset for r in log.read(0, 0)] == [0, 2]


@pytest.mark.kafka
def test_a_group_member_is_seen_with_client_and_host(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    topic = f"{config.name}.events"
    reader = KafkaConsumer(
        topic,
        bootstrap_servers=kafka_bootstrap,
        group_id=f"g-{config.name}",
        client_id="score-exporter",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    try:
        for _ in range(100):
            reader.poll(100)
            if len(reader.assignment()) == 2:
                break
        reader.commit({TopicPartition(topic, 1): _committed(0)})
        found = broker.readers_of(config, topic)
    finally:
        reader.close()
    member, offsets = found.rows
    assert (member.group, member.channel) == (f"g-{config.name}", "kafka.group")
    assert (member.group_type, member.state) == ("classic", "Stable")
    assert (member.client_id, member.partitions) == ("score-exporter", (0, 1))
    assert member.host is not None
    assert "127.0.0.1" in member.host
    assert (offsets.channel, offsets.partitions) == ("kafka.group_offsets", (1,))
    assert broker.readers_of(config, f"{config.name}.control").rows == ()


@pytest.mark.kafka
def test_a_group_less_reader_is_not_seen_and_the_answer_says_so(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    broker.apply(config)
    with closing(KafkaLog(config)) as log:
        log.append(0, b"x")
        assert len(list(log.read(0, 0))) == 1
        found = broker.readers_of(config, f"{config.name}.events")
    assert found.rows == ()
    assert any("without a group" in spot for spot in found.blind_spots)


def _committed(offset: int) -> object:
    from kafka.structs import OffsetAndMetadata

    return OffsetAndMetadata(offset, "", -1)


def test_without_the_extra_the_text_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, "kafka", None)
    for name in [n for n in sys.modules if n.startswith("ledger.log.kafka")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigurationError) as caught:
        open_log(unreachable())
    assert "mlledger[kafka]" in caught.value.hint


@pytest.mark.kafka
def test_open_log_makes_the_topics_when_told(kafka_bootstrap: str):
    config = kafka_config(kafka_bootstrap)
    with closing(open_log(config, create=True)) as log:
        assert log.append(0, b"x").offset == 0


def test_the_port_alone_loads_no_kafka_client():
    program = "import sys, ledger.log, ledger.log.sqlite; print('kafka' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
