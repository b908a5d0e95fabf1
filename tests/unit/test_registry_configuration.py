"""Two configurations by key: what was added, removed, changed; or why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.blobs import Blobs
from ledger.errors import IntegrityError
from projections.registry.configuration import (
    BYTES_ALONE,
    NO_KEYS,
    NOT_AT_HAND,
    ConfigurationDiff,
    configuration_diff,
)

OLD = b'{"threshold": 0.5, "model": {"depth": 3, "a.b": [1, 2]}, "gone": true}'
NEW = b'{"threshold": 0.6, "model": {"depth": 3, "a.b": [1]}, "extra": {}}'


def compared(folder: Path, before: bytes, after: bytes) -> ConfigurationDiff:
    blobs = Blobs(folder)
    return configuration_diff(blobs.put(before), blobs.put(after), blobs=blobs)


def told(found: ConfigurationDiff) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.change, one.key, one.before, one.after) for one in found.keys]


def test_every_key_that_differs_is_named_with_both_values(tmp_path: Path):
    found = compared(tmp_path, OLD, NEW)
    assert told(found) == [
        ("added", "extra", None, "{}"),
        ("removed", "gone", "true", None),
        ("changed", 'model."a.b"', "[1, 2]", "[1]"),
        ("changed", "threshold", "0.5", "0.6"),
    ]
    assert found.said == "1 added, 1 removed, 2 changed"


@pytest.mark.parametrize(
    "after",
    [
        b'threshold = 0.6\nextra = {}\n[model]\ndepth = 3\n"a.b" = [1]\n',
        b"threshold: 0.6\nextra: {}\nmodel:\n  depth: 3\n  a.b: [1]\n",
    ],
    ids=["toml", "yaml"],
)
def test_toml_and_yaml_are_read_alike(tmp_path: Path, after: bytes):
    assert compared(tmp_path, NEW, after).said == BYTES_ALONE
    assert told(compared(tmp_path, OLD, after)) == told(compared(tmp_path, OLD, NEW))


def test_a_value_under_a_secret_name_is_never_shown(tmp_path: Path):
    before, after = (json.dumps({"db_password": one}) for one in ("hunter2", "tiger3"))
    found = compared(tmp_path, before.encode(), after.encode())
    assert found == ConfigurationDiff(BYTES_ALONE)


@pytest.mark.parametrize(
    "odd",
    [
        b"\xff\xfe\x00",
        b"\x01: 2",
        b"[1, 2]",
        b"plain words",
        b"a: &a [x, x]\nb: *a\n",
        b"[" * 100_000,
        b" " * (5 << 20),
    ],
    ids=["binary", "control", "list", "words", "alias", "deep", "large"],
)
def test_what_has_no_keys_is_compared_by_digest(tmp_path: Path, odd: bytes):
    assert compared(tmp_path, OLD, odd) == ConfigurationDiff(NO_KEYS)


def test_contents_that_are_away_or_altered(tmp_path: Path):
    blobs = Blobs(tmp_path)
    old, away = blobs.put(OLD), f"sha256:{'0' * 64}"
    assert configuration_diff(old, away, blobs=blobs).said == NOT_AT_HAND
    assert configuration_diff(away, away, blobs=blobs).said == "same"
    assert configuration_diff(old, None, blobs=blobs).said == "Not recorded"
    new = blobs.put(NEW)
    path = blobs.path(new)
    path.chmod(0o600)
    path.write_bytes(OLD)
    with pytest.raises(IntegrityError):
        configuration_diff(old, new, blobs=blobs)
