"""The settings in force as they are shown: where each comes from, secrets masked."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ledger.config import FILE_NAME, SECTIONS, VARIABLES, load_config
from ledger.secret_names import is_secret_name

if TYPE_CHECKING:
    from ledger.settings import Config

DEFAULT = "default"
_HIDDEN = "***"
_TABLES = {"witness": "witnesses", "alert": "alerts"}


@dataclass(frozen=True, slots=True)
class Sourced:
    """One setting in force.

    Attributes:
        setting: its name in ``mlledger.toml``, such as ``log.kind``.
        value: what is in force; secrets are masked.
        source: the variable, the file or the option that says so, or ``default``.
    """

    setting: str
    value: object
    source: str


def sourced(home: Path | None = None) -> list[Sourced]:
    """Return every setting of a home with where it comes from.

    Raises:
        ConfigurationError: as :func:`ledger.config.load_config`.
    """
    config = load_config(home)
    path = config.home / FILE_NAME
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [Sourced("home", str(config.home), _source_of_home(home))]
    rows += [
        Sourced(f"ledger.{key}", value, str(path))
        for key, value in written.get("ledger", {}).items()
    ]
    rows += _of_sections(config, written, str(path))
    values = shown(config)
    who = cast("dict[str, object]", values["identities"])
    rows += [Sourced(f"identities.{one}", uri, str(path)) for one, uri in who.items()]
    for title, name in _TABLES.items():
        tables = cast("list[object]", values[name])
        rows += [
            Sourced(f"{title}[{number}]", table, str(path))
            for number, table in enumerate(tables)
        ]
    return rows


def shown(config: Config) -> dict[str, object]:
    """Return the settings in force for printing; what is secret is masked."""
    data = cast("dict[str, object]", _masked("", asdict(config)))
    alerts = cast("list[dict[str, object]]", data["alerts"])
    for route in alerts:
        route["url"] = _host_of(str(route["url"]))
    return {**data, "home": str(config.home), "ledger_id": config.ledger_id.hex()}


def _of_sections(
    config: Config, written: Mapping[str, Any], file: str
) -> Iterator[Sourced]:
    for section in SECTIONS:
        values, table = getattr(config, section), written.get(section, {})
        for item in fields(values):
            source = _variable_of(section, item.name)
            if not source:
                source = file if item.name in table else DEFAULT
            value = _masked(item.name, getattr(values, item.name))
            yield Sourced(f"{section}.{item.name}", value, source)


def _source_of_home(home: Path | None) -> str:
    named = os.environ.get("MLLEDGER_HOME")
    if named and (home is None or Path(named) == home):
        return "MLLEDGER_HOME"
    return "--home" if home else "nearest .mlledger"


def _variable_of(section: str, key: str) -> str:
    for name, place in VARIABLES.items():
        if place == (section, key):
            if file := os.environ.get(f"{name}_FILE"):
                return f"{name}_FILE ({file})"
            if os.environ.get(name):
                return name
    return ""


def _masked(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return {key: _masked(key, one) for key, one in table.items()}
    if isinstance(value, list | tuple):
        return [_masked(name, one) for one in cast("list[object]", value)]
    return _masked_text(name, value) if isinstance(value, str) else value


def _masked_text(name: str, text: str) -> str:
    """Hide a secret; ``env:NAME`` and the like only say where it is."""
    if not text or text.startswith(("env:", "file:", "keyring:")):
        return text
    if name.endswith("dsn"):
        cut = re.sub(r"(?<=:)[^:@/]+(?=@)", _HIDDEN, text)
        return re.sub(r"(?i)(password\s*=\s*)\S+", rf"\1{_HIDDEN}", cut)
    return _HIDDEN if is_secret_name(name) else text


def _host_of(url: str) -> str:
    """Return where alerts go; the path of such an address is often its secret."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.path in {"", "/"}:
        return url
    return f"{parts.scheme}://{parts.hostname}/{_HIDDEN}"
