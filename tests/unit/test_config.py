"""Configuration: found upward, strict about names, the same after a round trip."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.config import (
    Config,
    ConsumersConfig,
    KafkaConfig,
    LogConfig,
    TimeConfig,
    find_home,
    format_config,
    load_config,
    parse_config,
)
from ledger.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLLEDGER_HOME", "MLLEDGER_LOG__BOOTSTRAP", "MLLEDGER_PG__DSN"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    config = Config(
        home=tmp_path,
        name="acme",
        ledger_id=bytes(range(32)),
        log=LogConfig(
            kind="kafka",
            bootstrap="127.0.0.1:9092",
            partitions=3,
            options={"security_protocol": "SASL_SSL", "request_timeout_ms": 4000},
        ),
        kafka=KafkaConfig(protocol="SASL_SSL", username="ana", password="env:PASS"),
        consumers=ConsumersConfig(topics=("scores", 'score"d')),
        identities={"person:ana": "file:keys/person-ana.key"},
    )
    again = parse_config(tomllib.loads(format_config(config)), home=tmp_path)
    assert again == config


def test_an_awkward_text_reads_back(tmp_path: Path) -> None:
    config = Config(home=tmp_path, name="a", identities={'person:"x"\\': 'file:a"b\\'})
    assert parse_config(tomllib.loads(format_config(config)), home=tmp_path) == config


def test_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"log\.boostrap") as caught:
        parse_config({"log": {"boostrap": "x"}}, home=tmp_path)
    assert "log.bootstrap" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"log": {"partitions": "2"}}, "log.partitions"),
        ({"log": {"partitions": True}}, "log.partitions"),
        ({"log": {"partitions": 0}}, "log.partitions"),
        ({"log": {"kind": "sqlit"}}, "log.kind"),
        ({"producer": {"mode": "spoolish"}}, "producer.mode"),
        ({"log": 3}, "log"),
        ({"consumers": {"topics": "scores"}}, "consumers.topics"),
        ({"consumers": {"topics": ["scores", 7]}}, "consumers.topics"),
        ({"consumers": {"topics": [""]}}, "consumers.topics"),
        ({"consumers": {"topic": ["scores"]}}, "consumers.topic"),
        ({"ledger": {"ledger_id": "xy"}}, "ledger.ledger_id"),
    ],
)
def test_wrong_value_names_the_setting(
    tmp_path: Path, data: dict[str, object], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
        parse_config(data, home=tmp_path)


def test_variables_win_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(Config(home=tmp_path, name="a"), log=LogConfig(bootstrap="file:1"))
    (tmp_path / "mlledger.toml").write_text(format_config(config))
    assert load_config(tmp_path).log.bootstrap == "file:1"
    monkeypatch.setenv("MLLEDGER_LOG__BOOTSTRAP", "env:2")
    assert load_config(tmp_path).log.bootstrap == "env:2"


def test_a_secret_may_stand_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlledger.toml").write_text(format_config(Config(tmp_path, name="a")))
    secret = tmp_path / "dsn"
    secret.write_text("host=db\n")
    monkeypatch.setenv("MLLEDGER_PG__DSN_FILE", str(secret))
    assert load_config(tmp_path).database.dsn == "host=db"


def test_home_is_searched_upward_to_the_repository_root(tmp_path: Path) -> None:
    repository = tmp_path / "repo"
    deep = repository / "a" / "b"
    deep.mkdir(parents=True)
    (repository / ".git").mkdir()
    (tmp_path / ".mlledger").mkdir()
    (tmp_path / ".mlledger" / "mlledger.toml").write_text("")
    assert find_home(deep) == repository / ".mlledger"
    near = repository / "a" / ".mlledger"
    near.mkdir()
    (near / "mlledger.toml").write_text("")
    assert find_home(deep) == near


def test_no_ledger_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no ledger here") as caught:
        load_config(tmp_path)
    assert "mlledger init" in caught.value.hint


def test_origins_and_partitions_are_inverse(tmp_path: Path) -> None:
    config = Config(home=tmp_path, name="acme", log=LogConfig(partitions=3))
    assert config.origins == (
        "acme/control",
        "acme/manifest",
        "acme/p0",
        "acme/p1",
        "acme/p2",
    )
    assert [config.partition(o) for o in config.origins] == [-1, -2, 0, 1, 2]
    with pytest.raises(ConfigurationError):
        config.partition("acme/p3")


def test_a_misspelt_variable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlledger.toml").write_text(format_config(Config(tmp_path, name="a")))
    monkeypatch.setenv("MLLEDGER_PG__DNS", "host=db")
    with pytest.raises(ConfigurationError, match="MLLEDGER_PG__DNS") as caught:
        load_config(tmp_path)
    assert "MLLEDGER_PG__DSN" in caught.value.hint


def test_a_variable_is_held_to_the_same_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlledger.toml").write_text(format_config(Config(tmp_path, name="a")))
    monkeypatch.setenv("MLLEDGER_PRODUCER__MODE", "sometimes")
    with pytest.raises(ConfigurationError, match=r"producer\.mode"):
        load_config(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_an_unreadable_file_is_said_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mlledger.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_config(tmp_path)


def test_manifests_and_time_tokens_are_set_in_one_table(tmp_path):
    assert Config(tmp_path).time == TimeConfig(every_s=60, tsa="", roots="")
    table = {"every_s": 5, "tsa": "https://tsa.example", "roots": "tsa.pem"}
    config = parse_config({"time": table}, home=tmp_path)
    assert config.time == TimeConfig(5, "https://tsa.example", "tsa.pem")
    text = format_config(config)
    assert parse_config(tomllib.loads(text), home=tmp_path) == config
    with pytest.raises(ConfigurationError, match=r"time\.every_s"):
        parse_config({"time": {"every_s": 0}}, home=tmp_path)


@pytest.mark.parametrize("hours", [-1, 8_785, True, 1.5])
def test_a_look_at_drift_is_due_within_a_year_or_never(
    tmp_path: Path, hours: object
) -> None:
    assert Config(tmp_path).drift.every_hours == 0
    assert parse_config({"drift": {"every_hours": 24}}, home=tmp_path).drift.every_hours
    with pytest.raises(ConfigurationError, match=r"drift\.every_hours"):
        parse_config({"drift": {"every_hours": hours}}, home=tmp_path)


@pytest.mark.parametrize("setting", ["password", "key_password"])
def test_a_secret_itself_is_refused_and_not_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"kafka\.{setting}") as caught:
        parse_config({"kafka": {setting: "hunter2"}}, home=tmp_path)
    assert "env:NAME" in caught.value.hint
    assert "hunter2" not in str(caught.value) + caught.value.hint
    (tmp_path / "mlledger.toml").write_text("[ledger]\n")
    monkeypatch.setenv(f"MLLEDGER_KAFKA__{setting.upper()}", "hunter2")
    with pytest.raises(ConfigurationError) as caught:
        load_config(tmp_path)
    assert "hunter2" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ({"username": "ana"}, "kafka.username: has no effect"),
        ({"protocol": "SSL", "password": "env:X"}, "kafka.password: has no effect"),
        ({"protocol": "SASL_PLAINTEXT", "ca": "ca.pem"}, "kafka.ca: has no effect"),
        ({"protocol": "SASL_SSL"}, "kafka.username: is needed"),
        ({"protocol": "SASL_SSL", "username": "ana"}, "kafka.password: is needed"),
        ({"protocol": "SSL", "key": "a.key"}, "kafka.certificate: is needed"),
        (
            {
                "protocol": "SASL_PLAINTEXT",
                "username": "ana",
                "password": "env:X",
                "mechanism": "PLAIN",
            },
            "shows the password",
        ),
    ],
)
def test_settings_of_kafka_that_do_not_fit_are_named(
    tmp_path: Path, found: dict[str, str], named: str
) -> None:
    config = parse_config({"kafka": found}, home=tmp_path)
    with pytest.raises(ConfigurationError, match=named):
        config.kafka.check()


def test_paths_of_kafka_can_be_made_absolute(tmp_path: Path) -> None:
    found = KafkaConfig(ca="ca.pem", key="/k", password="file:p", key_password="env:K")
    placed = found.placed(tmp_path)
    assert (placed.ca, placed.key) == (f"{tmp_path}/ca.pem", "/k")
    assert (placed.password, placed.key_password) == (f"file:{tmp_path}/p", "env:K")
    assert placed.certificate == ""
