"""The log in memory keeps the promises of a log."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ledger.log.memory import MemoryLog
from tests.conformance.log_conformance import LogConformance, Store

if TYPE_CHECKING:
    from collections.abc import Generator


class MemoryStore(Store):
    def __init__(self) -> None:
        self.recreate()

    @contextmanager
    def open(self) -> Generator[MemoryLog]:
        yield self._log

    def recreate(self) -> None:
        self._log = MemoryLog(partitions=2)


class TestMemoryLog(LogConformance):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
