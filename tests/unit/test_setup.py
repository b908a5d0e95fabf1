"""A home is whole or none, and never takes over a folder that holds other things."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.config import LogConfig, load_config
from ledger.errors import ConfigurationError, ConflictError
from ledger.setup import initialise, open_emitter


def test_a_home_is_made_once(tmp_path: Path) -> None:
    first = initialise(tmp_path / "home", name="acme")
    again = initialise(tmp_path / "home")
    assert (first.created, again.created) == (True, False)
    assert again.config == load_config(tmp_path / "home")
    assert len(again.config.ledger_id) == 32


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    config = initialise(tmp_path / "home").config
    found = sorted(config.keys.glob("*.key"))
    assert len(found) == 6
    assert all(path.stat().st_mode & 0o077 == 0 for path in found)


def test_a_folder_with_other_things_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    mode = tmp_path.stat().st_mode
    with pytest.raises(ConflictError, match=r"thesis\.tex"):
        initialise(tmp_path)
    assert tmp_path.stat().st_mode == mode
    assert [child.name for child in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(ConflictError, match="is a file"):
        initialise(tmp_path / "home")


def test_another_ledger_is_not_taken_for_this_one(tmp_path: Path) -> None:
    initialise(tmp_path / "home", name="acme")
    with pytest.raises(ConflictError, match="acme"):
        initialise(tmp_path / "home", name="other")
    with pytest.raises(ConflictError, match="its log is sqlite"):
        initialise(tmp_path / "home", log=LogConfig(kind="kafka", bootstrap="x:1"))


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a" * 64, "ä"])
def test_a_name_must_be_dns_like(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="not a ledger name"):
        initialise(tmp_path / "home", name=name)
    assert not (tmp_path / "home").exists()


def test_nothing_is_left_when_the_log_is_away(tmp_path: Path) -> None:
    log = LogConfig(
        kind="kafka",
        bootstrap="127.0.0.1:1",
        options={"bootstrap_timeout_ms": 500, "request_timeout_ms": 500},
    )
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1"):
        initialise(tmp_path / "home", log=log)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_identity_names_the_command_that_makes_one(tmp_path: Path) -> None:
    config = initialise(tmp_path / "home").config
    with pytest.raises(ConfigurationError, match="person:eve") as caught:
        open_emitter(config, identity="person:eve")
    assert "mlledger key new person:eve" in caught.value.hint
