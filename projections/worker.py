"""One process that seals what was appended and projects what was sealed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from ledger import clock
from ledger.errors import ConfigurationError
from ledger.log import open_log
from ledger.public import PublicFolder
from ledger.registration import register_schemas
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
    from projections.controls.running import DailyChecks


_FLUSH_S = 10.0
_ALERT_S = 10.0
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
        controls: whether to check the rules that are due.
        once: whether each step leaves nothing for later: a manifest after any growth,
            and its time token waited for.
        say: told in words what does not work, and does not stop the rest either.

    Attributes:
        done: what was done since the start: leaves sealed, events and rows projected,
            rules checked.
    """

    def __init__(
        self,
        config: Config,
        *,
        seal: bool = True,
        project: bool = True,
        watch: bool = True,
        controls: bool = False,
        once: bool = False,
        say: Callable[[str], None] = _say_nothing,
    ) -> None:
        self._config = config
        self._watch = watch
        self._controls = controls
        self._seal = seal
        self._project = project
        self._once = once
        self._say = say
        self._stack = ExitStack()
        self._log: Log | None = None
        self._database: Database | None = None
        self._prepared_us = 0
        self._alerted = -_ALERT_S
        self._sealers: list[Sealer] | None = None
        self._projector: Projector | None = None
        self._control: ControlReader | None = None
        self._emitter: Emitter | None = None
        self._overseer: Overseer | None = None
        self._daily: DailyChecks | None = None
        self._alarms: dict[str, str] = {}
        self.done = {
            "leaves sealed": 0,
            "manifests": 0,
            "time tokens": 0,
            "events projected": 0,
            "rows new": 0,
            "alerts delivered": 0,
            "rules checked": 0,
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
            self._do_alert()
        return self.done != before

    def finish(self) -> None:
        """Seal what is there and cover it by a manifest: the last step of a service.

        Else what was sealed since the last manifest would wait for the next start.

        Raises:
            UnavailableError, IntegrityError: as :meth:`step`.
        """
        from ledger.seal import drain

        if self._log is None or self._sealers is None:
            return  # nothing was sealed by this process, or all is away
        self.done["leaves sealed"] += drain(self._sealers)
        if self._overseer and self._overseer.write_manifest(at_once=True):
            self.done["manifests"] += 1
            self.done["leaves sealed"] += drain(self._sealers)

    def disconnect(self) -> None:
        """Close every connection; the next step makes new ones."""
        self._log = self._sealers = self._projector = self._control = None
        self._emitter = self._overseer = self._daily = None
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
            self.done["leaves sealed"] += drain(self._sealers[:1])  # the control log
            self._register_schemas(log)
        self.done["leaves sealed"] += drain(self._sealers)
        self._sound_alarms(self._sealers)
        self._do_manifest(log, self._sealers)

    def _register_schemas(self, log: Log) -> None:
        """Make this release's event types known to a ledger that is older."""
        control = self._read_control(log)
        try:
            made = register_schemas(self._config, log, control.control)
        except ConfigurationError as error:
            hint = "on the operator's machine run: mlledger schemas register"
            self._say(
                f"event types of this release are not registered: {error}; {hint}"
            )
            return
        if made:
            self._say(f"registered {len(made)} event types of this release")

    def _read_control(self, log: Log) -> ControlReader:
        """Follow the control log to where it is sealed; what was read is kept."""
        if self._control is None:
            public = PublicFolder(self._config.public)
            self._control = ControlReader(
                log=log, public=public, ledger_id=self._config.ledger_id
            )
        self._control.refresh()
        return self._control

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

        if not self._watch or not consumers.is_due(self._config):
            return
        emitter = self._own_emitter()
        if consumers.scan_if_due(self._config, emitter):
            emitter.flush(_FLUSH_S)

    def _own_emitter(self) -> Emitter:
        """Return the emitter of what the worker itself sees and does."""
        from ledger.setup import open_emitter

        if self._emitter is None:
            self._emitter = open_emitter(self._config)
            self._stack.callback(self._emitter.close)
        return self._emitter

    def _do_controls(self, database: Database) -> None:
        """Check the rules that are due; the next step seals what they found."""
        from projections.controls.running import DailyChecks

        self._daily = self._daily or DailyChecks(
            self._config, database, at_once=self._once
        )
        if checked := self._daily.step(self._own_emitter):
            self._own_emitter().flush(_FLUSH_S)
            self.done["rules checked"] += checked

    def _do_alert(self) -> None:
        """Tell of what is new, every few seconds, where routes are set."""
        from projections.alerting import Alerting

        due = clock.monotonic() - self._alerted > _ALERT_S
        if self._database is None or not (self._config.alerts and due):
            return
        self._alerted = clock.monotonic()
        with self._database.connect("auditor", autocommit=True) as connection:
            told = Alerting(self._config, self._own_emitter()).step(connection)
        self.done["alerts delivered"] += told.delivered
        if told.given_up:
            self._say(f"{told.given_up} alerts were given up; see mlledger alert ls")

    def _do_project(self, log: Log) -> None:
        control = self._read_control(log)
        if self._projector is None:
            database = self._stack.enter_context(Database.open(self._config))
            self._make_tables(database)
            connection = database.connect("writer", autocommit=True)
            self._stack.callback(connection.close)
            public = PublicFolder(self._config.public)
            source = Source(log, public, control.control)
            self._projector = Projector(connection, source, PROJECTIONS, {})
            self._database = database
        elif self._database and clock.now_us() - self._prepared_us > _DAY_US:
            self._make_tables(self._database)  # partitions of the coming months
        advanced = self._projector.advance()
        self.done["events projected"] += advanced.events
        self.done["rows new"] += advanced.rows
        self._do_digest(control)
        if self._controls and self._database is not None:
            self._do_controls(self._database)

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
