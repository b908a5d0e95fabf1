"""What every Kafka client of ours shares: topic names, settings, errors."""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient

from ledger.errors import (
    ConfigurationError,
    IntegrityError,
    LedgerError,
    LogUnavailableError,
    MissingEvidenceError,
    NotAuthorisedError,
    TooLargeError,
)
from ledger.origins import CONTROL, MANIFEST, place_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ledger.config import Config

MIB = 1 << 20
_STOP_MS = 2_000
Client = TypeVar("Client", KafkaAdminClient, KafkaConsumer, KafkaProducer)

# With anything else an entry can be lost, reordered, or stuck for ever: an idempotent
# kafka-python 3.0.12 producer never sends again after a retried batch has expired, so
# nothing may expire while the process lives.
SAFE_PRODUCER: Mapping[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "delivery_timeout_ms": 2**31 - 1,
    "allow_auto_create_topics": False,
    "linger_ms": 0,
    "batch_size": MIB,
    "max_request_size": MIB,
    "compression_type": "zstd",
}
SAFE_CONSUMER: Mapping[str, Any] = {
    "isolation_level": "read_uncommitted",
    "auto_offset_reset": "none",
    "check_crcs": True,
    "enable_auto_commit": False,
    "group_id": None,
    "allow_auto_create_topics": False,
}
# Defaults that log.options may change.
_COMMON: Mapping[str, Any] = {
    "request_timeout_ms": 10_000,
    "bootstrap_timeout_ms": 5_000,
    "reconnect_backoff_max_ms": 1_000,
    "retry_backoff_ms": 50,
}
_OURS = {"bootstrap_servers", "client_id", *SAFE_PRODUCER, *SAFE_CONSUMER}
_PERMANENT = (
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.InvalidTopicError,
)


def topic_of(config: Config, partition: int) -> TopicPartition:
    """Return the topic and the Kafka partition that stand for one of ours.

    After a break a partition goes on in a topic ``<name>.events.p<k>.e<n>`` of its own.
    """
    base, epoch = place_of(partition)
    named = {CONTROL: "control", MANIFEST: "manifest"}.get(base)
    if epoch:
        first = named or f"events.p{base}"
        return TopicPartition(f"{config.name}.{first}.e{epoch}", 0)
    if named:
        return TopicPartition(f"{config.name}.{named}", 0)
    return TopicPartition(f"{config.name}.events", partition)


def settings(config: Config, client: type, **more: object) -> dict[str, Any]:
    """Return the settings of a producer, consumer or admin client.

    Args:
        config: its ``log.options`` may add to our settings and change time-outs.
        client: the kafka-python class; settings it does not know are left out.
        more: further settings; they win.

    Raises:
        ConfigurationError: an option is unknown to Kafka, or would break a promise.
    """
    options = dict(config.log.options)
    known = {
        key
        for kind in (KafkaProducer, KafkaConsumer, KafkaAdminClient)
        for key in kind.DEFAULT_CONFIG
    }
    for name in options:
        if name in _OURS:
            raise ConfigurationError(
                f"log.options.{name}: is fixed, the log's promises rest on it"
            )
        if name not in known:
            raise ConfigurationError(f"log.options.{name}: kafka-python has no such")
    if not config.log.bootstrap:
        raise ConfigurationError("log.bootstrap: is empty, expected host:port")
    merged = {**_COMMON, **options, **more}
    chosen = {key: merged[key] for key in merged if key in client.DEFAULT_CONFIG}
    return {
        "bootstrap_servers": config.log.bootstrap.split(","),
        "client_id": f"mlledger-{config.name}-{os.getpid()}",
        **chosen,
    }


def connect(kind: type[Client], config: Config, **more: Any) -> Client:
    """Connect a client; settings as :func:`settings`.

    kafka-python's constructors leave a thread and sockets behind when they cannot
    reach a broker, so their network part is watched here and closed.

    Raises:
        KafkaError: no broker answered in time.
    """
    made: list[KafkaNetClient] = []

    def network(*arguments: Any, **named: Any) -> KafkaNetClient:
        made.append(KafkaNetClient(*arguments, **named))
        return made[-1]

    try:
        return kind(**settings(config, kind, **more), kafka_client=network)
    except Exception:
        for client in made:
            client.close()
            client._net.stop(_STOP_MS)  # noqa: SLF001  no public way; version is pinned
        raise


@contextmanager
def connected(config: Config) -> Generator[KafkaAdminClient]:
    """Give an admin client; Kafka's errors leave the block as this package's."""
    try:
        admin = connect(KafkaAdminClient, config)
        try:
            yield admin
        finally:
            admin.close()
    except kafka_errors.KafkaError as error:
        raise translate(error, config.log.bootstrap) from error


def is_permanent(error: Exception) -> bool:
    """Whether sending the same bytes again would fail in the same way."""
    return isinstance(error, _PERMANENT)


def translate(error: Exception, place: str) -> LedgerError:
    """Return this package's error for one of kafka-python's."""
    text = f"{place}: {type(error).__name__}: {error}"
    if isinstance(error, _PERMANENT[:2]):
        return TooLargeError(text)
    if is_permanent(error):
        return NotAuthorisedError(text)
    if isinstance(error, kafka_errors.CorruptRecordError):
        return IntegrityError(text, place=place)
    if isinstance(error, kafka_errors.OffsetOutOfRangeError):
        return MissingEvidenceError(text, place=place)
    if isinstance(error, kafka_errors.UnknownTopicOrPartitionError):
        return MissingEvidenceError(
            f"{place}: there is no such topic or partition",
            place=place,
            hint="create the ledger's topics with: mlledger topic apply",
        )
    return LogUnavailableError(text)
