"""What ``mlledger doctor`` says of the disk under a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.commands import disk
from ledger.config import Config


@pytest.mark.parametrize(
    ("least", "state", "text"),
    [("NOTHING", "failed", "no space left"), ("SCARCE", "warning", "MiB left")],
)
def test_a_disk_without_space_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    least: str,
    state: str,
    text: str,
):
    config = Config(home=tmp_path, name="acme")
    monkeypatch.setattr(disk, "SCARCE", 0)
    assert list(disk.disk(config)) == []
    monkeypatch.setattr(disk, least, 1 << 62)
    (found,) = disk.disk(config)
    assert (found.part, found.state, text in found.detail) == ("disk", state, True)
    assert (found.exit > 0) == (state == "failed")
