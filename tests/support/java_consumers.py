"""Kafka's own console consumers: groups of protocols that kafka-python lacks."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.devkafka_jars import class_path, java
from tests.support.kafka import JAVA_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Generator

_PACKAGE = "org.apache.kafka.tools.consumer"
_VERSION = "4.3.0"  # of the broker


@contextmanager
def reading(bootstrap: str, topic: str) -> Generator[None]:
    """Have two programs read a topic: a group ``modern``, and a share group ``shared``.

    Their client ids are ``modern-job`` and ``shared-job``; they take seconds to begin.
    """
    program = [str(java()), "-Xmx64m", "-XX:+UseSerialGC"]
    program += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]
    program += ["-cp", f"{class_path()}:{_tools()}"]
    place = ["--bootstrap-server", bootstrap, "--topic", topic]
    begun: list[subprocess.Popen[bytes]] = []
    try:
        for main, group, more in (
            ("ConsoleConsumer", "modern", ["group.protocol=consumer"]),
            ("ConsoleShareConsumer", "shared", []),
        ):
            named = [f"client.id={group}-job", *more]
            given = [word for one in named for word in ("--consumer-property", one)]
            arguments = [f"{_PACKAGE}.{main}", *place, "--group", group, *given]
            begun.append(_begin([*program, *arguments]))
        yield
    finally:
        for one in begun:
            one.kill()  # its group keeps the member until its session is over
            one.wait()


def _begin(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "JDK_JAVA_OPTIONS": JAVA_OPTIONS},
    )


def _tools() -> str:
    """Return the jar with Kafka's command line programs, fetched once and then kept."""
    from jgo.maven import MavenContext

    project = MavenContext().project("org.apache.kafka", "kafka-tools")
    return str(project.at_version(_VERSION).artifact().resolve())
