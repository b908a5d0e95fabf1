"""What the database benchmarks share: a sealed log, an embedded server, connections."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Literal

from benchmarks.world import entries, fresh_ledger
from ledger import clock
from ledger.config import Config
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.seal import Sealer, drain, open_state, sealers_for
from ledger.verification import load_control
from projections.database import Connection, Database
from projections.projector import Source
from projections.schemas import migrate


@dataclass(frozen=True, slots=True)
class GrowingLedger:
    """An embedded ledger whose log is sealed piece by piece."""

    config: Config
    source: Source
    values: Sequence[bytes]
    sealers: Sequence[Sealer]

    def seal(self, first: int, after: int) -> None:
        """Append some of the entries and seal them."""
        for value in self.values[first:after]:
            self.source.log.append(0, value)
        drain(self.sealers)


@contextmanager
def growing_ledger(count: int) -> Generator[GrowingLedger]:
    """Make an embedded ledger for an opening entry and ``count`` of 500 decisions."""
    with (
        fresh_ledger() as config,
        closing(open_log(config)) as log,
        closing(open_state(config)) as state,
    ):
        public = PublicFolder(config.public)
        control = load_control(log, public, config.ledger_id)
        source = Source(log, public, control)
        sealers = sealers_for(config, log, state)
        yield GrowingLedger(config, source, entries(config, 0, count), sealers)


@contextmanager
def migrated(config: Config) -> Generator[Database]:
    """Open the home's embedded server with the tables of all projections."""
    with Database.open(config) as database:
        with connected(database, "owner") as connection:
            migrate(connection, now=clock.now_us())
        yield database


@contextmanager
def connected(
    database: Database, role: Literal["owner", "writer", "auditor"]
) -> Generator[Connection]:
    """Lend a connection in autocommit mode."""
    connection = database.connect(role, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()
