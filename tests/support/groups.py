"""Which tests run on one worker, and in which order the workers take them.

A file's tests stay together, and so do all that share a broker or what Go compiles:
several workers then start a broker once in all, and make what a module shares once.
The scheduler looks at the file itself: pytest-xdist 3.8 writes the group of a mark into
the test's id, which pytest 9.2 does not let it do any more.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
# What one worker makes for all: the words by which files of tests name it.
SHARED = {
    "broker": ("kafka_bootstrap", "secured_kafka"),
    "own broker": ("own_kafka",),
    "go": ("tests.support.go_programs",),
}
# Whoever waits for a broker leaves the machine to the others: these come first.
BROKERS = ("broker", "own broker")
# A test of an earlier place lasts longer. What lasts long is begun first, so that no
# worker is busy for minutes when the others have nothing left to do.
PLACES = (
    "scenarios/test_demo.py",
    "faults",
    "scenarios",
    "dashboard",
    "conformance",
    "unit",
)
# A test often waits: for a disk, a database, a broker, a process it killed.
WAITING = 1


def workers(cores: int) -> int:
    """Return how many workers keep so many cores busy."""
    return cores + WAITING


@cache
def group_of(path: Path) -> str:
    """Return the group of a file of tests: what it shares, else the file itself."""
    text = path.read_text(encoding="utf-8")
    named = (name for name, words in SHARED.items() if any(w in text for w in words))
    return next(named, str(path))


def rank_of(path: Path) -> int:
    """Return the place of a file's group in the order of the run, from 0."""
    group = group_of(path)
    if group in BROKERS:
        return BROKERS.index(group)
    name = path.relative_to(ROOT / "tests").as_posix()
    found = (n for n, place in enumerate(PLACES) if name.startswith(place))
    return len(BROKERS) + next(found, len(PLACES))


class GroupScheduling(LoadScopeScheduling):
    """Hands out whole groups in the order in which the tests were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # not: the most tests first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(ROOT / nodeid.split("::", maxsplit=1)[0])
