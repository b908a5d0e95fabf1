"""Configuration: where a ledger's home is and what ``mlledger.toml`` in it says.

Order, strongest first: arguments, ``MLLEDGER_*`` environment variables, the file.
Paths in the file are relative to the home, so that a copied home still works.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from ledger.alert_settings import AlertConfig, parse_alerts
from ledger.capture_settings import AccessConfig, CaptureConfig, VaultConfig
from ledger.errors import ConfigurationError
from ledger.kafka_settings import KafkaConfig
from ledger.manner import detail
from ledger.setting_checks import check_allowed, check_known, texts_of
from ledger.settings import (
    Config,
    ConsumersConfig,
    DatabaseConfig,
    DriftConfig,
    LogConfig,
    ProducerConfig,
    SealConfig,
    TimeConfig,
    WitnessConfig,
)

__all__ = [
    "FILE_NAME",
    "HOME_NAME",
    "SECTIONS",
    "VARIABLES",
    "AlertConfig",
    "Config",
    "ConsumersConfig",
    "DatabaseConfig",
    "DriftConfig",
    "KafkaConfig",
    "LogConfig",
    "ProducerConfig",
    "SealConfig",
    "TimeConfig",
    "WitnessConfig",
    "find_home",
    "format_config",
    "kafka_of_variables",
    "load_config",
    "parse_config",
]

FILE_NAME = "mlledger.toml"
HOME_NAME = ".mlledger"
SECTIONS: Mapping[str, type[Any]] = {
    "log": LogConfig,
    "kafka": KafkaConfig,
    "producer": ProducerConfig,
    "database": DatabaseConfig,
    "seal": SealConfig,
    "time": TimeConfig,
    "drift": DriftConfig,
    "consumers": ConsumersConfig,
    "capture": CaptureConfig,
    "vault": VaultConfig,
    "access": AccessConfig,
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
    detail(f"settings: {path}")
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
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return _overridden(parse_config(found, home=folder))


def parse_config(data: Mapping[str, Any], *, home: Path) -> Config:
    """Build a :class:`Config` from parsed TOML; unknown keys are errors."""
    check_known(data, {"ledger", *SECTIONS, "identities", "witness", "alert"}, "")
    ledger = _table(data, "ledger")
    check_known(ledger, {"name", "ledger_id"}, "ledger.")
    try:
        ledger_id = bytes.fromhex(str(ledger.get("ledger_id", "")))
    except ValueError as error:
        raise ConfigurationError("ledger.ledger_id: not hexadecimal") from error
    return Config(
        home=home,
        name=str(ledger.get("name", "")),
        ledger_id=ledger_id,
        **{name: _section(kind, data, name) for name, kind in SECTIONS.items()},
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
    for title in SECTIONS:
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
    # A JSON string is a TOML basic string, but for U+007F that TOML wants escaped; so
    # are JSON's numbers and booleans.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _section(kind: type[_Section], data: Mapping[str, Any], name: str) -> _Section:
    table = dict(_table(data, name))
    known = {item.name: item for item in fields(cast("Any", kind))}
    check_known(table, set(known), f"{name}.")
    blank = kind()
    for key, value in table.items():
        wanted = getattr(blank, key)
        if isinstance(wanted, tuple):
            table[key] = texts_of(f"{name}.{key}", value)
        elif not isinstance(wanted, Mapping) and type(value) is not type(wanted):
            raise ConfigurationError(
                f"{name}.{key}: expected {type(wanted).__name__}, found {value!r}"
            )
        check_allowed(f"{name}.{key}", value)
    return cast("_Section", replace(cast("Any", blank), **table))


def _witnesses(value: object) -> tuple[WitnessConfig, ...]:
    """Return the ``[[witness]]`` tables, each with the types of its settings."""
    tables = cast("list[object]", value) if isinstance(value, list) else [None]
    return tuple(_witness(table) for table in tables)


def _witness(value: object) -> WitnessConfig:
    if not isinstance(value, dict):
        raise ConfigurationError("witness: expected tables, each headed [[witness]]")
    table = cast("dict[str, Any]", value)
    check_known(table, {item.name for item in fields(WitnessConfig)}, "witness.")
    given: dict[str, Any] = {"url": "", "vkey": "", **table}
    found = WitnessConfig(**given)
    for item in fields(found):
        wanted = bool if item.name == "outside" else str
        if type(getattr(found, item.name)) is not wanted:
            raise ConfigurationError(f"witness.{item.name}: expected {wanted.__name__}")
    if not (found.url and found.vkey):
        raise ConfigurationError("witness: url and vkey are needed")
    return found


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name, {})
    if not isinstance(value, dict):
        raise ConfigurationError(f"{name}: expected a table")
    return cast("dict[str, Any]", value)


VARIABLES: Mapping[str, tuple[str, str]] = {
    "MLLEDGER_LOG__BOOTSTRAP": ("log", "bootstrap"),
    "MLLEDGER_KAFKA__PROTOCOL": ("kafka", "protocol"),
    "MLLEDGER_KAFKA__CA": ("kafka", "ca"),
    "MLLEDGER_KAFKA__CERTIFICATE": ("kafka", "certificate"),
    "MLLEDGER_KAFKA__KEY": ("kafka", "key"),
    "MLLEDGER_KAFKA__KEY_PASSWORD": ("kafka", "key_password"),
    "MLLEDGER_KAFKA__MECHANISM": ("kafka", "mechanism"),
    "MLLEDGER_KAFKA__USERNAME": ("kafka", "username"),
    "MLLEDGER_KAFKA__PASSWORD": ("kafka", "password"),
    "MLLEDGER_PRODUCER__IDENTITY": ("producer", "identity"),
    "MLLEDGER_PRODUCER__KEY": ("producer", "key"),
    "MLLEDGER_PRODUCER__MODE": ("producer", "mode"),
    "MLLEDGER_ACCESS__IDENTITY": ("access", "identity"),
    "MLLEDGER_ACCESS__PURPOSE": ("access", "purpose"),
    "MLLEDGER_PG__DSN": ("database", "dsn"),
    "MLLEDGER_PG__SEAL_DSN": ("database", "seal_dsn"),
    "MLLEDGER_PG__VAULT_DSN": ("vault", "dsn"),
}
"""Variable → section and key that it overrides; also as ``<name>_FILE``."""


_PREFIXES = tuple({name.partition("__")[0] + "__" for name in VARIABLES})


def _overridden(config: Config) -> Config:
    for variable, (section, key) in VARIABLES.items():
        if value := _variable(variable):
            check_allowed(f"{section}.{key}", value)
            part = replace(getattr(config, section), **{key: value})
            config = replace(config, **{section: part})
    for variable in os.environ:
        if "__" in variable and variable.startswith(_PREFIXES):
            check_known({variable.removesuffix("_FILE"): ""}, set(VARIABLES), "")
    return config


def kafka_of_variables() -> KafkaConfig:
    """Return ``[kafka]`` as variables alone say, for a ledger that has no file yet.

    Relative paths begin at the working folder, and are absolute in what is returned.

    Raises:
        ConfigurationError: a value is not allowed, or a variable is unknown.
    """
    here = Path.cwd()
    return _overridden(Config(home=here)).kafka.placed(here)


def _variable(name: str) -> str | None:
    """Return the value of a variable, or of the file that ``<name>_FILE`` names."""
    file = os.environ.get(f"{name}_FILE")
    if not file:
        return os.environ.get(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}_FILE: cannot be read: {error}") from error
