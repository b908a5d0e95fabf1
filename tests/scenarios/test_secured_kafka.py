"""A real broker with TLS, users and access control lists: who gets in, who may what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger import broker, clock
from ledger.administration import new_key
from ledger.broker_rights import ROLES, rights
from ledger.config import (
    FILE_NAME,
    Config,
    KafkaConfig,
    LogConfig,
    format_config,
    load_config,
)
from ledger.emitter import Emitter
from ledger.errors import LedgerError, NotAuthorisedError
from ledger.log import CONTROL, open_log
from ledger.log.kafka_upkeep import delete_records
from ledger.setup import initialise, open_emitter
from tests.support.commands import application
from tests.support.database import projected
from tests.support.ledger import SmallLedger, decision
from tests.support.secured import Secured

pytestmark = pytest.mark.kafka

TLS = KafkaConfig(protocol="SSL", ca="ca.pem")


@dataclass(frozen=True)
class House:
    """A ledger on the broker, and the users of its roles."""

    kafka: Secured
    config: Config

    def as_user(self, user: str, *, password: str = "") -> Config:
        """The home as a user sees it; paths of certificates are absolute."""
        theirs = self.kafka.scram(user, self.config.name, password=password)
        return self._with(theirs)

    def scram_log(self, partitions: int) -> LogConfig:
        """The log at the users' listener, as if it had that many partitions."""
        return replace(self.as_user("auditor").log, partitions=partitions)

    def as_holder(self, certificate: str) -> Config:
        """The home as the holder of a client certificate sees it."""
        shown = replace(TLS, certificate=certificate)
        return self._with(self.kafka.config("MUTUAL", shown, self.config.name))

    def _with(self, theirs: Config) -> Config:
        placed = theirs.kafka.placed(self.kafka.folder)
        return replace(self.config, log=theirs.log, kafka=placed)


@pytest.fixture(scope="module")
def house(
    secured_kafka: Secured, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The house; ``kafka_bootstrap`` is the same broker's, so they share a worker."""
    name = f"t-{clock.random_bytes(6).hex()}"
    log = LogConfig(kind="kafka", bootstrap=secured_kafka.bootstrap)
    folder = tmp_path_factory.mktemp("secured")
    made = initialise(folder / "home", name=name, log=log).config
    made = replace(made, seal=replace(made.seal, state="sqlite"))
    users = [role for role in ROLES if rights(made, role)]
    secured_kafka.add_users(users)
    for role in users:
        secured_kafka.allow(f"User:{role}", rights(made, role))
    yield House(secured_kafka, made)
    for role in users:
        secured_kafka.forbid(f"User:{role}")


def told(config: Config) -> LedgerError:
    """What opening the ledger's log ends with."""
    with pytest.raises(LedgerError) as caught, closing(open_log(config)) as log:
        log.bounds(0)
    return caught.value


def test_each_thing_that_stands_in_the_way_is_named(house: House):
    kafka, good = house.kafka, house.as_user("auditor")
    stranger = replace(good.kafka, ca=str(kafka.folder / "stranger.pem"))
    other = replace(good.kafka, mechanism="SCRAM-SHA-256")
    away = replace(good.log, bootstrap=kafka.at("SCRAM", "localhost"))
    found = {
        "authority": told(replace(good, kafka=stranger)),
        "mechanism": told(replace(good, kafka=other)),
        "host": told(replace(good, log=away)),
        "expired": told(kafka.config("EXPIRED", TLS)),
        "no certificate": told(kafka.config("MUTUAL", TLS)),
        "late": told(house.as_holder("late.pem")),
        "foreign": told(house.as_holder("foreign.pem")),
        "no right": told(house.as_holder("emitter.pem")),
        "user": told(house.as_user("nobody")),
        "password": told(house.as_user("auditor", password="guess")),
    }
    expected = {
        "authority": (3, "self-signed certificate", "kafka.ca"),
        "mechanism": (3, "does not offer SCRAM-SHA-256", "kafka.mechanism"),
        "host": (3, "not valid for 'localhost'", "log.bootstrap"),
        "expired": (8, "certificate has expired", "renews it"),
        "no certificate": (9, "a client without one", "kafka.certificate"),
        "late": (9, "late.pem", "valid today"),
        "foreign": (9, "foreign.pem", "whom the brokers trust"),
        "no right": (9, "access control lists", "mlledger topic rights"),
        "user": (9, "does not accept user nobody", "kafka.username"),
        "password": (9, "does not accept user auditor", "kafka.password"),
    }
    for name, (code, text, hint) in expected.items():
        error = found[name]
        assert (name, error.exit_code) == (name, code)
        assert text in str(error)
        assert hint in error.hint
        assert "guess" not in str(error) + error.hint
    with closing(open_log(house.as_user("auditor"))) as log:
        assert log.bounds(CONTROL)[1] > 0


def test_another_protocol_at_the_port_is_away_and_says_what_may_be_wrong(house: House):
    bare = house.kafka.config("SCRAM", KafkaConfig())
    error = told(
        replace(bare, log=replace(bare.log, options={"bootstrap_timeout_ms": 300}))
    )
    assert error.exit_code == 8
    assert "is PLAINTEXT what that port speaks?" in error.hint


@pytest.mark.postgres
def test_the_rights_of_each_role_are_enough_and_no_more(house: House, tables_dsn: str):
    operator, emitter = house.as_user("operator"), house.as_user("emitter")
    with closing(open_log(operator)) as log:
        new_key(operator, log, identity="service:second", kind="service")
    with closing(open_emitter(emitter)) as mine:
        for _ in range(3):
            mine.emit(decision())
        assert mine.flush(20.0)
        sealer = house.as_user("sealer")
        with closing(SmallLedger(sealer, open_log(sealer))) as sealing:
            assert sealing.seal() > 0
        assert mine.wait_sealed(20.0)
    projector = house.as_user("projector")
    with (
        closing(SmallLedger(projector, open_log(projector))) as read,
        projected(read, tables_dsn) as tables,
    ):
        tables.migrated = True
        assert tables.project().events >= 3
        assert read.exit_code() == 0


def test_the_rights_of_a_role_are_no_more_than_it_needs(house: House):
    emitter, auditor = house.as_user("emitter"), house.as_user("auditor")
    with closing(open_emitter(emitter)) as mine:
        mine.emit(decision())
        assert mine.flush(20.0)
    with closing(open_log(emitter)) as log, closing(open_log(auditor)) as audited:
        assert len(list(audited.read(0, 0))) == audited.bounds(0)[1]
        for forbidden in (
            lambda: list(log.read(0, 0)),
            lambda: log.append(CONTROL, b"x"),
            lambda: delete_records(emitter, 0, 0),
            lambda: broker.check(emitter),
            lambda: audited.append(0, b"x"),
        ):
            with pytest.raises(NotAuthorisedError, match="access control lists"):
                forbidden()


def test_topics_are_checked_readers_looked_for_and_records_deleted_by_who_may(
    house: House,
):
    administrator = replace(house.as_user("administrator"), log=house.scram_log(2))
    assert broker.apply(administrator) == []
    assert {one.setting for one in broker.check(administrator)} >= {"partitions"}
    observer, topic = house.as_user("observer"), f"{house.config.name}.events"
    assert broker.readers_of(observer, topic).rows == ()
    with pytest.raises(NotAuthorisedError):
        broker.readers_of(observer, f"{house.config.name}.control")
    delete_records(house.as_user("trimmer"), 0, 0)
    with pytest.raises(NotAuthorisedError):
        delete_records(observer, 0, 0)


def test_nothing_is_lost_until_the_password_is_right(house: House):
    config = house.as_user("emitter", password="guess")
    with closing(open_emitter(config, mode="spool")) as emitter:
        emitter.emit(decision())
        wait_for_trouble(emitter, "does not accept user emitter")
        house.as_user("emitter")  # the file now holds the right one
        assert emitter.flush(20.0)
        assert emitter.stats()["dropped"] == 0


def test_nothing_is_lost_until_the_right_is_given(house: House):
    config = house.as_holder("emitter.pem")
    with closing(open_emitter(config, mode="spool")) as emitter:
        emitter.emit(decision())
        wait_for_trouble(emitter, "access control lists")
        house.kafka.allow("User:CN=emitter", rights(house.config, "emitter"))
        assert emitter.flush(20.0)
        house.kafka.forbid("User:CN=emitter")  # taken from a producer at work
        emitter.emit(decision())
        assert not emitter.flush(0.5)
        house.kafka.allow("User:CN=emitter", rights(house.config, "emitter"))
        assert emitter.flush(20.0)
        assert emitter.stats()["dropped"] == 0
    house.kafka.forbid("User:CN=emitter")


def wait_for_trouble(emitter: Emitter, text: str) -> None:
    """Wait until an emitter says why its events are not sent."""
    end = clock.monotonic() + 30
    while text not in str(emitter.stats()["last_error"]):
        assert clock.monotonic() < end, emitter.stats()
        assert not emitter.flush(0.05)


def test_a_ledger_is_made_on_a_secured_cluster_as_the_variables_say(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    name = f"t-{clock.random_bytes(6).hex()}"
    wanted = replace(house.config, name=name)
    founder = [
        right
        for role in ("administrator", "operator", "sealer")
        for right in rights(wanted, role)
    ]
    house.kafka.allow("User:CN=emitter", founder)
    monkeypatch.chdir(house.kafka.folder)
    for setting, value in {
        "PROTOCOL": "SSL",
        "CA": "ca.pem",
        "CERTIFICATE": "emitter.pem",
    }.items():
        monkeypatch.setenv(f"MLLEDGER_KAFKA__{setting}", value)
    log = LogConfig(kind="kafka", bootstrap=house.kafka.at("MUTUAL"))
    made = initialise(tmp_path / "home", name=name, log=log).config
    for setting in ("PROTOCOL", "CA", "CERTIFICATE"):
        monkeypatch.delenv(f"MLLEDGER_KAFKA__{setting}")
    again = load_config(made.home)
    assert again.kafka.certificate == str(house.kafka.folder / "emitter.pem")
    with closing(open_log(again)) as log:
        assert log.bounds(CONTROL)[1] > 0
    house.kafka.forbid("User:CN=emitter")


def test_commands_say_who_needs_what_and_keep_the_password_to_themselves(
    house: House, tmp_path: Path
):
    config = replace(house.as_user("auditor"), home=tmp_path)
    (tmp_path / FILE_NAME).write_text(format_config(config))
    answers = {
        " ".join(words): CliRunner().invoke(
            application(), [*words, "--home", str(tmp_path)]
        )
        for words in (
            ["topic", "rights", "--role", "emitter", "--json"],
            ["config", "show"],
            ["config", "show", "--origin", "--json"],
            ["doctor", "--quick", "--json"],
        )
    }
    asked = json.loads(answers["topic rights --role emitter --json"].stdout)
    write, read = asked["data"]
    assert (read["operation"], read["name"]) == ("read", f"{config.name}.control")
    assert write["allow"] == (
        "--add --allow-principal 'User:emitter' --operation write"
        f" --topic '{config.name}.events'"
    )
    for answer in answers.values():
        assert "auditor-secret" not in answer.output
    assert config.kafka.password in answers["config show"].stdout
    findings = json.loads(answers["doctor --quick --json"].stdout)["data"]
    assert [one["state"] for one in findings if one["part"].startswith("log")] == (
        ["ok"] * 3
    )
