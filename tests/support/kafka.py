"""A real Kafka broker for tests, and configurations of ledgers on it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import clock, devkafka
from ledger.config import Config, LogConfig

if TYPE_CHECKING:
    from collections.abc import Generator

# A broker of minutes does not earn back what Java's second compiler costs.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1"


@contextmanager
def start_test_kafka(folder: Path) -> Generator[str]:
    """Give ``host:port`` of a broker that runs until the context ends."""
    try:
        yield running_broker(folder).bootstrap
    finally:
        devkafka.stop(folder)


def running_broker(folder: Path) -> devkafka.DevKafka:
    """Return a test's broker, started unless it runs."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", JAVA_OPTIONS)
    return devkafka.start(folder, heap="512m")


def kafka_config(bootstrap: str, *, partitions: int = 2, **options: object) -> Config:
    """Return the configuration of a fresh ledger name; its topics do not exist yet."""
    return Config(
        home=Path("/nonexistent"),
        name=f"t-{clock.random_bytes(6).hex()}",
        log=LogConfig(
            kind="kafka", bootstrap=bootstrap, partitions=partitions, options=options
        ),
    )
