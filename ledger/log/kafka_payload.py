"""The payload topic ``<name>.payload``: one partition, seven days, then empty.

It carries envelopes that only the vault can open. It is no part of the ledger: nothing
is proved from it, and it may be trimmed.
"""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from kafka import KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import for_code

from ledger.errors import LedgerError
from ledger.log.kafka_client import (
    SAFE_PRODUCER,
    connect,
    connected,
    settings,
)
from ledger.log.kafka_producer import SafeProducer
from ledger.log.kafka_reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from typing import Any

    from ledger.config import Config
    from ledger.log import Record

_CLOSE_SECONDS = 5.0
_PARTITION = -3  # told apart from the log's own in error texts; never sent


def payload_topic(config: Config) -> TopicPartition:
    """Return the topic and partition of a ledger's payload."""
    return TopicPartition(f"{config.name}.payload", 0)


class KafkaPayloads:
    """The transport on Kafka; see :class:`ledger.payload.transport.PayloadLog`."""

    def __init__(self, config: Config) -> None:
        settings(config, KafkaProducer)  # refuses wrong options now, without connecting
        self._config = config
        self._at = payload_topic(config)
        self._reader = Reader(config)
        self._producer = SafeProducer(self._connect, self._answers)

    def send(self, envelopes: Sequence[bytes]) -> Sequence[Future[Any]]:
        """See :meth:`ledger.payload.transport.PayloadLog.send`."""
        return [self._producer.send(_PARTITION, self._at, e) for e in envelopes]

    def read(self, start: int, *, limit: int) -> list[Record]:
        """Return records, whose ``offset`` and ``value`` are those of envelopes."""
        end = self.bounds()[1]
        records = self._reader.read(
            _PARTITION, self._at, start=start, end=end, few=limit
        )
        found: list[Record] = []
        for record in records:
            found.append(record)
            if len(found) == limit:
                break
        return found

    def bounds(self) -> tuple[int, int]:
        """See :meth:`ledger.payload.transport.PayloadLog.bounds`."""
        with connected(self._config) as admin:
            first = admin.list_partition_offsets({self._at: OffsetSpec.EARLIEST})
            end = admin.list_partition_offsets({self._at: OffsetSpec.LATEST})
            return int(first[self._at].offset), int(end[self._at].offset)

    def identity(self) -> bytes:
        """See :meth:`ledger.payload.transport.PayloadLog.identity`."""
        with connected(self._config) as admin:
            topic = admin.describe_topics([self._at.topic])[0]
            if topic["error_code"]:
                raise for_code(topic["error_code"])(self._at.topic)
            return uuid.UUID(str(topic["topic_id"])).bytes

    def forget(self, before: int) -> None:
        """See :meth:`ledger.payload.transport.PayloadLog.forget` (DeleteRecords).

        Raises:
            NotAuthorisedError: the user may not delete records of the topic.
        """
        with connected(self._config) as admin:
            first = admin.list_partition_offsets({self._at: OffsetSpec.EARLIEST})
            if before > first[self._at].offset:
                admin.delete_records({self._at: before})

    def close(self) -> None:
        """See :meth:`ledger.payload.transport.PayloadLog.close`."""
        self._producer.close(_CLOSE_SECONDS)
        self._reader.close()

    def _connect(self) -> KafkaProducer:
        return connect(KafkaProducer, self._config, max_block_ms=5_000, **SAFE_PRODUCER)

    def _answers(self) -> bool:
        try:
            with connected(self._config) as admin:
                admin.describe_cluster()
        except LedgerError:
            return False
        return True
