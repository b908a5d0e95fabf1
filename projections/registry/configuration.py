"""Two configurations key by key, where their contents are at hand.

A release names its configuration by digest; the contents lie in the folder of documents
of the home that made it. Secrets were cut out before anything was digested; what looks
like one is cut here once more before it is shown.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from ledger.blobs import Blobs

MAX_BYTES = 4 << 20
NOT_AT_HAND = "contents not at hand: digests differ"
NO_KEYS = "contents have no keys that can be read: digests differ"
BYTES_ALONE = "no key differs; digests differ (order, spacing or what was cut out)"


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """A key of a configuration that is not the same on both sides.

    Attributes:
        key: names from the outermost, joined by dots; one with other characters than
            letters, digits, ``_`` and ``-`` is quoted as in JSON.
        change: whether the later side has it alone, the earlier, or another value.
        before, after: values as JSON; None where the key is absent.
    """

    key: str
    change: Literal["added", "removed", "changed"]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ConfigurationDiff:
    """How two configurations differ.

    Attributes:
        said: in words.
        keys: those that differ, by name; empty where they could not be compared.
    """

    said: str
    keys: tuple[KeyDifference, ...] = field(default=())


def configuration_diff(
    before: str | None, after: str | None, *, blobs: Blobs
) -> ConfigurationDiff:
    """Compare two configurations by key where both contents are at hand.

    Args:
        before: ``sha256:<hex>`` of the earlier one; None where none is recorded.
        after: of the later one.
        blobs: documents by their digest.

    Raises:
        IntegrityError: a file of the documents holds other bytes than its digest says.
    """
    if before is None or after is None:
        return ConfigurationDiff("Not recorded")
    if before == after:
        return ConfigurationDiff("same")
    if not (blobs.has(before) and blobs.has(after)):
        return ConfigurationDiff(NOT_AT_HAND)
    one, other = keys_of(blobs.get(before)), keys_of(blobs.get(after))
    if one is None or other is None:
        return ConfigurationDiff(NO_KEYS)
    found = tuple(_differences(one, other))
    return ConfigurationDiff(_counted(found) if found else BYTES_ALONE, found)


def keys_of(content: bytes) -> dict[str, str] | None:
    """Return what a configuration says, by key; None where it has no keys.

    Args:
        content: JSON, TOML or YAML without aliases, at most 4 MiB.
    """
    from ledger.secrets import redact_mapping

    if len(content) > MAX_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig")
        found = next((one for one in _readings(text) if one is not None), None)
        if found is None:
            return None
        clean, _ = redact_mapping(found, where="configuration")
        return dict(_flat(cast("Mapping[object, Any]", clean), ""))
    except (UnicodeDecodeError, RecursionError):
        return None


def _readings(text: str) -> Iterator[dict[str, Any] | None]:
    for read in (json.loads, tomllib.loads, _from_yaml):
        try:
            found = read(text)
        except ValueError:
            continue
        yield cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _from_yaml(text: str) -> object:
    """Return what YAML says; aliases, which a few bytes multiply, are not followed."""
    if find_spec("yaml") is None:
        return None
    yaml: Any = import_module("yaml")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            return None
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _flat(values: Mapping[object, Any], above: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        key = above + _spelled(str(name))
        if isinstance(value, dict) and value:
            yield from _flat(cast("dict[object, Any]", value), f"{key}.")
        else:
            yield key, json.dumps(value, sort_keys=True, default=str)


def _spelled(name: str) -> str:
    is_plain = name.replace("_", "").replace("-", "").isalnum()
    return name if is_plain else json.dumps(name, ensure_ascii=False)


def _differences(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[KeyDifference]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old is None:
            yield KeyDifference(key, "added", None, new)
        elif new is None:
            yield KeyDifference(key, "removed", old, None)
        elif old != new:
            yield KeyDifference(key, "changed", old, new)


def _counted(found: tuple[KeyDifference, ...]) -> str:
    changes = [one.change for one in found]
    return ", ".join(
        f"{changes.count(word)} {word}"
        for word in ("added", "removed", "changed")
        if word in changes
    )
