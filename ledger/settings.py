"""The settings of a ledger home, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ledger.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Which log carries the entries.

    Attributes:
        kind: ``sqlite`` (embedded, one file) or ``kafka``.
        path: file of the embedded log.
        bootstrap: ``host:port[,host:port]`` of the Kafka cluster.
        partitions: number of event partitions, 1 or more.
        options: further kafka-python settings, such as ``security_protocol``.
    """

    kind: Literal["sqlite", "kafka"] = "sqlite"
    path: str = "log.sqlite"
    bootstrap: str = ""
    partitions: int = 1
    replication: int = 1
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ProducerConfig:
    """Who signs events from this home by default.

    Attributes:
        identity: the registered identity, such as ``service:demo``.
        key: key URI, ``file:…`` relative to the home, or ``env:NAME``.
        mode: ``fire``, ``spool`` or ``strict`` (see :mod:`ledger.emitter`).
        heartbeat_s: seconds between heartbeats, 1 or more.
        journal_mb: size at which the journal is full, in MiB.
    """

    identity: str = "service:local"
    key: str = "file:keys/producer.key"
    mode: Literal["fire", "spool", "strict"] = "spool"
    heartbeat_s: int = 60
    journal_mb: int = 1024


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Where projections live; without a DSN an embedded server runs in the home.

    Attributes:
        dsn: libpq connection string of the projection database, or empty.
        seal_dsn: libpq connection string of the sealer's database, or empty.
        folder: data folder of the embedded server.
    """

    dsn: str = ""
    seal_dsn: str = ""
    folder: str = "postgres"


@dataclass(frozen=True, slots=True)
class SealConfig:
    """How the log is sealed.

    Attributes:
        state: ``sqlite`` (the embedded log's file) or ``postgres``.
        keys: folder of root, operator and log keys.
    """

    state: Literal["sqlite", "postgres"] = "sqlite"
    keys: str = "keys"


@dataclass(frozen=True, slots=True)
class ConsumersConfig:
    """Whose readers are watched.

    Attributes:
        topics: Kafka topics beside the ledger's own events, such as those on which
            predictions travel.
    """

    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one ledger home.

    Attributes:
        home: the folder that holds ``mlledger.toml``.
        name: ledger name; origins are ``<name>/control``, ``<name>/p0`` and so on.
        ledger_id: 32 bytes, SHA-256 of the genesis header; empty before ``init``.
        identities: identity → key URI, for persons and services beside the producer.
    """

    home: Path
    name: str = ""
    ledger_id: bytes = b""
    log: LogConfig = LogConfig()
    producer: ProducerConfig = ProducerConfig()
    database: DatabaseConfig = DatabaseConfig()
    seal: SealConfig = SealConfig()
    consumers: ConsumersConfig = ConsumersConfig()
    identities: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def log_path(self) -> Path:
        """File of the embedded log."""
        return self.home / self.log.path

    @property
    def public(self) -> Path:
        """Folder of tiles, checkpoints and policy."""
        return self.home / "public"

    @property
    def journal(self) -> Path:
        """Folder of the producers' journals."""
        return self.home / "journal"

    @property
    def blobs(self) -> Path:
        """Folder of content-addressed documents."""
        return self.home / "blobs"

    @property
    def staging(self) -> Path:
        """Folder in which the sealer stages tiles; never published."""
        return self.home / "staging"

    @property
    def keys(self) -> Path:
        """Folder of key files."""
        return self.home / self.seal.keys

    def origin(self, partition: int) -> str:
        """Return the origin of a partition: −1 control, −2 manifest, k → ``p<k>``."""
        tail = {-1: "control", -2: "manifest"}.get(partition, f"p{partition}")
        return f"{self.name}/{tail}"

    def partition(self, origin: str) -> int:
        """Return the partition of an origin; inverse of :meth:`origin`."""
        for number in (-1, -2, *range(self.log.partitions)):
            if self.origin(number) == origin:
                return number
        raise ConfigurationError(f"{origin}: no such origin in ledger {self.name}")

    @property
    def origins(self) -> tuple[str, ...]:
        """All origins: control, manifest, then event partitions."""
        return tuple(self.origin(n) for n in (-1, -2, *range(self.log.partitions)))
