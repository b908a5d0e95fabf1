"""Configuration: where a ledger's home is and what ``mlledger.toml`` in it says.

Order, strongest first: arguments, ``MLLEDGER_*`` environment variables, the file.
Paths in the file are relative to the home, so that a copied home still works.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from ledger.errors import ConfigurationError

FILE_NAME = "mlledger.toml"
HOME_NAME = ".mlledger"
_SECTIONS = ("log", "producer", "database", "seal", "consumers")
_Section = TypeVar("_Section")


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


def find_home(start: Path | None = None) -> Path:
    """Return the ledger home: ``MLLEDGER_HOME``, else the nearest ``.mlledger``.

    The search goes upward from ``start`` to the root of its git repository (a folder
    with ``.git``), or to the file system's root outside one. Where none exists the
    place where ``init`` would make one is returned: the repository root or ``start``.
    """
    if named := os.environ.get("MLLEDGER_HOME"):
        return Path(named).expanduser().absolute()
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / HOME_NAME / FILE_NAME).is_file():
            return folder / HOME_NAME
        if (folder / ".git").exists():
            return folder / HOME_NAME
    return here / HOME_NAME


def load_config(home: Path | None = None) -> Config:
    """Read ``mlledger.toml`` of a home and apply ``MLLEDGER_*`` variables.

    Raises:
        ConfigurationError: the file is absent or not valid; the text names the key
            and the nearest known one.
    """
    folder = (home or find_home()).absolute()
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path}: no ledger here",
            hint="make one with: mlledger init, or set MLLEDGER_HOME",
        ) from error
    try:
        return _overridden(parse_config(tomllib.loads(text), home=folder))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def parse_config(data: Mapping[str, Any], *, home: Path) -> Config:
    """Build a :class:`Config` from parsed TOML; unknown keys are errors."""
    _known(data, {"ledger", *_SECTIONS, "identities"}, "")
    ledger = _table(data, "ledger")
    _known(ledger, {"name", "ledger_id"}, "ledger.")
    try:
        ledger_id = bytes.fromhex(str(ledger.get("ledger_id", "")))
    except ValueError as error:
        raise ConfigurationError("ledger.ledger_id: not hexadecimal") from error
    return Config(
        home=home,
        name=str(ledger.get("name", "")),
        ledger_id=ledger_id,
        log=_section(LogConfig, data, "log"),
        producer=_section(ProducerConfig, data, "producer"),
        database=_section(DatabaseConfig, data, "database"),
        seal=_section(SealConfig, data, "seal"),
        consumers=_section(ConsumersConfig, data, "consumers"),
        identities={k: str(v) for k, v in _table(data, "identities").items()},
    )


def format_config(config: Config) -> str:
    """Write a configuration as TOML; :func:`parse_config` reads it back."""
    lines = [
        "[ledger]",
        f"name = {_toml(config.name)}",
        f"ledger_id = {_toml(config.ledger_id.hex())}",
    ]
    for title in _SECTIONS:
        section = getattr(config, title)
        lines += ["", f"[{title}]"]
        for item in fields(section):
            value = getattr(section, item.name)
            if isinstance(value, Mapping):
                lines += _options(cast("Mapping[str, Any]", value), f"{title}.options")
            else:
                lines.append(f"{item.name} = {_toml(value)}")
    lines += ["", "[identities]"]
    lines += [f"{_toml(who)} = {_toml(uri)}" for who, uri in config.identities.items()]
    return "\n".join(lines) + "\n"


def _options(values: Mapping[str, Any], title: str) -> list[str]:
    rows = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return ["", f"[{title}]", *rows] if rows else []


def _toml(value: object) -> str:
    # A JSON string is a TOML basic string; so are JSON's numbers and booleans.
    return json.dumps(value, ensure_ascii=False)


def _section(kind: type[_Section], data: Mapping[str, Any], name: str) -> _Section:
    table = dict(_table(data, name))
    known = {item.name: item for item in fields(cast("Any", kind))}
    _known(table, set(known), f"{name}.")
    blank = kind()
    for key, value in table.items():
        wanted = getattr(blank, key)
        if isinstance(wanted, tuple):
            table[key] = _texts(f"{name}.{key}", value)
        elif not isinstance(wanted, Mapping) and type(value) is not type(wanted):
            raise ConfigurationError(
                f"{name}.{key}: expected {type(wanted).__name__}, found {value!r}"
            )
        _allowed(f"{name}.{key}", value)
    return cast("_Section", replace(cast("Any", blank), **table))


def _texts(setting: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    texts = tuple(item for item in items if isinstance(item, str) and item)
    if len(texts) != len(items):
        raise ConfigurationError(
            f"{setting}: expected a list of texts, found {value!r}"
        )
    return texts


_CHOICES: dict[str, tuple[str, ...]] = {
    "log.kind": ("sqlite", "kafka"),
    "producer.mode": ("fire", "spool", "strict"),
    "seal.state": ("sqlite", "postgres"),
}
_AT_LEAST_ONE = {
    "log.partitions",
    "log.replication",
    "producer.heartbeat_s",
    "producer.journal_mb",
}


def _allowed(setting: str, value: object) -> None:
    choices = _CHOICES.get(setting)
    if choices is not None and value not in choices:
        raise ConfigurationError(
            f"{setting}: {value!r} is not one of {', '.join(choices)}"
        )
    if setting in _AT_LEAST_ONE and isinstance(value, int) and value < 1:
        raise ConfigurationError(f"{setting}: {value} is less than 1")


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name}: expected a table")
    return cast("dict[str, Any]", value)


def _known(table: Mapping[str, Any], known: set[str], prefix: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ConfigurationError(
                f"{prefix}{key}: unknown setting",
                hint=f"did you mean {prefix}{near[0]}?" if near else f"{sorted(known)}",
            )


_VARIABLES = {
    "MLLEDGER_LOG__BOOTSTRAP": ("log", "bootstrap"),
    "MLLEDGER_PRODUCER__IDENTITY": ("producer", "identity"),
    "MLLEDGER_PRODUCER__KEY": ("producer", "key"),
    "MLLEDGER_PRODUCER__MODE": ("producer", "mode"),
    "MLLEDGER_PG__DSN": ("database", "dsn"),
    "MLLEDGER_PG__SEAL_DSN": ("database", "seal_dsn"),
}


def _overridden(config: Config) -> Config:
    for variable, (section, key) in _VARIABLES.items():
        value = os.environ.get(variable)
        if file := os.environ.get(f"{variable}_FILE"):
            value = Path(file).read_text(encoding="utf-8").strip()
        if value:
            part = replace(getattr(config, section), **{key: value})
            config = replace(config, **{section: part})
    return config
