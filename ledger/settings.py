"""The settings of a ledger home, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ledger.capture_settings import AccessConfig, CaptureConfig, VaultConfig
from ledger.errors import ConfigurationError, MalformedError
from ledger.kafka_settings import KafkaConfig
from ledger.origins import CONTROL, MANIFEST, Place, parse_origin, place_of

if TYPE_CHECKING:
    from ledger.alert_settings import AlertConfig


@dataclass(frozen=True, slots=True)
class LogConfig:
    """Which log carries the entries.

    Attributes:
        kind: ``sqlite`` (embedded, one file) or ``kafka``.
        path: file of the embedded log.
        bootstrap: ``host:port[,host:port]`` of the Kafka cluster.
        partitions: number of event partitions, 1 or more.
        replication: copies of each Kafka partition.
        options: further kafka-python settings, such as ``request_timeout_ms``.
        epochs: ``p<k>`` or ``manifest`` → number of its open epoch, for those whose
            log was broken off and goes on in another one.
    """

    kind: Literal["sqlite", "kafka"] = "sqlite"
    path: str = "log.sqlite"
    bootstrap: str = ""
    partitions: int = 1
    replication: int = 1
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    epochs: Mapping[str, int] = field(default_factory=dict[str, int])


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
        witnesses: what happens to a checkpoint that too few witnesses signed: with
            ``enforce`` it waits as ``checkpoint.pending``, with ``observe`` it is
            published anyway. Without a witness policy both publish at once.
        renew_s: seconds after which witnesses are asked again without growth, 1 or
            more, so that readers see how fresh the newest checkpoint is.
    """

    state: Literal["sqlite", "postgres"] = "sqlite"
    keys: str = "keys"
    witnesses: Literal["enforce", "observe"] = "enforce"
    renew_s: int = 600


@dataclass(frozen=True, slots=True)
class WitnessConfig:
    """A witness that the sealer asks; the witness policy says which of them count.

    Attributes:
        url: submission prefix, such as ``https://witness.example/w1``.
        vkey: its verifier key, as ``mlledger witness key`` prints it.
        name: what the witness policy calls it; the name of its key when empty.
        outside: whether somebody other than the ledger's operator runs it.
    """

    url: str
    vkey: str
    name: str = ""
    outside: bool = False

    @property
    def label(self) -> str:
        """What the witness policy calls it."""
        return self.name or self.vkey.partition("+")[0]


@dataclass(frozen=True, slots=True)
class TimeConfig:
    """How often the ledger writes down how far it has come, and who dates that.

    Attributes:
        every_s: seconds of growth that one manifest covers, 1 or more.
        tsa: address of a time-stamping authority (RFC 3161), or empty.
        roots: PEM file with the authority's root certificates, relative to the home,
            or empty; without it a token's time is not established.
    """

    every_s: int = 60
    tsa: str = ""
    roots: str = ""


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """Whether the worker compares statistics of what is live by itself.

    Attributes:
        every_hours: hours between two looks at statistics that were not compared yet,
            0 to 8,784; 0 compares none.
    """

    every_hours: int = 0


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
        witnesses: the witnesses that the sealer asks.
        alerts: the routes over which people are told.
    """

    home: Path
    name: str = ""
    ledger_id: bytes = b""
    log: LogConfig = LogConfig()
    kafka: KafkaConfig = field(default_factory=KafkaConfig)
    producer: ProducerConfig = ProducerConfig()
    database: DatabaseConfig = DatabaseConfig()
    seal: SealConfig = SealConfig()
    time: TimeConfig = TimeConfig()
    drift: DriftConfig = DriftConfig()
    consumers: ConsumersConfig = ConsumersConfig()
    capture: CaptureConfig = field(default_factory=CaptureConfig)
    vault: VaultConfig = field(default_factory=VaultConfig)
    access: AccessConfig = field(default_factory=AccessConfig)
    identities: Mapping[str, str] = field(default_factory=dict[str, str])
    witnesses: tuple[WitnessConfig, ...] = ()
    alerts: tuple[AlertConfig, ...] = ()

    @property
    def reader(self) -> str:
        """Identity that counts as who reads from this home."""
        return self.access.identity or self.producer.identity

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
        """Return the origin of a partition: −1 control, −2 manifest, k → ``p<k>``.

        Partitions of later epochs go by their numbers (:mod:`ledger.origins`).
        """
        return f"{self.name}/{place_of(partition).tail}"

    def partition(self, origin: str) -> int:
        """Return the partition of an origin; inverse of :meth:`origin`.

        Raises:
            ConfigurationError: this ledger has no such partition.
        """
        try:
            place = parse_origin(origin)
        except MalformedError as error:
            raise self._no_origin(origin) from error
        known = MANIFEST <= place.base < self.log.partitions
        if not known or self.origin(place.partition) != origin:
            raise self._no_origin(origin)
        return place.partition

    def _no_origin(self, origin: str) -> ConfigurationError:
        return ConfigurationError(f"{origin}: no such origin in ledger {self.name}")

    def current(self, base: int) -> int:
        """Return the partition in which a partition's log goes on, in its open epoch.

        Args:
            base: −1 control, −2 manifest, 0 and up events, as in the first epoch.
        """
        epoch = self.log.epochs.get(Place(base, 0).tail, 0)
        return Place(base, epoch).partition

    @property
    def event_partitions(self) -> tuple[int, ...]:
        """The event partitions that are open for writing."""
        return tuple(self.current(n) for n in range(self.log.partitions))

    @property
    def origins(self) -> tuple[str, ...]:
        """The open origins: control, manifest, then event partitions."""
        open_ones = (CONTROL, self.current(MANIFEST), *self.event_partitions)
        return tuple(self.origin(number) for number in open_ones)

    @property
    def known_origins(self) -> tuple[str, ...]:
        """All origins, those that were closed included."""
        bases = (CONTROL, MANIFEST, *range(self.log.partitions))
        return tuple(
            self.origin(Place(base, epoch).partition)
            for base in bases
            for epoch in range(place_of(self.current(base)).epoch + 1)
        )

    @property
    def archive(self) -> Path:
        """Folder of the archived records."""
        return self.home / "archive"
