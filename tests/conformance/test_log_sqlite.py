"""The embedded log keeps the promises of a log."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ledger.log.sqlite import SqliteLog
from tests.conformance.log_conformance import LogConformance, Store

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


class SqliteStore(Store):
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> AbstractContextManager[SqliteLog]:
        return closing(SqliteLog(self._path, partitions=2, create=True))

    def recreate(self) -> None:
        for path in self._path.parent.glob("log.sqlite*"):
            path.unlink()


class TestSqliteLog(LogConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> SqliteStore:
        return SqliteStore(tmp_path / "log.sqlite")
