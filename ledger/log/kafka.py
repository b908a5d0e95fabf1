"""The log on Kafka: three topics per ledger, no keys, no headers, explicit partitions.

``<name>.control`` and ``<name>.manifest`` have one partition, ``<name>.events`` has as
many as configured. Nothing connects before the first use; after a fork the child makes
its own connections.
"""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from ledger.errors import LogUnavailableError
from ledger.log import (
    Log,
    Position,
    Record,
    check_partition,
    check_send,
    check_start,
    explain_read,
    within,
)
from ledger.log.kafka_client import (
    SAFE_PRODUCER,
    connect,
    settings,
    topic_of,
    translate,
)
from ledger.log.kafka_producer import STUCK_SECONDS, SafeProducer, disown
from ledger.log.kafka_reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from kafka import TopicPartition

    from ledger.config import Config

_CLOSE_SECONDS = 5.0
# Clients a fork inherited: without their threads, they cannot be closed.
_inherited: list[object] = []


class KafkaLog(Log):
    """The log of the cluster that ``log.bootstrap`` names.

    Args:
        config: name, bootstrap servers, partitions, options.
        stuck_after: see :class:`~ledger.log.kafka_producer.SafeProducer`.
    """

    def __init__(self, config: Config, *, stuck_after: float = STUCK_SECONDS) -> None:
        settings(config, KafkaProducer)  # refuses wrong options now, without connecting
        self._config = config
        self._stuck_after = stuck_after
        self._closed = False
        self._begin()

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """See :meth:`ledger.log.Log.send`.

        Blocks while 32 MiB are un-acknowledged. A future stays pending while the broker
        is away; it fails if there was never a connection, or at :meth:`close`.
        """
        check_send(partition, value, partitions=self.partitions())
        self._refresh()
        at = topic_of(self._config, partition)
        return self._producer.send(partition, at, bytes(value))

    def read(
        self,
        partition: int,
        start: int,
        *,
        max_bytes: int = 32 << 20,
        max_records: int = 5000,
    ) -> Iterator[Record]:
        """See :meth:`ledger.log.Log.read`."""
        bounds = self.bounds(partition)
        check_start(partition, start, bounds)
        explain_read(partition, start, bounds)
        records = self._reader.read(
            partition,
            topic_of(self._config, partition),
            start=start,
            end=bounds[1],
            few=max_records,
        )
        return within(records, max_bytes=max_bytes, max_records=max_records)

    def bounds(self, partition: int) -> tuple[int, int]:
        """See :meth:`ledger.log.Log.bounds`."""
        check_partition(partition, partitions=self.partitions())
        at = topic_of(self._config, partition)

        def ask(admin: KafkaAdminClient) -> tuple[int, int]:
            first = admin.list_partition_offsets({at: OffsetSpec.EARLIEST})[at].offset
            end = admin.list_partition_offsets({at: OffsetSpec.LATEST})[at].offset
            return int(first), int(end)

        return self._asked(at, ask)

    def identity(self, partition: int) -> bytes:
        """See :meth:`ledger.log.Log.identity`: Kafka's topic id."""
        check_partition(partition, partitions=self.partitions())
        at = topic_of(self._config, partition)

        return self._asked(
            at, lambda admin: uuid.UUID(str(_described(admin, at)["topic_id"])).bytes
        )

    def partitions(self) -> int:
        """See :meth:`ledger.log.Log.partitions`."""
        return self._config.log.partitions

    def close(self) -> None:
        """See :meth:`ledger.log.Log.close`; bounded also when the broker is away."""
        self._refresh()
        self._closed = True
        self._producer.close(_CLOSE_SECONDS)
        self._reader.close()
        with self._lock:
            self._drop_admin()

    @property
    def replaced(self) -> int:
        """How often the watchdog replaced a broken or stuck producer."""
        return self._producer.replaced

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._admin: KafkaAdminClient | None = None
        self._reader = Reader(self._config)
        self._producer = SafeProducer(
            self._connect, self._answers, stuck_after=self._stuck_after
        )

    def _refresh(self) -> None:
        """In a forked child, leave the parent's clients alone and make new ones."""
        if self._pid == os.getpid():
            return
        producer = self._producer._producer  # noqa: SLF001  one concept in two modules
        if producer is not None:
            disown(producer)
        _inherited.extend((self._admin, self._reader, self._producer))
        self._begin()

    def _connect(self) -> KafkaProducer:
        return connect(KafkaProducer, self._config, max_block_ms=5_000, **SAFE_PRODUCER)

    def _answers(self) -> bool:
        limits: dict[str, Any] = {
            "bootstrap_timeout_ms": 2_000,
            "request_timeout_ms": 3_000,
        }
        try:
            admin = connect(KafkaAdminClient, self._config, **limits)
        except KafkaError:
            return False
        try:
            admin.describe_cluster()
        except KafkaError:
            return False
        else:
            return True
        finally:
            admin.close()

    def _asked(self, at: TopicPartition, ask: Callable[[KafkaAdminClient], Any]) -> Any:
        self._refresh()
        with self._lock:
            if self._closed:
                raise LogUnavailableError("the log is closed")
            try:
                if self._admin is None:
                    self._admin = connect(KafkaAdminClient, self._config)
                return _asked_of(self._admin, at, ask)
            except KafkaError as error:
                self._drop_admin()
                raise translate(error, at.topic) from error

    def _drop_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()


def _asked_of(
    admin: KafkaAdminClient, at: TopicPartition, ask: Callable[[KafkaAdminClient], Any]
) -> Any:
    try:
        return ask(admin)
    except UnknownTopicOrPartitionError:
        _described(admin, at)  # a topic that may not be seen is none that is absent
        raise


def _described(admin: KafkaAdminClient, at: TopicPartition) -> dict[str, Any]:
    topic = admin.describe_topics([at.topic])[0]
    if topic["error_code"]:
        raise for_code(topic["error_code"])(at.topic)
    return topic
