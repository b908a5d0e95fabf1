"""Origins and partitions name each other, epochs included."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.config import Config, LogConfig, format_config, load_config
from ledger.errors import ConfigurationError, MalformedError
from ledger.log.kafka_client import topic_of
from ledger.log.memory import MemoryLog
from ledger.origins import EPOCH, Place, parse_origin, place_of
from ledger.public import PublicFolder


@pytest.mark.parametrize(
    ("tail", "partition"),
    [
        ("control", -1),
        ("manifest", -2),
        ("manifest/e1", EPOCH - 2),
        ("p0", 0),
        ("p12", 12),
        ("p0/e1", EPOCH),
        ("p3/e20", 20 * EPOCH + 3),
    ],
)
def test_each_origin_has_one_partition(tail, partition):
    assert parse_origin(f"acme/{tail}").partition == partition
    assert place_of(partition).tail == tail


@given(st.integers(-2, 100_000), st.integers(0, 100_000))
def test_a_place_is_read_back_from_its_number_and_its_name(base, epoch):
    place = Place(base, epoch)
    assert place_of(place.partition) == place
    if base != -1 or not epoch:
        assert parse_origin(f"x/{place.tail}") == place


@pytest.mark.parametrize(
    "origin",
    ["acme", "acme/", "acme/p", "acme/p01", "acme/p-1", "acme/control/e1", "acme/q0"]
    + [f"acme/p0/{tail}" for tail in ("e", "e0", "e01", "e-1", "e1/", "f1", "e1/e2")],
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(MalformedError):
        parse_origin(origin)


def config(home: Path = Path("/nowhere"), **epochs: int) -> Config:
    log = LogConfig(partitions=2, epochs=epochs)
    return Config(home=home, name="acme", log=log)


def test_settings_say_where_a_partition_goes_on():
    settings = config(p0=2, manifest=1)
    assert settings.event_partitions == (2 * EPOCH, 1)
    assert settings.origins == (
        "acme/control",
        "acme/manifest/e1",
        "acme/p0/e2",
        "acme/p1",
    )
    assert settings.known_origins == (
        "acme/control",
        "acme/manifest",
        "acme/manifest/e1",
        "acme/p0",
        "acme/p0/e1",
        "acme/p0/e2",
        "acme/p1",
    )
    for origin in settings.known_origins:
        assert settings.origin(settings.partition(origin)) == origin
    for origin in ("acme/p2", "acme/p2/e1", "other/p0", "acme/p0/e01"):
        with pytest.raises(ConfigurationError, match="no such origin"):
            settings.partition(origin)


def test_epochs_are_written_and_read_back(tmp_path):
    settings = config(tmp_path, p0=2)
    (tmp_path / "mlledger.toml").write_text(format_config(settings))
    assert load_config(tmp_path).log.epochs == {"p0": 2}


@pytest.mark.parametrize(
    "text", ["p0 = 0", "p0 = -1", 'p0 = "1"', "p0 = true", "control = 1", "x = 1"]
)
def test_wrong_epochs_are_named(tmp_path, text):
    (tmp_path / "mlledger.toml").write_text(f"[log.epochs]\n{text}\n")
    with pytest.raises(ConfigurationError, match="epochs"):
        load_config(tmp_path)


def test_each_epoch_has_a_topic_of_its_own():
    settings = config(p0=1)
    named = [
        tuple(topic_of(settings, n)) for n in (-1, -2, 0, 1, EPOCH + 1, 2 * EPOCH - 2)
    ]
    assert named == [
        ("acme.control", 0),
        ("acme.manifest", 0),
        ("acme.events", 0),
        ("acme.events", 1),
        ("acme.events.p1.e1", 0),
        ("acme.manifest.e2", 0),
    ]


def test_an_epoch_is_a_log_of_its_own():
    log = MemoryLog(partitions=1)
    log.append(0, b"old")
    log.append(EPOCH, b"new")
    assert log.bounds(EPOCH) == (0, 1)
    assert [record.value for record in log.read(EPOCH, 0)] == [b"new"]
    with pytest.raises(ConfigurationError):
        log.append(EPOCH + 1, b"of a partition that the log does not have")


def test_the_files_of_an_origin_are_not_those_of_its_later_epochs(tmp_path):
    for name in ("acme/p0/checkpoint", "acme/p0/e1/checkpoint", "acme/p0/e/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    public = PublicFolder(tmp_path)
    assert list(public.list("acme/p0")) == ["checkpoint", "e/x"]
    assert list(public.list("acme/p0/e1")) == ["checkpoint"]
