"""Topics as planned, created and compared, and readers as seen, on a real broker."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from kafka import KafkaConsumer, TopicPartition

from ledger import broker, key_stores
from ledger.broker_rights import ROLES, rights
from ledger.capture_settings import CaptureConfig
from ledger.config import Config, KafkaConfig, LogConfig, parse_config
from ledger.devkafka_jars import class_path
from ledger.errors import (
    ConfigurationError,
    LogUnavailableError,
    MissingEvidenceError,
)
from ledger.log import group_messages, open_log
from ledger.log.kafka import KafkaLog
from ledger.log.kafka_client import connected
from ledger.log.kafka_security import secret
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


@pytest.mark.parametrize("option", ["sasl_plain_password", "ssl_password"])
def test_a_secret_among_the_options_is_refused_and_not_printed(option: str):
    with pytest.raises(ConfigurationError, match=option) as caught:
        KafkaLog(unreachable(**{option: "hunter2"}))
    assert "kafka." in caught.value.hint
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_the_same_setting_in_two_places_is_refused():
    found = unreachable(security_protocol="SSL")
    with pytest.raises(ConfigurationError, match=r"log\.options\.security_protocol"):
        KafkaLog(replace(found, kafka=KafkaConfig(protocol="PLAINTEXT")))


def test_a_secret_is_where_its_reference_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("BROKER_PASSWORD", "from the environment")
    assert secret("x", "env:BROKER_PASSWORD", tmp_path) == "from the environment"
    file = tmp_path / "password"
    file.write_text("from a file\n")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="others can read it") as caught:
        secret("kafka.password", "file:password", tmp_path)
    assert caught.value.hint == f"chmod 600 {file}"
    file.chmod(0o600)
    assert secret("x", "file:password", tmp_path) == "from a file"
    monkeypatch.setattr(key_stores, "read_keyring", lambda place: place.encode())
    assert secret("x", "keyring:kafka/ana", tmp_path) == "kafka/ana"
    for absent in ("env:NO_SUCH_NAME", "file:absent"):
        with pytest.raises(ConfigurationError, match=r"kafka\.password"):
            secret("kafka.password", absent, tmp_path)


@pytest.mark.parametrize(
    ("setting", "text"), [("ca", "no certificate"), ("certificate", "no key either")]
)
def test_a_file_that_is_no_certificate_is_named(
    tmp_path: Path, setting: str, text: str
):
    file = tmp_path / "some.pem"
    file.write_text(text)
    file.chmod(0o600)
    told = {"kafka": {"protocol": "SSL", setting: "some.pem"}}
    kafka = parse_config(told, home=tmp_path).kafka
    with pytest.raises(ConfigurationError, match=rf"kafka\.{setting}: .*some\.pem"):
        KafkaLog(replace(unreachable(), home=tmp_path, kafka=kafka))


def test_every_role_has_rights_on_topics_of_this_ledger_alone():
    capture = CaptureConfig(vault_key="00" * 32)
    log = LogConfig(kind="kafka", partitions=2, epochs={"p1": 1})
    config = replace(unreachable(), name="acme", log=log, capture=capture)
    found = rights(config)
    assert {one.role for one in found} == set(ROLES)
    topics = {one.name for one in found if one.resource == "topic"}
    assert topics == {
        *("acme.", "acme.control", "acme.manifest", "acme.events", "acme.payload"),
        "acme.events.p1.e1",
    }
    writes = {(one.role, one.name) for one in found if one.operation == "write"}
    assert {name for role, name in writes if role == "emitter"} == {
        *("acme.events", "acme.events.p1.e1", "acme.payload")
    }
    deletes = {one.role for one in found if one.operation in {"delete", "alter"}}
    assert deletes == {"trimmer", "vault"}


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
    foreign.flush(60)
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


def test_the_messages_for_newer_groups_are_those_of_apache_kafka():
    folder = Path(class_path().split(":")[1]).parent
    (jar,) = folder.glob("kafka-clients-*.jar")
    with ZipFile(jar) as kafkas:
        for ours in sorted(Path(group_messages.__file__).parent.glob("*.json")):
            text = kafkas.read(f"common/message/{ours.name}").decode()
            theirs = json.loads(re.sub(r"(?m)(^|\s)//.*$", "", text))
            mine = json.loads(ours.read_text())
            newest = int(mine["validVersions"].split("-")[-1])
            for fixed in ("apiKey", "type", "name", "flexibleVersions"):
                assert mine[fixed] == theirs[fixed]
            assert _fields(mine, newest) == _fields(theirs, newest), ours.name


def _fields(message: dict[str, Any], newest: int) -> list[tuple[str, ...]]:
    """Return name, type and versions of the fields up to a version, depth first."""
    shared = {one["name"]: one["fields"] for one in message.get("commonStructs", [])}
    found: list[tuple[str, ...]] = []

    def add(fields: list[dict[str, Any]], place: str) -> None:
        for one in fields:
            if int(re.match(r"\d+", one["versions"])[0]) > newest:
                continue
            nullable = one.get("nullableVersions", "")
            found.append((place + one["name"], one["type"], one["versions"], nullable))
            inner = one.get("fields") or shared.get(one["type"].removeprefix("[]"), [])
            add(inner, f"{place}{one['name']}.")

    add(message["fields"], "")
    return found


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
