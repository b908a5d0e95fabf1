"""One process that seals what was appended and projects what was sealed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from ledger import clock
from ledger.errors import ConfigurationError
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.verification import ControlReader
from projections.asking import asking
from projections.database import Database
from projections.projection import PROJECTIONS, Projector, Source
from projections.schemas import migrate

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.emitter import Emitter
    from ledger.log import Log
    from ledger.seal import Sealer


_FLUSH_S = 10.0
_DAY_US = 86_400_000_000


class Worker:
    """Seals and projects step by step; connections are made when they are needed.

    Args:
        config: the ledger home.
        seal: whether to seal.
        project: whether to project; without it no database is opened.
        watch: whether to look who reads predictions.

    Attributes:
        done: what was done since the start: leaves sealed, events and rows projected.
    """

    def __init__(
        self,
        config: Config,
        *,
        seal: bool = True,
        project: bool = True,
        watch: bool = True,
    ) -> None:
        self._config = config
        self._watch = watch
        self._seal = seal
        self._project = project
        self._stack = ExitStack()
        self._log: Log | None = None
        self._database: Database | None = None
        self._prepared_us = 0
        self._sealers: list[Sealer] | None = None
        self._projector: Projector | None = None
        self._control: ControlReader | None = None
        self._emitter: Emitter | None = None
        self.done = {"leaves sealed": 0, "events projected": 0, "rows new": 0}

    def step(self) -> bool:
        """Seal and project all that is there now; tell whether there was anything.

        Raises:
            UnavailableError: log or database is away; call :meth:`disconnect`, then
                try again.
            IntegrityError: the evidence contradicts itself.
        """
        before = dict(self.done)
        self._log = self._log or self._open_log()
        self._do_watch()
        if self._seal:
            self._do_seal(self._log)
        if self._project:
            self._do_project(self._log)
        return self.done != before

    def disconnect(self) -> None:
        """Close every connection; the next step makes new ones."""
        self._log = self._sealers = self._projector = self._control = None
        self._emitter = None
        self._database = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def _open_log(self) -> Log:
        log = open_log(self._config)
        self._stack.callback(log.close)
        return log

    def _do_seal(self, log: Log) -> None:
        """Seal first: it goes on while the projections' database is away."""
        from ledger.seal import drain, open_state, sealers_for

        if self._sealers is None:
            dsn = ""
            if self._config.seal.state == "postgres":
                dsn = self._stack.enter_context(Database.open(self._config)).seal_dsn()
            state = open_state(self._config, dsn=dsn)
            self._stack.callback(state.close)
            self._sealers = sealers_for(self._config, log, state)
        self.done["leaves sealed"] += drain(self._sealers)

    def _do_watch(self) -> None:
        """Look once a minute who reads predictions, where the log is Kafka.

        It comes first, and what it saw is in the log when it ends: so that one step
        leaves nothing behind that is not sealed.
        """
        from ledger import consumers
        from ledger.setup import open_emitter

        if not self._watch or not consumers.is_due(self._config):
            return
        if self._emitter is None:
            self._emitter = open_emitter(self._config)
            self._stack.callback(self._emitter.close)
        if consumers.scan_if_due(self._config, self._emitter):
            self._emitter.flush(_FLUSH_S)

    def _do_project(self, log: Log) -> None:
        if self._projector is None or self._control is None:
            database = self._stack.enter_context(Database.open(self._config))
            self._make_tables(database)
            public = PublicFolder(self._config.public)
            self._control = ControlReader(
                log=log, public=public, ledger_id=self._config.ledger_id
            )
            self._control.refresh()
            connection = database.connect("writer", autocommit=True)
            self._stack.callback(connection.close)
            source = Source(log, public, self._control.control)
            self._projector = Projector(connection, source, PROJECTIONS, {})
            self._database = database
        elif self._database and clock.now_us() - self._prepared_us > _DAY_US:
            self._make_tables(self._database)  # partitions of the coming months
        self._control.refresh()
        advanced = self._projector.advance()
        self.done["events projected"] += advanced.events
        self.done["rows new"] += advanced.rows

    def _make_tables(self, database: Database) -> None:
        self._prepared_us = clock.now_us()
        with asking(), database.connect("owner", autocommit=True) as connection:
            before = migrate(connection, now=self._prepared_us)
        if "outdated" in before.values():
            names = ", ".join(n for n, state in before.items() if state == "outdated")
            raise ConfigurationError(
                f"projections of an older version: {names}",
                hint="make them anew with: mlledger db rebuild",
            )
