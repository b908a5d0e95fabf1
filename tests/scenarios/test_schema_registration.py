"""A ledger older than the program learns its new event types from its operator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.avro import schema_id
from ledger.config import Config
from ledger.control import Control
from ledger.errors import ConfigurationError
from ledger.events import base
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.registration import register_schemas
from ledger.sdk import init
from ledger.seal import open_state, seal_all
from ledger.setup import initialise
from ledger.verification import load_control
from projections.worker import Worker
from tests.support.story import Home
from tests.support.waiting import until

NEW = ("registry.alias.set", "registry.tag.set")


@dataclass
class Old:
    """A home that an older release made: it lacks two event types."""

    config: Config

    def control(self) -> Control:
        log = open_log(self.config)
        try:
            public = PublicFolder(self.config.public)
            return load_control(log, public, self.config.ledger_id)
        finally:
            log.close()

    def register(self) -> list[str]:
        log = open_log(self.config)
        try:
            return register_schemas(self.config, log, self.control())
        finally:
            log.close()

    def seal(self) -> None:
        log, state = open_log(self.config), open_state(self.config)
        seal_all(self.config, log, state)
        log.close()
        state.close()

    def knows(self, name: str) -> bool:
        return self.control().schema(schema_id(base.event_class(name))) is not None

    def alias(self) -> Any:
        """Set an alias, and return the client that did."""
        lg = init(self.config.home, quiet=True)
        version = lg.register_model("loans", b"weights", version="1")
        lg.set_alias("loans", "champion", version)
        assert lg.flush(60.0)
        return lg


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Old:
    every = [cls for cls in base.event_classes() if cls.type_name not in NEW]
    with monkeypatch.context() as patched:
        patched.setattr(base, "event_classes", lambda: every)
        return Old(initialise(tmp_path / "home", name="old").config)


def test_the_operator_registers_what_is_lacking_and_nothing_twice(old: Old):
    assert [old.knows(name) for name in NEW] == [False, False]
    assert old.register() == list(NEW)
    old.seal()
    assert [old.knows(name) for name in NEW] == [True, True]
    assert old.register() == []


def test_the_command_says_what_it_registered(old: Old):
    home = Home(old.config)
    assert home.ask("schemas", "register").data == {"registered": list(NEW)}
    old.seal()
    assert home.ask("schemas", "register").data == {"registered": []}


def test_a_worker_registers_before_it_seals_what_needs_it(old: Old):
    lg = old.alias()
    said: list[str] = []
    with Worker(old.config, project=False, watch=False, say=said.append) as worker:
        while worker.step():
            pass
    assert lg.emitter.wait_sealed(60.0)
    lg.close()
    assert said[0] == "registered 2 event types of this release"
    assert lg.stats()["last_error"] == ""


def test_without_the_operators_key_the_emitter_is_told_which_command(old: Old):
    (old.config.keys / "operator.key").unlink()
    with pytest.raises(ConfigurationError):
        old.register()
    lg = old.alias()
    old.seal()
    assert not lg.emitter.wait_sealed(1.0)
    until(lambda: "UNKNOWN_SCHEMA" in str(lg.stats()["last_error"]))
    told = str(lg.stats()["last_error"])
    assert "mlledger schemas register" in told
    lg.close(0.1)
