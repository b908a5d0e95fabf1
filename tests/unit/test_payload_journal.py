"""Envelopes in the journal and on their way: durable, sent once, and then wiped."""

from __future__ import annotations

from pathlib import Path

import pytest

import ledger
from ledger.config import Config
from ledger.errors import ConfigurationError
from ledger.journal.adoption import journal_ids
from ledger.payload.sqlite import SqlitePayloads
from ledger.payload.transport import FILE
from tests.support.producer import accepted_ids
from tests.support.vault import ALICE, FEATURES, deployed, files_with, vault_home
from tests.support.waiting import until


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return vault_home(tmp_path_factory.mktemp("vault"), "")


@pytest.fixture
def config(template: Config, tmp_path: Path) -> Config:
    from tests.support.vault import copied

    return copied(template, tmp_path, "")


def test_a_running_producer_keeps_no_envelope_it_has_sent(
    config: Config, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ledger.shipping.payloads.WIPE_S", 0.0)
    with ledger.init(config.home, quiet=True) as client:
        place = deployed(client)
        made = [
            client.log_decision(deployment=place, subject=ALICE, features=FEATURES)
            for _ in range(3)
        ]
        until(lambda: client.stats()["payloads_sent"] == 3)
        transport = SqlitePayloads(config.home / FILE)
        envelopes = [record.value or b"" for record in transport.read(0, limit=9)]
        transport.close()
        until(lambda: files_with(config.journal, *envelopes) == [])
        made.append(client.log_decision(deployment=place, subject=ALICE))
        assert client.flush(60)
        until(lambda: client.stats()["payloads_sent"] == 4)
    assert set(made) <= set(accepted_ids(config))
    assert len(envelopes) == 3


def test_a_transport_that_is_away_delays_no_event(
    config: Config, monkeypatch: pytest.MonkeyPatch
):
    from ledger.payload import transport

    opened = transport.open_payload_log

    def away(_config: Config):
        raise ConfigurationError("the transport is away")

    monkeypatch.setattr(transport, "open_payload_log", away)
    with ledger.init(config.home, quiet=True) as client:
        place = deployed(client)
        client.log_decision(deployment=place, subject=ALICE, features=FEATURES)
        assert client.flush(60)
        until(lambda: "away" in str(client.stats()["last_error"]))
        client.close(0.1)
    assert len(journal_ids(config.journal)) == 1  # it waits there
    monkeypatch.setattr(transport, "open_payload_log", opened)
    with ledger.init(config.home, quiet=True) as client:
        client.log_decision(deployment=deployed(client))
        until(lambda: client.stats()["payloads_sent"] == 1)


@pytest.mark.parametrize("mode", ["fire", "strict"])
def test_capture_works_in_every_mode(config: Config, mode: str):
    with ledger.init(config.home, mode=mode, quiet=True) as client:
        client.log_decision(
            deployment=deployed(client), subject=ALICE, features=FEATURES
        )
        until(lambda: client.stats()["payloads_sent"] == 1)
    assert files_with(config.home, ALICE.encode()) == []


def test_the_letter_box_forgets_for_good(tmp_path: Path):
    path = tmp_path / "payload.sqlite"
    box = SqlitePayloads(path)
    marks = [b"envelope-%d" % number * 40 for number in range(4)]
    for future in box.send(marks):
        future.result()
    assert [record.value for record in box.read(0, limit=2)] == marks[:2]
    assert box.bounds() == (0, 4)
    box.forget(3)
    assert files_with(tmp_path, *marks[:3]) == []
    assert box.bounds() == (3, 4)
    box.forget(4)
    assert box.bounds() == (4, 4)
    box.send([b"later"])
    assert [record.offset for record in box.read(0, limit=9)] == [4]
    assert path.stat().st_mode & 0o777 == 0o600
    identity = box.identity()
    box.close()
    again = SqlitePayloads(path)
    assert again.identity() == identity
    again.close()


def test_capture_without_a_vault_is_refused(config: Config):
    from dataclasses import replace

    bare = replace(config, capture=replace(config.capture, vault_key=""))
    from ledger.sdk import Ledger
    from ledger.setup import open_emitter

    emitter = open_emitter(bare)
    client = Ledger(
        bare, emitter, identity="service:local", emitter_as=lambda _: emitter
    )
    with pytest.raises(ConfigurationError, match="vault"):
        client.log_decision(deployment=deployed(client), subject=ALICE)
    client.close()
