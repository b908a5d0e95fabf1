"""The log on a real Kafka broker keeps the promises of a log."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ledger import broker
from ledger.log.kafka import KafkaLog
from ledger.log.kafka_client import connected
from tests.conformance.log_conformance import LogConformance, Store
from tests.support.kafka import kafka_config

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from ledger.config import Config


class KafkaStore(Store):
    def __init__(self, config: Config) -> None:
        self._config = config
        broker.apply(config)

    def open(self) -> AbstractContextManager[KafkaLog]:
        return closing(KafkaLog(self._config))

    def recreate(self) -> None:
        with connected(self._config) as admin:
            admin.delete_topics([topic.name for topic in broker.plan(self._config)])
        broker.apply(self._config)


@pytest.mark.kafka
class TestKafkaLog(LogConformance):
    @pytest.fixture
    def store(self, kafka_bootstrap: str) -> KafkaStore:
        return KafkaStore(kafka_config(kafka_bootstrap))
