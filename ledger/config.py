"""Configuration: where a ledger's home is and what ``mlledger.toml`` in it says.

Order, strongest first: arguments, ``MLLEDGER_*`` environment variables, the file.
Paths in the file are relative to the home, so that a copied home still works.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from ledger.alert_settings import AlertConfig, parse_alerts
from ledger.capture_settings import CaptureConfig, VaultConfig
from ledger.errors import ConfigurationError
from ledger.settings import (
    Config,
    ConsumersConfig,
    DatabaseConfig,
    LogConfig,
    ProducerConfig,
    SealConfig,
    TimeConfig,
    WitnessConfig,
)

__all__ = [
    "FILE_NAME",
    "HOME_NAME",
    "AlertConfig",
    "Config",
    "ConsumersConfig",
    "DatabaseConfig",
    "LogConfig",
    "ProducerConfig",
    "SealConfig",
    "TimeConfig",
    "WitnessConfig",
    "find_home",
    "format_config",
    "load_config",
    "parse_config",
]

FILE_NAME = "mlledger.toml"
HOME_NAME = ".mlledger"
_SECTIONS: Mapping[str, type[Any]] = {
    "log": LogConfig,
    "producer": ProducerConfig,
    "database": DatabaseConfig,
    "seal": SealConfig,
    "time": TimeConfig,
    "consumers": ConsumersConfig,
    "capture": CaptureConfig,
    "vault": VaultConfig,
}
_Section = TypeVar("_Section")


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
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    try:
        return _overridden(parse_config(tomllib.loads(text), home=folder))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def parse_config(data: Mapping[str, Any], *, home: Path) -> Config:
    """Build a :class:`Config` from parsed TOML; unknown keys are errors."""
    _known(data, {"ledger", *_SECTIONS, "identities", "witness", "alert"}, "")
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
        **{name: _section(kind, data, name) for name, kind in _SECTIONS.items()},
        identities={k: str(v) for k, v in _table(data, "identities").items()},
        witnesses=_witnesses(data.get("witness", [])),
        alerts=parse_alerts(data.get("alert", [])),
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
                table = cast("Mapping[str, Any]", value)
                lines += _options(table, f"{title}.{item.name}")
            else:
                lines.append(f"{item.name} = {_toml(value)}")
    lines += ["", "[identities]"]
    lines += [f"{_toml(who)} = {_toml(uri)}" for who, uri in config.identities.items()]
    for title, tables in (("witness", config.witnesses), ("alert", config.alerts)):
        for table in tables:
            lines += ["", f"[[{title}]]"]
            for item in fields(table):
                lines.append(f"{item.name} = {_toml(getattr(table, item.name))}")
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


def _witnesses(value: object) -> tuple[WitnessConfig, ...]:
    """Return the ``[[witness]]`` tables, each with the types of its settings."""
    tables = cast("list[object]", value) if isinstance(value, list) else [None]
    return tuple(_witness(table) for table in tables)


def _witness(value: object) -> WitnessConfig:
    if not isinstance(value, dict):
        raise ConfigurationError("witness: expected tables, each headed [[witness]]")
    table = cast("dict[str, Any]", value)
    _known(table, {item.name for item in fields(WitnessConfig)}, "witness.")
    given: dict[str, Any] = {"url": "", "vkey": "", **table}
    found = WitnessConfig(**given)
    for item in fields(found):
        wanted = bool if item.name == "outside" else str
        if type(getattr(found, item.name)) is not wanted:
            raise ConfigurationError(f"witness.{item.name}: expected {wanted.__name__}")
    if not (found.url and found.vkey):
        raise ConfigurationError("witness: url and vkey are needed")
    return found


def _texts(setting: str, value: object) -> tuple[str, ...]:
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    texts = tuple(item for item in items if isinstance(item, str) and item)
    if len(texts) != len(items):
        raise ConfigurationError(
            f"{setting}: expected a list of texts, found {value!r}"
        )
    return texts


_EPOCH_OF = re.compile(r"manifest|p(?:0|[1-9][0-9]{0,5})")
_CHOICES: dict[str, tuple[str, ...]] = {
    "log.kind": ("sqlite", "kafka"),
    "producer.mode": ("fire", "spool", "strict"),
    "seal.state": ("sqlite", "postgres"),
    "seal.witnesses": ("enforce", "observe"),
}
_AT_LEAST_ONE = {
    *("log.partitions", "log.replication", "producer.heartbeat_s"),
    *("producer.journal_mb", "seal.renew_s", "time.every_s"),
}


def _allowed(setting: str, value: object) -> None:
    choices = _CHOICES.get(setting)
    if choices is not None and value not in choices:
        raise ConfigurationError(
            f"{setting}: {value!r} is not one of {', '.join(choices)}"
        )
    if setting in _AT_LEAST_ONE and isinstance(value, int) and value < 1:
        raise ConfigurationError(f"{setting}: {value} is less than 1")
    if setting == "log.epochs":
        _check_epochs(value)


def _check_epochs(value: object) -> None:
    if not isinstance(value, Mapping):
        raise ConfigurationError("log.epochs: expected a table")
    epochs = cast("Mapping[str, object]", value)
    for name, number in epochs.items():
        is_number = type(number) is int and number >= 1
        if not (is_number and _EPOCH_OF.fullmatch(name)):
            raise ConfigurationError(
                f"log.epochs.{name}: expected p<k> or manifest, and 1 or more"
            )


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
    "MLLEDGER_PG__VAULT_DSN": ("vault", "dsn"),
}


_PREFIXES = ("MLLEDGER_LOG__", "MLLEDGER_PRODUCER__", "MLLEDGER_PG__")


def _overridden(config: Config) -> Config:
    for variable, (section, key) in _VARIABLES.items():
        if value := _variable(variable):
            _allowed(f"{section}.{key}", value)
            part = replace(getattr(config, section), **{key: value})
            config = replace(config, **{section: part})
    for variable in os.environ:
        if "__" in variable and variable.startswith(_PREFIXES):
            _known({variable.removesuffix("_FILE"): ""}, set(_VARIABLES), "")
    return config


def _variable(name: str) -> str | None:
    """Return the value of a variable, or of the file that ``<name>_FILE`` names."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return os.environ.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}_FILE: cannot be read: {error}") from error
