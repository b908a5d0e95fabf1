"""The honest ledgers that forgeries begin with, each made once and copied."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.forgeries.bundle_base import Bundles

if TYPE_CHECKING:
    from tests.support.forgeries.home_base import Homes
    from tests.support.forgeries.table_base import Tables


class Stage:
    """What one run of the table shares.

    Args:
        folder: an empty folder.
        server: gives the DSN of a Postgres server, once it is needed.
    """

    def __init__(self, folder: Path, server: Callable[[], str]) -> None:
        self.folder = folder
        self._server = server
        self._numbers = itertools.count(1)

    def new_folder(self) -> Path:
        """A folder for one row; does not exist yet."""
        return self.folder / f"row-{next(self._numbers)}"

    @cached_property
    def bundles(self) -> Bundles:
        return Bundles(self.folder / "bundles")

    @cached_property
    def homes(self) -> Homes:
        from tests.support.forgeries.home_base import Homes

        return Homes(self.folder / "homes")

    @cached_property
    def tables(self) -> Tables:
        from tests.support.forgeries.table_base import Tables

        return Tables(self.folder / "tables", self._server())


@contextmanager
def bundles(stage: Stage) -> Generator[Bundles]:
    """Start from the honest bundles."""
    yield stage.bundles


@contextmanager
def own_server(folder: Path) -> Iterator[Callable[[], str]]:
    """A Postgres server that is started when somebody asks for it."""
    with ExitStack() as stack:

        def ask() -> str:
            from tests.support.postgres import running_server

            return stack.enter_context(running_server(folder))

        yield ask
