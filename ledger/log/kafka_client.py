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
from kafka.net.selector import NetworkSelector

from ledger.errors import (
    ConfigurationError,
    IntegrityError,
    LedgerError,
    LogUnavailableError,
    MissingEvidenceError,
    NotAuthorisedError,
    TooLargeError,
)
from ledger.log.kafka_refusals import AwayError, RefusedError, WatchfulManager
from ledger.log.kafka_security import INSTEAD, security
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
        ConfigurationError: an option is unknown to Kafka, or would break a promise; or
            what ``[kafka]`` says cannot be used.
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
        if name in INSTEAD:
            raise ConfigurationError(
                f"log.options.{name}: a secret does not stand in the settings",
                hint=f"set {INSTEAD[name]} to env:NAME, file:PATH or keyring:…",
            )
    secured = security(config)
    if both := sorted(set(secured) & set(options)):
        raise ConfigurationError(
            f"log.options.{both[0]}: [kafka] says the same already", hint="drop it"
        )
    if not config.log.bootstrap:
        raise ConfigurationError("log.bootstrap: is empty, expected host:port")
    merged = {**_COMMON, **options, **secured, **more}
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
        RefusedError: broker and client will not come together as things are.
        KafkaError: no broker answered in time.
    """
    made: list[tuple[KafkaNetClient, WatchfulManager]] = []

    def network(**named: Any) -> KafkaNetClient:
        net = NetworkSelector(**named)
        manager = WatchfulManager(net, ledger=config, **named)
        made.append((KafkaNetClient(net=net, manager=manager), manager))
        return made[-1][0]

    try:
        return kind(**settings(config, kind, **more), kafka_client=network)
    except ConfigurationError as error:
        raise RefusedError(error) from error
    except Exception as error:
        for client, _manager in made:
            client.close()
            client._net.stop(_STOP_MS)  # noqa: SLF001  no public way; version is pinned
        raise made[-1][1].failure(error) if made else error from error


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
    return isinstance(_unwrapped(error), (*_PERMANENT, RefusedError))


def is_unauthorised(error: Exception) -> bool:
    """Whether the user may not do it; a producer is of no use after such an error."""
    return isinstance(_unwrapped(error), kafka_errors.AuthorizationError)


def _unwrapped(error: Exception) -> Exception:
    """Return the error that kafka-python's producer words into one without a kind."""
    kind = kafka_errors.ClusterAuthorizationFailedError
    is_worded = type(error) is kafka_errors.KafkaError and kind.__name__ in str(error)
    return kind() if is_worded else error


def translate(error: Exception, place: str) -> LedgerError:
    """Return this package's error for one of kafka-python's."""
    if isinstance(error, RefusedError):
        return error.known
    if isinstance(error, AwayError):
        return LogUnavailableError(f"{place}: {error.args[0]}", hint=error.hint)
    if is_unauthorised(error):
        return _not_allowed(_unwrapped(error), place)
    text = f"{place}: {type(error).__name__}: {error}"
    if is_permanent(error):
        is_large = isinstance(error, _PERMANENT[:2])
        return TooLargeError(text) if is_large else NotAuthorisedError(text)
    return _of_evidence(error, place, text) or LogUnavailableError(text)


def _of_evidence(error: Exception, place: str, text: str) -> LedgerError | None:
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
    return None


def _not_allowed(error: Exception, place: str) -> NotAuthorisedError:
    kind = type(error).__name__.removesuffix("Error")
    return NotAuthorisedError(
        f"{place}: the brokers' access control lists do not allow this ({kind})",
        hint="what each role needs: mlledger topic rights; then the cluster's "
        "administrator allows it",
    )
