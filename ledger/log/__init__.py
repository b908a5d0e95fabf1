"""The log: where entries are appended, in order, and never changed.

One port, :class:`Log`, and three adapters: :mod:`ledger.log.memory` for tests,
:mod:`ledger.log.sqlite` (embedded, one file) and :mod:`ledger.log.kafka`. A log has
partitions: ``CONTROL`` (−1), ``MANIFEST`` (−2) and the event partitions 0, 1, 2 …; each
numbers its records with offsets that begin at 0 and grow by one.

*Appended* means durable in the log; it does not mean sealed (see :mod:`ledger.seal`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.errors import ConfigurationError, MissingEvidenceError, TooLargeError
from ledger.manner import detail, explain
from ledger.origins import CONTROL as CONTROL
from ledger.origins import MANIFEST as MANIFEST
from ledger.origins import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ledger.config import Config

MAX_RECORD = 1_048_576 - 1_024
"""Largest value a log takes, in bytes: 1 MiB less what Kafka's batch header may need.

Entries are smaller (921,600 bytes); the log leaves room so that what is *too large for
an entry* can still be recorded and judged."""


@dataclass(frozen=True, slots=True)
class Record:
    """What stands at one offset.

    Attributes:
        partition: −2 and up.
        offset: 0 and up, unique within the partition.
        timestamp_ms: the log's own clock at append; informative only.
        value: the bytes, or None for a Kafka tombstone.
    """

    partition: int
    offset: int
    timestamp_ms: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where an appended value came to stand; fields as in :class:`Record`."""

    partition: int
    offset: int
    timestamp_ms: int


class Log(Protocol):
    """The port of a log. Safe for use from several threads at once."""

    def send(self, partition: int, value: bytes) -> Future[Position]:
        """Append a value without waiting; it is durable when the future resolves.

        Values sent from one thread to one partition are appended in that order. The
        future fails with :class:`~ledger.errors.LogUnavailableError` when the log could
        not take the value *or does not know*: then send the same bytes again.

        Raises:
            ConfigurationError: there is no such partition.
            TooLargeError: the value exceeds :data:`MAX_RECORD`.
            LogUnavailableError: the log is closed.
        """
        ...

    def append(self, partition: int, value: bytes) -> Position:
        """Append a value and wait until it is durable; otherwise as :meth:`send`."""
        return self.send(partition, value).result()

    def read(
        self,
        partition: int,
        start: int,
        *,
        max_bytes: int = 32 << 20,
        max_records: int = 5000,
    ) -> Iterator[Record]:
        """Return the records from offset ``start`` to the end as of this call.

        Args:
            partition: −2 and up.
            start: offset of the first record wanted, within :meth:`bounds`.
            max_bytes: the sum of values stays within it, but for a first larger one.
            max_records: 1 and up.

        Raises:
            MissingEvidenceError: ``start`` lies outside the log; the text names the
                range of offsets that is gone.
            LogUnavailableError: the log cannot be reached.
        """
        ...

    def bounds(self, partition: int) -> tuple[int, int]:
        """Return the first offset still there and the offset the next record gets."""
        ...

    def readable(self, partition: int) -> tuple[int, int]:
        """Return the offsets :meth:`read` can give: archived records count too."""
        return self.bounds(partition)

    def identity(self, partition: int) -> bytes:
        """Return 16 bytes that stay while the log lives and differ once re-created."""
        ...

    def partitions(self) -> int:
        """Return the number of event partitions."""
        ...

    def close(self) -> None:
        """Finish what was sent, within bounds, and let go; harmless when repeated."""
        ...


def open_log(config: Config, *, create: bool = False) -> Log:
    """Open the log that a configuration names; only its adapter is imported.

    Where the home has an archive, what is gone from the log is read there; so is all
    of a log that was broken off.

    Args:
        config: of the ledger's home.
        create: make the embedded file, or the Kafka topics, where absent.

    Raises:
        ConfigurationError: the adapter's extra is not installed.
        MissingEvidenceError: the embedded log's file is absent.
    """
    log = _open_live(config, create=create)
    detail(f"log {config.name}: {config.log.kind}, {_place_of(config)}")
    if not (config.archive.is_dir() or config.log.epochs):
        return log
    from ledger.archive import ArchiveFolder
    from ledger.log.archived import ArchivedLog

    return ArchivedLog(log, ArchiveFolder(config.archive), config)


def _place_of(config: Config) -> str:
    if config.log.kind == "sqlite":
        return str(config.log_path)
    return config.log.bootstrap


def _open_live(config: Config, *, create: bool) -> Log:
    if config.log.kind == "sqlite":
        from ledger.log.sqlite import SqliteLog

        return SqliteLog(
            config.log_path, partitions=config.log.partitions, create=create
        )
    try:
        from ledger.log.kafka import KafkaLog
    except ImportError as error:
        raise ConfigurationError(
            f"a Kafka log needs further packages ({error})",
            hint="pip install 'mlledger[kafka]'",
        ) from error
    if create:
        from ledger import broker

        broker.apply(config)
    return KafkaLog(config)


def check_send(partition: int, value: bytes, *, partitions: int) -> None:
    """Refuse what no log takes: a foreign partition or an oversized value."""
    check_partition(partition, partitions=partitions)
    if len(value) > MAX_RECORD:
        raise TooLargeError(f"{len(value)} bytes in one record, at most {MAX_RECORD}")


def check_partition(partition: int, *, partitions: int) -> None:
    """Refuse a partition the log does not have."""
    if not MANIFEST <= place_of(partition).base < partitions:
        raise ConfigurationError(
            f"partition {partition}: the log has {MANIFEST} to {partitions - 1}"
        )


def check_start(partition: int, start: int, bounds: tuple[int, int]) -> None:
    """Refuse to read from where the log has nothing, and name what is gone."""
    first, end = bounds
    if first <= start <= end:
        return
    low, high = (start, first) if start < first else (end, start)
    raise MissingEvidenceError(
        f"partition {partition}: offsets {low} to {high - 1} are not in the log, "
        f"which holds {first} to {end - 1}",
        place=f"partition {partition} offset {low}",
        expected=f"offset {start}",
        actual=f"offsets [{first}, {end})",
    )


def explain_read(partition: int, start: int, bounds: tuple[int, int]) -> None:
    """Say from where a log is read, with ``--explain``."""
    tail, (first, end) = place_of(partition).tail, bounds
    explain(f"-- log {tail}: read from offset {start}; it holds {first} to {end - 1}")


def within(
    records: Iterator[Record], *, max_bytes: int, max_records: int
) -> Iterator[Record]:
    """Cut a stream of records at the limits of :meth:`Log.read`."""
    total = 0
    for count, record in enumerate(records):
        total += len(record.value or b"")
        if count == max_records or (count and total > max_bytes):
            return
        yield record
