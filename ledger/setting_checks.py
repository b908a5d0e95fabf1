"""What a setting may be: known names, the choices of some, lists of texts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, cast

from ledger.errors import ConfigurationError

_EPOCH_OF = re.compile(r"manifest|p(?:0|[1-9][0-9]{0,5})")
_HOURS = {"drift.every_hours": 8_784}
_CHOICES: dict[str, tuple[str, ...]] = {
    "log.kind": ("sqlite", "kafka"),
    "kafka.protocol": ("", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "kafka.mechanism": ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"),
    "producer.mode": ("fire", "spool", "strict"),
    "seal.state": ("sqlite", "postgres"),
    "seal.witnesses": ("enforce", "observe"),
}
_AT_LEAST_ONE = {
    *("log.partitions", "log.replication", "producer.heartbeat_s"),
    *("producer.journal_mb", "seal.renew_s", "time.every_s"),
}


def check_known(table: Mapping[str, Any], known: set[str], prefix: str) -> None:
    """Refuse a name that is not known; the hint is the nearest that is.

    Raises:
        ConfigurationError: naming the setting, ``prefix`` before it.
    """
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            raise ConfigurationError(
                f"{prefix}{key}: unknown setting",
                hint=f"did you mean {prefix}{near[0]}?" if near else f"{sorted(known)}",
            )


def texts_of(setting: str, value: object) -> tuple[str, ...]:
    """Return the value of a setting that is a list of texts, none of them empty.

    Raises:
        ConfigurationError: it is not.
    """
    items = cast("list[object]", value) if isinstance(value, list) else [None]
    texts = tuple(item for item in items if isinstance(item, str) and item)
    if len(texts) != len(items):
        raise ConfigurationError(
            f"{setting}: expected a list of texts, found {value!r}"
        )
    return texts


def check_allowed(setting: str, value: object) -> None:
    """Refuse a value outside the choices or the range of a setting.

    Args:
        setting: such as ``log.kind``; those without a rule take any value.
        value: of the setting's type.

    Raises:
        ConfigurationError: naming the setting and what it can be.
    """
    choices = _CHOICES.get(setting)
    if choices is not None and value not in choices:
        raise ConfigurationError(
            f"{setting}: {value!r} is not one of {', '.join(choices)}"
        )
    if setting in _AT_LEAST_ONE and isinstance(value, int) and value < 1:
        raise ConfigurationError(f"{setting}: {value} is less than 1")
    most = _HOURS.get(setting)
    if most is not None and not 0 <= cast("int", value) <= most:
        raise ConfigurationError(f"{setting}: {value} is not between 0 and {most}")
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
