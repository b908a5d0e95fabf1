"""One process that seals what was appended and projects what was sealed."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from ledger import clock
from ledger.public import PublicFolder
from ledger.sealing_service import FLUSH_S, SealingService, say_nothing
from projections.asking import asking
from projections.database import Database, seal_database
from projections.digest_writer import DigestWriter
from projections.projection import PROJECTIONS, Projector, Source
from projections.schemas import migrate, refuse_newer
from projections.upgrading import Upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.config import Config
    from projections.controls.drift_watch import DriftWatch
    from projections.controls.running import DailyChecks


_ALERT_S = 10.0
_DAY_US = 86_400_000_000
_ANEW = "leaves read anew"


class Worker:
    """Seals and projects step by step; connections are made when they are needed.

    Args:
        config: the ledger home.
        seal: whether to seal.
        project: whether to project; without it no database is opened.
        watch: whether to look who reads predictions.
        controls: whether to check the rules that are due, and to record drift where
            the settings ask for it.
        once: whether each step leaves nothing for later: a manifest after any growth,
            and its time token waited for.
        say: told in words what does not work, and does not stop the rest either.

    Attributes:
        done: what was done since the start: leaves sealed, events and rows projected,
            rules checked; differences recorded, if the settings ask for it.
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
        say: Callable[[str], None] = say_nothing,
    ) -> None:
        self._config = config
        self._controls = controls
        self._project = project
        self._once = once
        self._say = say
        self._sealing = SealingService(
            config,
            seal=seal,
            watch=watch,
            once=once,
            say=say,
            seal_dsn=lambda: seal_database(config),
        )
        self._stack = ExitStack()
        self._database: Database | None = None
        self._prepared_us = 0
        self._alerted = -_ALERT_S
        self._projector: Projector | None = None
        self._upgrade: Upgrade | None = None
        self._digests: DigestWriter | None = None
        self._daily: DailyChecks | None = None
        self._drift: DriftWatch | None = None
        self.done = self._sealing.done
        self.done |= {
            "events projected": 0,
            "rows new": 0,
            "alerts delivered": 0,
            "rules checked": 0,
        }

    def step(self) -> bool:
        """Seal and project all that is there now; tell whether there was anything.

        Sealing comes first: it goes on while the projections' database is away.

        Raises:
            UnavailableError: log or database is away; call :meth:`disconnect`, then
                try again.
            IntegrityError: the evidence contradicts itself.
        """
        before = dict(self.done)
        self._sealing.step()
        if self._project:
            self._do_project()
            self._do_alert()
        return self.done != before

    def finish(self) -> None:
        """See :meth:`ledger.sealing_service.SealingService.finish`."""
        self._sealing.finish()

    def disconnect(self) -> None:
        """Close every connection; the next step makes new ones."""
        self._projector = self._digests = self._daily = self._drift = None
        self._upgrade = None
        self._prepared_us = 0
        self._database = None
        try:
            self._stack.close()
        finally:
            self._sealing.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def _do_project(self) -> None:
        if self._database is None:
            self._database = self._stack.enter_context(Database.open(self._config))
        self._sealing.control()  # the projector judges by what it says now
        if not self._are_tables_made(self._database):
            return
        if self._projector is None:
            connection = self._database.connect("writer", autocommit=True)
            self._stack.callback(connection.close)
            self._projector = Projector(connection, self._source(), PROJECTIONS, {})
        advanced = self._projector.advance()
        self.done["events projected"] += advanced.events
        self.done["rows new"] += advanced.rows
        self._do_digest(self._database)
        if self._controls:
            self._do_drift(self._database)
            self._do_controls(self._database)

    def _source(self) -> Source:
        public = PublicFolder(self._config.public)
        control = self._sealing.control().control
        return Source(self._sealing.log(), public, control)

    def _do_digest(self, database: Database) -> None:
        """Write once a day what the tables hold; of one step nothing stays unsealed."""
        if self._digests is None:
            self._digests = DigestWriter(self._sealing, database, say=self._say)
        self._digests.step(wait=self._once)

    def _do_drift(self, database: Database) -> None:
        """Record drift every few hours, if it is asked for; it stops nothing."""
        if not (every := self._config.drift.every_hours):
            return
        from projections.controls.drift_watch import DriftWatch

        self._drift = self._drift or DriftWatch(
            database, every_hours=every, say=self._say, at_once=self._once
        )
        if recorded := self._drift.step(self._sealing.emitter):
            self._sealing.emitter().flush(FLUSH_S)
            self.done["differences recorded"] = (
                self.done.get("differences recorded", 0) + recorded
            )

    def _do_controls(self, database: Database) -> None:
        """Check the rules that are due; the next step seals what they found."""
        from projections.controls.running import DailyChecks

        self._daily = self._daily or DailyChecks(
            self._config, database, at_once=self._once
        )
        if checked := self._daily.step(self._sealing.emitter):
            self._sealing.emitter().flush(FLUSH_S)
            self.done["rules checked"] += checked

    def _do_alert(self) -> None:
        """Tell of what is new, every few seconds, where routes are set."""
        from projections.alerting import Alerting

        due = clock.monotonic() - self._alerted > _ALERT_S
        if self._database is None or self._projector is None:
            return
        if not (self._config.alerts and due):
            return
        self._alerted = clock.monotonic()
        with self._database.connect("auditor", autocommit=True) as connection:
            told = Alerting(self._config, self._sealing.emitter()).step(connection)
        self.done["alerts delivered"] += told.delivered
        if told.given_up:
            self._say(f"{told.given_up} alerts were given up; see mlledger alert ls")

    def _are_tables_made(self, database: Database) -> bool:
        """Make tables, and anew those of an older version; tell whether all are there.

        Partitions of the coming months are made once a day.
        """
        if self._upgrade is None:
            if clock.now_us() - self._prepared_us < _DAY_US:
                return True
            with asking(), database.connect("owner", autocommit=True) as connection:
                states = migrate(connection, now=clock.now_us())
            refuse_newer(states)
            if "outdated" in states.values():
                self._upgrade = self._begin_upgrade(database)
        if self._upgrade is not None and not self._go_on(self._upgrade):
            return False
        self._upgrade = None
        self._prepared_us = clock.now_us()
        return True

    def _begin_upgrade(self, database: Database) -> Upgrade:
        self._projector = None
        connection = database.connect("owner", autocommit=True)
        self._stack.callback(connection.close)
        return Upgrade(connection, self._source(), wait=self._once, say=self._say)

    def _go_on(self, upgrade: Upgrade) -> bool:
        """Make tables anew by a part, or wholly; tell whether they are in place."""
        before = upgrade.leaves
        with asking():
            while not (made := upgrade.step()) and self._once:
                pass
        count = self.done.get(_ANEW, 0) + upgrade.leaves - before
        self.done |= {_ANEW: count} if count else {}
        return made
