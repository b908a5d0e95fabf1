"""Which tests run on one worker, and in which order the workers take them.

A file's tests stay together, and so do all that share a broker: several workers then
start a broker once in all, and make what a module shares once. The scheduler looks at
the file itself: pytest-xdist 3.8 writes the group of a mark into the test's id, which
pytest 9.2 does not let it do any more.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
# Fixtures of a broker each.
BROKERS = ("kafka_bootstrap", "own_kafka")
# A test of an earlier folder lasts longer. What lasts long is begun first, so that no
# worker is busy for minutes when the others have nothing left to do.
FOLDERS = ("faults", "scenarios", "dashboard", "conformance")


@cache
def group_of(path: Path) -> str:
    """Return the group of a file of tests: its broker, else the file itself."""
    text = path.read_text(encoding="utf-8")
    return next((name for name in BROKERS if name in text), str(path))


def rank_of(path: Path) -> int:
    """Return the place of a file's group in the order of the run, from 0."""
    group = group_of(path)
    if group in BROKERS:
        return BROKERS.index(group)
    parts = path.relative_to(ROOT / "tests").parts
    found = FOLDERS.index(parts[0]) if parts[0] in FOLDERS else len(FOLDERS)
    return len(BROKERS) + found


class GroupScheduling(LoadScopeScheduling):
    """Hands out whole groups in the order in which the tests were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # not: the most tests first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(ROOT / nodeid.split("::", maxsplit=1)[0])
