"""Reading Kafka by offset: no group, no commits, nothing skipped unseen."""

# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportArgumentType=false, reportAssignmentType=false
# (type checkers bundle stubs of kafka-python 2; ours is 3)
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from ledger import clock
from ledger.errors import LogUnavailableError
from ledger.log import Record
from ledger.log.kafka_client import MIB, SAFE_CONSUMER, connect, translate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import TopicPartition

    from ledger.config import Config

_SILENCE_SECONDS = 30.0
_POLL_MS = 500
_FEW = 16
# What one fetch may bring: a look at single records should not move megabytes.
_BULK = {"max_partition_fetch_bytes": 16 * MIB, "fetch_max_bytes": 32 * MIB}
_SINGLE = {"max_partition_fetch_bytes": MIB // 4, "fetch_max_bytes": MIB // 4}


class Reader:
    """A pool of consumers; each read uses one alone and gives it back."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._idle: dict[bool, list[KafkaConsumer]] = {True: [], False: []}
        self._closed = False

    def read(
        self, partition: int, at: TopicPartition, *, start: int, end: int, few: int
    ) -> Iterator[Record]:
        """Yield the records of ``[start, end)``; ``few`` is how many are wanted."""
        if start >= end:
            return
        bulk = min(end - start, few) > _FEW
        consumer = self._take(bulk=bulk)
        healthy = False
        try:
            consumer.assign([at])
            consumer.seek(at, start)
            for message in self._messages(consumer, at, end):
                healthy = True
                yield Record(
                    partition, message.offset, message.timestamp, message.value
                )
            healthy = True
        except KafkaError as error:
            healthy = False
            raise translate(error, f"{at.topic} partition {at.partition}") from error
        except LogUnavailableError:
            healthy = False  # another consumer may come through, or be told why not
            raise
        finally:
            self._give_back(consumer, bulk=bulk, healthy=healthy)

    def close(self) -> None:
        """Close the consumers that are not in use."""
        with self._lock:
            self._closed = True
            idle = [*self._idle[True], *self._idle[False]]
            self._idle = {True: [], False: []}
        for consumer in idle:
            consumer.close()

    def _messages(self, consumer: KafkaConsumer, at: TopicPartition, end: int):
        heard = clock.monotonic()
        while (position := int(consumer.position(at))) < end:
            for message in consumer.poll(timeout_ms=_POLL_MS).get(at, ()):
                if message.offset >= end:
                    return
                yield message
            # The position moves past what holds no record, such as a marker.
            if int(consumer.position(at)) > position:
                heard = clock.monotonic()
            elif clock.monotonic() - heard > _SILENCE_SECONDS:
                raise LogUnavailableError(
                    f"{at.topic} partition {at.partition}: nothing came from offset"
                    f" {position} for {_SILENCE_SECONDS:.0f} s"
                )

    def _take(self, *, bulk: bool) -> KafkaConsumer:
        with self._lock:
            if self._closed:
                raise LogUnavailableError("the log is closed")
            if self._idle[bulk]:
                return self._idle[bulk].pop()
        sizes = _BULK if bulk else _SINGLE
        try:
            return connect(
                KafkaConsumer,
                self._config,
                fetch_max_wait_ms=50,
                **SAFE_CONSUMER,
                **sizes,
            )
        except KafkaError as error:
            raise translate(error, self._config.log.bootstrap) from error

    def _give_back(self, consumer: KafkaConsumer, *, bulk: bool, healthy: bool) -> None:
        with self._lock:
            if healthy and not self._closed:
                self._idle[bulk].append(consumer)
                return
        consumer.close()
