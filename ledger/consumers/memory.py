"""``consumers.json`` of a home: what the looks before this one found.

It saves repetition and nothing else: without it every reader is recorded once more, as
first seen. Two programs that scan the same home may each record a reader.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from ledger import clock
from ledger.consumers.sightings import TopicMemory

if TYPE_CHECKING:
    from ledger.config import Config

FILE_NAME = "consumers.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of all scans of a home.

    Attributes:
        tried: when the last scan began, microseconds since 1970, or 0.
        failures: looks that failed, ever.
        last_failure: the last of them in words, or empty.
        topics: by the topic's name.
        version: of the file.
    """

    tried: int = 0
    failures: int = 0
    last_failure: str = ""
    topics: Mapping[str, TopicMemory] = field(default_factory=dict[str, TopicMemory])
    version: Literal[1] = 1

    def with_topic(self, topic: str, memory: TopicMemory) -> Memory:
        """Return the same with another memory of one topic."""
        return replace(self, topics={**self.topics, topic: memory})

    def with_failure(self, text: str) -> Memory:
        """Return the same with one more failure."""
        return replace(self, failures=self.failures + 1, last_failure=text)


def load_memory(config: Config) -> Memory:
    """Return what is remembered; nothing if the file is absent or not readable."""
    path = config.home / FILE_NAME
    try:
        return parse_memory(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Memory()
    except ValueError as error:
        _log.warning("%s: not readable, begun anew: %s", path, error)
        return Memory()


def save_memory(config: Config, memory: Memory) -> None:
    """Write what is to be remembered, whole or not at all.

    Raises:
        OSError: the home cannot be written.
    """
    path = config.home / FILE_NAME
    part = path.with_name(f"{FILE_NAME}.{clock.random_bytes(4).hex()}.part")
    try:
        part.write_text(format_memory(memory), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def format_memory(memory: Memory) -> str:
    """Write a memory as JSON; :func:`parse_memory` reads it back."""
    return json.dumps(asdict(memory), indent=1) + "\n"


def parse_memory(text: str) -> Memory:
    """Read what :func:`format_memory` wrote.

    Raises:
        ValueError: it is no such text.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(Memory).validate_json(text, strict=True)
