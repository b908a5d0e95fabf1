"""What is asked of a Kafka cluster besides records: topics, settings, readers.

:func:`plan` says what this ledger wants, :func:`apply` creates what is absent,
:func:`check` names each difference, :func:`readers_of` tells who was seen to read;
existing topics are never altered from here.
"""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import AuthorizationError, TopicAlreadyExistsError, for_code

from ledger.broker_readers import ConsumerEvidence, Readers, readers_of
from ledger.log import CONTROL, MANIFEST
from ledger.log.kafka_client import MIB, connected, topic_of, translate
from ledger.log.kafka_payload import payload_topic
from ledger.origins import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka import KafkaAdminClient

    from ledger.config import Config

__all__ = [
    "ConsumerEvidence",
    "Drift",
    "Readers",
    "Topic",
    "apply",
    "check",
    "plan",
    "readers_of",
]

_SETTINGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    # 1 MiB of records and the header of their batch, which is also Kafka's default
    "max.message.bytes": str(MIB + 12),
    "message.timestamp.type": "LogAppendTime",
    "remote.log.delete.on.disable": "false",
    "retention.bytes": "-1",
    "retention.ms": "-1",
    "unclean.leader.election.enable": "false",
}
_DAY_MS = 86_400_000
# Envelopes of personal payload: seven days, and segments closed daily, for a broker
# deletes whole segments only.
_PAYLOAD_SETTINGS: Mapping[str, str] = {
    "retention.ms": str(7 * _DAY_MS),
    "segment.ms": str(_DAY_MS),
}
_BROKER_SETTINGS = ("auto.create.topics.enable", "delete.topic.enable")
_CLUSTER = "(cluster)"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as this ledger wants it.

    Attributes:
        name: ``<ledger>.control``, ``.manifest``, ``.events`` or, with a vault,
            ``.payload``.
        partitions: 1 or more.
        replication: copies of each partition.
        settings: topic-level settings, by Kafka's names.
    """

    name: str
    partitions: int
    replication: int
    settings: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between the plan and the cluster.

    Attributes:
        topic: the topic, or ``(cluster)`` for a setting of the brokers.
        setting: Kafka's name of the setting, ``partitions``, ``replication``,
            ``exists``, or ``log-start of partition <n>``.
        wanted: what the plan says.
        found: what the cluster says.
        severity: ``error`` when evidence is in danger now, ``warning`` when an
            administrator could endanger it.
    """

    topic: str
    setting: str
    wanted: str
    found: str
    severity: str = "error"


def plan(config: Config) -> list[Topic]:
    """Return the topics a ledger wants; touches nothing.

    Source: with three copies, two in sync are asked for, so that an acknowledged
    record survives the loss of a broker and one lost broker does not stop the ledger.
    """
    copies = config.log.replication
    settings = {**_SETTINGS, "min.insync.replicas": str(2 if copies >= 3 else 1)}
    counts = {CONTROL: 1, MANIFEST: 1, 0: config.log.partitions}
    current = (config.current(MANIFEST), *config.event_partitions)
    counts |= {number: 1 for number in current if place_of(number).epoch}
    topics = [
        Topic(topic_of(config, number).topic, count, copies, dict(settings))
        for number, count in counts.items()
    ]
    if config.capture.vault_key:
        passing = settings | dict(_PAYLOAD_SETTINGS)
        topics.append(Topic(payload_topic(config).topic, 1, copies, passing))
    return topics


def apply(config: Config) -> list[str]:
    """Create the topics that are absent; existing ones are left as they are.

    Returns:
        The names of the topics that were created.

    Raises:
        LogUnavailableError: the cluster cannot be reached, or has too few brokers.
        NotAuthorisedError: this user may not create topics.
    """
    with connected(config) as admin:
        return [topic.name for topic in plan(config) if _create(admin, topic)]


def check(config: Config) -> list[Drift]:
    """Return each difference between the plan and the cluster; empty when none.

    Raises:
        LogUnavailableError: the cluster cannot be reached.
        NotAuthorisedError: this user may not see a topic.
    """
    with connected(config) as admin:
        drifts = [drift for topic in plan(config) for drift in _drifts(admin, topic)]
        return [*drifts, *_broker_drifts(admin)]


def _create(admin: KafkaAdminClient, topic: Topic) -> bool:
    wanted = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": topic.settings,
        }
    }
    try:
        admin.create_topics(wanted, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False
    return True


def _drifts(admin: KafkaAdminClient, topic: Topic) -> Iterator[Drift]:
    found: dict[str, Any] = admin.describe_topics([topic.name])[0]
    if found["error_code"]:
        kind = for_code(found["error_code"])
        if issubclass(kind, AuthorizationError):
            raise translate(kind(topic.name), topic.name)
        kind = kind.__name__
        yield Drift(topic.name, "exists", "yes", f"no ({kind})")
        return
    partitions = found["partitions"]
    if len(partitions) != topic.partitions:
        yield Drift(
            topic.name, "partitions", str(topic.partitions), str(len(partitions))
        )
    copies = min(len(p["replica_nodes"]) for p in partitions)
    if copies < topic.replication:
        yield Drift(topic.name, "replication", str(topic.replication), str(copies))
    settings = _settings(admin, ConfigResource(ConfigResourceType.TOPIC, topic.name))
    for name, wanted in topic.settings.items():
        if settings.get(name) != wanted:
            yield Drift(topic.name, name, wanted, str(settings.get(name)))
    if topic.settings["retention.ms"] == "-1":
        yield from _log_start_drifts(admin, topic.name, len(partitions))


def _log_start_drifts(
    admin: KafkaAdminClient, topic: str, partitions: int
) -> Iterator[Drift]:
    """Evidence is gone where a log begins above 0, whatever the settings say."""
    asked = {TopicPartition(topic, n): OffsetSpec.EARLIEST for n in range(partitions)}
    for at, start in sorted(admin.list_partition_offsets(asked).items()):
        if start.offset:
            setting = f"log-start of partition {at.partition}"
            yield Drift(topic, setting, "0", str(start.offset))


def _broker_drifts(admin: KafkaAdminClient) -> Iterator[Drift]:
    for broker in admin.describe_cluster()["brokers"]:
        number = str(broker["broker_id"])
        settings = _settings(admin, ConfigResource(ConfigResourceType.BROKER, number))
        for name in _BROKER_SETTINGS:
            if settings.get(name, "true") != "false":
                place = f"{name} of broker {number}"
                yield Drift(_CLUSTER, place, "false", "true", severity="warning")


def _settings(admin: KafkaAdminClient, resource: ConfigResource) -> dict[str, str]:
    described = admin.describe_configs([resource], config_filter="all")
    kind = resource.resource_type.name.lower()
    return {name: row["value"] for name, row in described[kind][resource.name].items()}
