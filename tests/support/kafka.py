"""A real Kafka broker for tests, and configurations of ledgers on it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import clock, devkafka
from ledger.config import Config, LogConfig
from ledger.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

# A broker of minutes does not earn back what Java's second compiler costs, nor the
# check of Kafka's own classes: a third of a start.
JAVA_OPTIONS = (
    "-XX:TieredStopAtLevel=1"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
_MORE_TRIES = 2


@contextmanager
def start_test_kafka(
    folder: Path, further: Mapping[str, str] | None = None
) -> Generator[str]:
    """Give ``host:port`` of a broker that runs until the context ends.

    Args:
        folder: of the broker.
        further: more settings of it.
    """
    try:
        yield running_broker(folder, further).bootstrap
    finally:
        devkafka.stop(folder)


def running_broker(
    folder: Path, further: Mapping[str, str] | None = None
) -> devkafka.DevKafka:
    """Return a test's broker, started unless it runs; ``further`` as above."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", JAVA_OPTIONS)
    for _ in range(_MORE_TRIES):
        with suppress(UnavailableError):  # a busy machine: it starts on
            return devkafka.start(folder, heap="512m", further=further)
    return devkafka.start(folder, heap="512m", further=further)


def kafka_config(bootstrap: str, *, partitions: int = 2, **options: object) -> Config:
    """Return the configuration of a fresh ledger name; its topics do not exist yet."""
    return Config(
        home=Path("/nonexistent"),
        name=f"t-{clock.random_bytes(6).hex()}",
        log=LogConfig(
            kind="kafka", bootstrap=bootstrap, partitions=partitions, options=options
        ),
    )
