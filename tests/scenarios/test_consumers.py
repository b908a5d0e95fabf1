"""Who reads a prediction topic of a real broker, declared against observed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from typer.testing import CliRunner

from ledger import clock, consumers
from ledger.config import (
    FILE_NAME,
    Config,
    ConsumersConfig,
    LogConfig,
    format_config,
)
from ledger.consumers.memory import load_memory
from ledger.emitter import EventRef
from ledger.errors import LogUnavailableError, NotFoundError
from ledger.events.base import Event
from ledger.events.consumer import AccessObserved
from ledger.log.kafka_client import connected
from ledger.log.kafka_groups import HiddenGroupError, members_of
from ledger.setup import initialise
from projections.asking import Bounds
from projections.columns import to_time
from projections.database import Connection
from projections.integrity import queries as questions
from projections.integrity.queries import Consumer, consumer_coverage
from tests.support.commands import application
from tests.support.database import projected, record, with_database
from tests.support.java_consumers import reading
from tests.support.kafka import kafka_config
from tests.support.ledger import make_ledger

RECORDS = 7


@dataclass
class Recording:
    """Takes events instead of an emitter."""

    events: list[Any] = field(default_factory=list[Any])

    def emit(self, event: Any) -> EventRef:
        self.events.append(event)
        return EventRef(event.event_id, bytes(32))


@dataclass(frozen=True)
class Topic:
    """A topic with predictions on it."""

    bootstrap: str
    name: str

    def produce(self, count: int = RECORDS) -> None:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap)
        for number in range(count):
            producer.send(self.name, b"%d" % number, partition=0)
        producer.flush(60)
        producer.close()

    @contextmanager
    def member(self, group: str, client: str) -> Iterator[None]:
        """Read as a member of a group, which stays in it."""
        reader = KafkaConsumer(
            self.name,
            bootstrap_servers=self.bootstrap,
            group_id=group,
            client_id=client,
            enable_auto_commit=False,
            metadata_max_age_ms=500,  # a topic this young may not be known at once
        )
        try:
            for _ in range(100):
                reader.poll(100)
                if reader.assignment():
                    break
            assert reader.assignment()
            yield
        finally:
            reader.close()

    def commit(self, group: str, offset: int) -> None:
        """Commit an offset for a group without becoming a member of it."""
        reader = KafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=group, enable_auto_commit=False
        )
        place = TopicPartition(self.name, 0)
        reader.assign([place])
        reader.commit({place: OffsetAndMetadata(offset, "", -1)})
        reader.close()

    def wait_for(self, **groups: str) -> None:
        """Wait until each of these groups, named with its type, has a reader."""
        end = clock.monotonic() + 120
        with connected(kafka_config(self.bootstrap)) as admin:
            for group, kind in groups.items():
                while not _reads(admin, group, kind, self.name):
                    assert clock.monotonic() < end, f"nothing was seen of {group}"
                    time.sleep(0.2)

    def read_without_a_group(self) -> int:
        """Read the whole topic by assignment; return how many records there were."""
        reader = KafkaConsumer(
            bootstrap_servers=self.bootstrap, auto_offset_reset="earliest"
        )
        reader.assign([TopicPartition(self.name, 0)])
        read = 0
        for _ in range(100):
            read += sum(map(len, reader.poll(100).values()))
            if read >= RECORDS:
                break
        reader.close()
        return read


def _reads(admin: Any, group: str, kind: str, topic: str) -> bool:
    with suppress(HiddenGroupError, KafkaError):  # as long as groups are being loaded
        return bool(members_of(admin, group, kind, topic))
    return False


@pytest.fixture
def topic(kafka_bootstrap: str, tmp_path: Path) -> Topic:
    made = Topic(kafka_bootstrap, f"scores-{clock.random_bytes(6).hex()}")
    with connected(kafka_config(kafka_bootstrap)) as admin:
        wanted = {made.name: {"num_partitions": 1, "replication_factor": 1}}
        admin.create_topics(wanted, wait_for_metadata=True)
    return made


def at(home: Path, topic: Topic) -> Config:
    return replace(kafka_config(topic.bootstrap), home=home)


@pytest.mark.kafka
def test_each_group_is_recorded_as_far_as_it_shows(tmp_path: Path, topic: Topic):
    config, emitter = at(tmp_path, topic), Recording()
    topic.produce()
    topic.commit("nightly", 3)
    with topic.member("pricing", "pricing-job-1"):
        (looked,) = consumers.scan(config, emitter, topics=[topic.name])

    assert looked.error is None
    by_consumer: dict[str, AccessObserved] = {e.consumer: e for e in emitter.events}
    assert sorted(by_consumer) == ["nightly", "pricing"]
    member, offsets = by_consumer["pricing"], by_consumer["nightly"]
    assert (member.channel, member.operation, member.client_id) == (
        "kafka.group",
        "read",
        "pricing-job-1",
    )
    assert "127.0.0.1" in str(member.host)
    assert member.group_type == offsets.group_type == "classic"
    assert (offsets.channel, offsets.operation) == ("kafka.group_offsets", "commit")
    assert (offsets.client_id, offsets.host) == (None, None)
    assert {(e.resource.kind, e.resource.id) for e in emitter.events} == {
        ("kafka.topic", topic.name)
    }


@pytest.mark.kafka
def test_a_reader_without_a_group_is_not_seen_and_every_event_says_so(
    tmp_path: Path, topic: Topic
):
    config, emitter = at(tmp_path, topic), Recording()
    topic.produce()
    assert topic.read_without_a_group() == RECORDS
    consumers.scan(config, emitter, topics=[topic.name])

    (nobody,) = emitter.events
    assert (nobody.consumer, nobody.operation) == ("", "none")
    assert any("readers without a group" in spot for spot in nobody.blind_spots)
    assert any("this ledger's own sealers" in spot for spot in nobody.blind_spots)


@pytest.mark.kafka
def test_an_offset_that_moves_says_how_far(tmp_path: Path, topic: Topic):
    config, emitter, hour = at(tmp_path, topic), Recording(), 3_600_000_000

    def look(after: int) -> None:
        moment = clock.now_us() + after
        consumers.scan(config, emitter, topics=[topic.name], now=lambda: moment)

    topic.commit("nightly", 2)
    look(0)
    look(hour)
    assert len(emitter.events) == 1
    topic.commit("nightly", 6)
    look(2 * hour)
    assert [event.count for event in emitter.events] == [None, 4]


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_an_error_and_not_a_topic_without_readers(
    tmp_path: Path, kafka_bootstrap: str
):
    config, emitter = at(tmp_path, Topic(kafka_bootstrap, "")), Recording()
    (looked,) = consumers.scan(config, emitter, topics=["no-such-topic"])
    assert isinstance(looked.error, NotFoundError)
    assert emitter.events == []


def test_a_broker_that_is_away_is_counted_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    config = replace(
        kafka_config("127.0.0.1:1", bootstrap_timeout_ms=300), home=tmp_path
    )
    (looked,) = consumers.scan_if_due(config, Recording())
    assert isinstance(looked.error, LogUnavailableError)
    assert load_memory(config).failures == 1
    assert "were not looked at" in caplog.text


def run(home: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command; return its exit code and what it printed as JSON."""
    line = [*arguments, "--home", str(home), "--json"]
    answer = CliRunner().invoke(application(), line)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), (
        answer.output
    )
    return answer.exit_code, json.loads(answer.stdout)


def by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["consumer"]: row for row in answer["data"]}


@pytest.fixture
def home(tmp_path: Path, topic: Topic, tables_dsn: str) -> Path:
    """A ledger on Kafka that watches the topic, with its tables in Postgres."""
    log = LogConfig(kind="kafka", bootstrap=topic.bootstrap)
    name = f"t-{clock.random_bytes(6).hex()}"
    made = initialise(tmp_path / "home", name=name, log=log).config
    config = replace(
        with_database(made, tables_dsn),
        consumers=ConsumersConfig(topics=(topic.name,)),
    )
    (made.home / FILE_NAME).write_text(format_config(config))
    return made.home


@pytest.mark.kafka
@pytest.mark.postgres
def test_declared_stands_against_observed(home: Path, topic: Topic):
    channel = f"kafka.topic:{topic.name}"
    terms = ("--channel", channel, "--purpose", "prices")
    with reading(topic.bootstrap, topic.name):
        for who in ("pricing", "dashboards", "modern"):
            assert run(home, "consumer", "declare", "--consumer", who, *terms)[0] == 0
        expired = ("--valid-from", "2020-01-01", "--valid-to", "2021-01-01")
        run(home, "consumer", "declare", "--consumer", "nightly", *terms, *expired)
        topic.produce()
        topic.commit("nightly", 3)
        topic.wait_for(modern="consumer", shared="share")
        with topic.member("pricing", "job-1"), topic.member("laptop", "ana"):
            code, scanned = run(home, "consumer", "scan")
    assert code == 0
    assert any("readers without a group" in text for text in scanned["warnings"])
    assert not any("group modern" in text for text in scanned["warnings"])
    members = [row for row in scanned["data"] if row["channel"] == "kafka.group"]
    assert {
        (row["consumer"], row["group_type"], row["client_id"]) for row in members
    } >= {
        ("pricing", "classic", "job-1"),
        ("modern", "consumer", "modern-job"),
        ("shared", "share", "shared-job"),
    }
    assert run(home, "worker", "--once")[0] == 0

    code, answer = run(home, "consumer", "ls")
    rows = by_name(answer)
    assert code == 0
    assert {name: row["state"] for name, row in rows.items()} == {
        "pricing": "declared and seen",
        "dashboards": "declared, never seen",
        "nightly": "use without a declared contract: explanation needed",
        "laptop": "use without a declared contract: explanation needed",
        "modern": "declared and seen",
        "shared": "use without a declared contract: explanation needed",
    }
    seen = rows["laptop"]
    assert (seen["observations"], seen["undeclared"]) == (1, 1)
    assert (seen["clients"], seen["channels"]) == (["ana"], ["kafka.group"])
    assert seen["first_seen"] == seen["last_seen"] == seen["undeclared_from"]
    assert any("without a group" in spot for spot in seen["blind_spots"])
    assert rows["dashboards"]["first_seen"] is None
    assert (rows["pricing"]["purpose"], rows["pricing"]["undeclared"]) == ("prices", 0)
    own, watched = sorted(
        answer["meta"]["coverage"], key=lambda row: row["resource"] == channel
    )
    assert (own["consumers"], watched["consumers"]) == (0, 5)
    assert watched["broken"] == 0

    code, answer = run(home, "consumer", "undeclared", "--fail-on", "undeclared")
    assert (code, sorted(by_name(answer))) == (7, ["laptop", "nightly", "shared"])
    assert run(home, "consumer", "undeclared")[0] == 0

    # A contract for the future neither hides nor explains what was seen before.
    run(home, "consumer", "declare", "--consumer", "laptop", *terms)
    with topic.member("laptop", "ana-2"):
        run(home, "consumer", "scan")
    run(home, "worker", "--once")
    _, answer = run(home, "consumer", "undeclared")
    late = by_name(answer)["laptop"]
    assert late["state"] == "declared now; was undeclared before"
    assert (late["observations"], late["undeclared"]) == (2, 1)
    assert late["undeclared_to"] < late["valid_from"] < late["last_seen"]


DAY = 86_400_000_000
NEW_YEAR = 1_767_225_600_000_000  # 2026-01-01


def agreed(consumer: str, start: int, end: int | None) -> Event:
    """A contract from one day of 2026 to another."""
    return record(
        "consumer.contract.declared",
        basis="declared",
        consumer=consumer,
        channels=[{"kind": "kafka.topic", "id": "scores"}],
        purpose="prices",
        valid_from=NEW_YEAR + start * DAY,
        valid_to=None if end is None else NEW_YEAR + end * DAY,
    )


def seen(consumer: str, first: int, last: int, *, complete: bool = True) -> Event:
    """An observation with its first and last sign on two days of 2026."""
    return record(
        "consumer.access.observed",
        collector={"id": "test", "version": "1"},
        window_from=NEW_YEAR + first * DAY,
        window_to=NEW_YEAR + last * DAY + 1,
        complete=complete,
        resource={"kind": "kafka.topic", "id": "scores"},
        channel="kafka.group",
        consumer=consumer,
        operation="read",
        count=5,
        first_time=NEW_YEAR + first * DAY,
        last_time=NEW_YEAR + last * DAY,
        blind_spots=["a reader in the dark"],
    )


@pytest.mark.postgres
def test_use_is_judged_by_the_contract_of_its_own_time(tmp_path: Path, tables_dsn: str):
    ledger = make_ledger(tmp_path)
    facts = [
        *(
            agreed("renewed", 0, 10),
            agreed("renewed", 10, None),
            seen("renewed", 9, 11),
        ),
        *(agreed("early", 5, None), seen("early", 4, 6), seen("early", 7, 8)),
        *(agreed("ended", 0, 10), seen("ended", 9, 9), seen("ended", 10, 10)),
        *(agreed("silent", 0, 10), seen("stranger", 3, 3, complete=False)),
        seen("", 0, 20),
    ]
    ledger.stream().append(facts)
    with projected(ledger, tables_dsn) as world:
        world.seal_and_project()
        before = datetime.now(UTC)
        ledger.stream().append([agreed("stranger", 0, None)])
        world.seal_and_project()
        with world.connection() as connection:
            now = consumers_of(connection)
            then = consumers_of(connection, bounds=Bounds(known_as_of=before))
            late = consumers_of(connection, since=to_time(NEW_YEAR + 9 * DAY))
            (coverage,) = consumer_coverage(connection)
    ledger.close()

    assert {name: (c.declared, c.undeclared) for name, c in then.items()} == {
        "renewed": (True, 0),
        "early": (True, 1),
        "ended": (False, 1),
        "silent": (True, 0),
        "stranger": (False, 1),
    }
    assert next(iter(then)) in {"ended", "stranger"}
    assert (now["stranger"].declared, now["stranger"].undeclared) == (True, 0)
    assert (then["early"].observations, then["early"].records) == (2, 10)
    assert then["early"].undeclared_from == to_time(NEW_YEAR + 4 * DAY)
    assert then["early"].undeclared_to == to_time(NEW_YEAR + 6 * DAY)
    assert then["early"].last_seen == to_time(NEW_YEAR + 8 * DAY)
    assert (then["silent"].observed, then["silent"].first_seen) == (False, None)
    assert not late["early"].observed
    assert late["ended"].observations == 2
    assert (coverage.resource, coverage.consumers) == ("kafka.topic:scores", 4)
    assert (coverage.observations, coverage.broken) == (7, 1)
    assert coverage.blind_spots == ["a reader in the dark"]


def consumers_of(connection: Connection, **options: Any) -> dict[str, Consumer]:
    return {one.consumer: one for one in questions.consumers(connection, **options)}
