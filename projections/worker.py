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
from projections.overseer import Overseer
from projections.projection import PROJECTIONS, Projector, Source
from projections.schemas import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.config import Config
    from ledger.emitter import Emitter
    from ledger.log import Log
    from ledger.seal import Sealer


_FLUSH_S = 10.0
_DAY_US = 86_400_000_000


def _say_nothing(_text: str) -> None:
    """Let a word go."""


class Worker:
    """Seals and projects step by step; connections are made when they are needed.

    Args:
        config: the ledger home.
        seal: whether to seal.
        project: whether to project; without it no database is opened.
        watch: whether to look who reads predictions.
        once: whether each step leaves nothing for later: a manifest after any growth,
            and its time token waited for.
        say: told in words what does not work, and does not stop the rest either.

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
        once: bool = False,
        say: Callable[[str], None] = _say_nothing,
    ) -> None:
        self._config = config
        self._watch = watch
        self._seal = seal
        self._project = project
        self._once = once
        self._say = say
        self._stack = ExitStack()
        self._log: Log | None = None
        self._database: Database | None = None
        self._prepared_us = 0
        self._sealers: list[Sealer] | None = None
        self._projector: Projector | None = None
        self._control: ControlReader | None = None
        self._emitter: Emitter | None = None
        self._overseer: Overseer | None = None
        self._alarms: dict[str, str] = {}
        self.done = {
            "leaves sealed": 0,
            "manifests": 0,
            "time tokens": 0,
            "events projected": 0,
            "rows new": 0,
        }

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
        self._emitter = self._overseer = None
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
        self._sound_alarms(self._sealers)
        self._do_manifest(log, self._sealers)

    def _do_manifest(self, log: Log, sealers: list[Sealer]) -> None:
        """Write down how far the ledger has come, seal that, and have it dated."""
        from ledger.seal import drain

        if self._overseer is None:
            self._overseer = Overseer(self._config, log, say=self._say)
        if self._overseer.write_manifest(at_once=self._once):
            self.done["manifests"] += 1
            self.done["leaves sealed"] += drain(sealers)
        self.done["time tokens"] += self._overseer.fetch_token(wait=self._once)

    def _sound_alarms(self, sealers: list[Sealer]) -> None:
        """Say what is wrong with witnesses, once, and when it is over."""
        for sealer in sealers:
            origin, alarm = sealer.origin, sealer.alarm
            if alarm != self._alarms.get(origin, ""):
                self._say(f"{origin}: {alarm or 'its witnesses have signed'}")
                self._alarms[origin] = alarm

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
        self._do_digest(self._control)

    def _do_digest(self, control: ControlReader) -> None:
        """Write once a day what the tables hold; of one step nothing stays unsealed."""
        from ledger.seal import drain

        if self._overseer is None or self._database is None or not self._sealers:
            return
        if self._overseer.write_digests(self._database, control, wait=self._once):
            self.done["leaves sealed"] += drain(self._sealers)

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
