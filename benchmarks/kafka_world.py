"""A real broker for benchmarks: started in a folder of its own, stopped at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.world import fresh_ledger
from ledger import devkafka
from ledger.config import Config, LogConfig


@contextmanager
def broker_ledger(partitions: int = 2) -> Generator[tuple[Config, devkafka.DevKafka]]:
    """Make a ledger on a development broker; gives the broker as well."""
    with tempfile.TemporaryDirectory(prefix="mlledger-kafka-") as name:
        broker = devkafka.start(Path(name))
        try:
            log = LogConfig(
                kind="kafka", bootstrap=broker.bootstrap, partitions=partitions
            )
            with fresh_ledger(log) as config:
                yield config, broker
        finally:
            devkafka.stop(Path(name))


@contextmanager
def kafka_ledger(partitions: int = 2) -> Generator[Config]:
    """Make a ledger on a development broker."""
    with broker_ledger(partitions) as (config, _broker):
        yield config
