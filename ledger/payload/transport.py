"""Where envelopes travel from producers to the vault: a topic, or a file.

Not a log: nothing is proved from it, and what the vault has taken may go. With a Kafka
log it is the topic ``<name>.payload``, which Kafka empties after seven days; with the
embedded log the file ``payload.sqlite`` beside it, from which the vault deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from ledger.config import Config
    from ledger.log import Record

FILE = "payload.sqlite"
PARTITION = -3
"""Tells envelopes from the log's own records in error texts; never sent."""
RETENTION_DAYS = 7
CLEAR_DAYS = 9
"""After so many days a topic's bytes are gone from the brokers' disks: seven of
retention, one until the segment is closed, one until the broker looks."""


class PayloadLog(Protocol):
    """The port. Offsets begin at 0 and grow; what was forgotten leaves gaps."""

    def send(self, envelopes: Sequence[bytes]) -> Sequence[Future[object]]:
        """Send envelopes; each is durable when its future resolves.

        An envelope may arrive twice: the vault keeps each decision's payload once.

        Raises:
            LogUnavailableError: the transport is away.
        """
        ...

    def read(self, start: int, *, limit: int) -> list[Record]:
        """Return the next envelopes from an offset on, in order; none at the end."""
        ...

    def bounds(self) -> tuple[int, int]:
        """Return the first offset still there and the offset the next one gets."""
        ...

    def identity(self) -> bytes:
        """Return bytes that stay while the transport lives and differ once remade."""
        ...

    def forget(self, before: int) -> None:
        """Delete what stands below an offset; the vault has it."""
        ...

    def close(self) -> None:
        """Let go; harmless when repeated."""
        ...


def open_payload_log(config: Config) -> PayloadLog:
    """Open the transport that belongs to a ledger's log.

    Raises:
        ConfigurationError: the adapter's extra is not installed.
        LogUnavailableError: the file cannot be opened.
    """
    if config.log.kind == "sqlite":
        from ledger.payload.sqlite import SqlitePayloads

        return SqlitePayloads(config.home / FILE)
    try:
        from ledger.log.kafka_payload import KafkaPayloads
    except ImportError as error:
        raise ConfigurationError(
            f"a Kafka log needs further packages ({error})",
            hint="pip install 'mlledger[kafka]'",
        ) from error
    return KafkaPayloads(config)
