"""Check rules and write down what they found: on command, or once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ledger import clock
from projections.asking import asking
from projections.columns import to_time
from projections.controls.engine import evaluate
from projections.controls.known import findings, last_checks, positions
from projections.controls.recording import Recorder
from projections.controls.rulebook import rules
from projections.controls.settings import in_force, rule_settings
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ledger.config import Config
    from ledger.emitter import Emitter
    from projections.controls.engine import Result
    from projections.controls.recording import Recorded
    from projections.controls.rulebook import Rule
    from projections.database import Connection, Database

_LOOK_S = 60.0


def check(
    connection: Connection, chosen: Sequence[Rule], emitter: Emitter, *, who: str
) -> tuple[list[Result], Recorded]:
    """Evaluate rules now and record what they found.

    Args:
        connection: of the auditor, outside any transaction.
        chosen: the rules.
        emitter: takes the events.
        who: its identity.

    Raises:
        ConfigurationError: the tables are not there yet.
        DatabaseUnavailableError: the database does not answer.
    """
    with asking(), connection.transaction():
        connection.execute(sql("projections", "snapshot"))
        now = to_time(clock.now_us())
        found = evaluate(connection, chosen, as_of=now, known_as_of=now)
        recorder = Recorder(
            emitter,
            known=findings(connection),
            checks=last_checks(connection),
            positions=positions(connection),
            who=who,
        )
    for result in found:
        recorder.record(result)
    return found, recorder.done


def due(connection: Connection, now: datetime) -> dict[str, timedelta]:
    """Return the rules that were not checked for as long as they may wait, and that."""
    checks, settings = last_checks(connection), rule_settings(connection)
    found: dict[str, timedelta] = {}
    for rule in rules().values():
        setting = in_force(rule, settings.get(rule.id, {}))
        last = checks.get(rule.id)
        wait = timedelta(seconds=setting.every_s)
        if setting.enabled and (last is None or now - last.time >= wait):
            found[rule.id] = wait
    return found


class DailyChecks:
    """Checks what is due, beside the work of a worker.

    Args:
        config: the ledger home.
        database: its tables.
        at_once: look at the first call; else a minute later, for a worker that has
            just started has other things to do first.
    """

    def __init__(
        self, config: Config, database: Database, *, at_once: bool = False
    ) -> None:
        self._config = config
        self._database = database
        self._look_at = 0.0 if at_once else clock.monotonic() + _LOOK_S
        self._checked: dict[str, datetime] = {}

    def step(self, emitter: Callable[[], Emitter]) -> int:
        """Check the rules that are due; returns how many they were.

        Args:
            emitter: opens what takes the events, where there are any.

        Raises:
            ConfigurationError: the tables are not there yet.
            DatabaseUnavailableError: the database does not answer.
        """
        if clock.monotonic() < self._look_at:
            return 0
        self._look_at = clock.monotonic() + _LOOK_S
        now = to_time(clock.now_us())
        with self._database.connect("auditor", autocommit=True) as connection:
            waits = due(connection, now)
            chosen = [
                rules()[name]
                for name, wait in waits.items()
                if self._is_due(name, wait, now)
            ]
            if chosen:
                who = self._config.producer.identity
                check(connection, chosen, emitter(), who=who)
        self._checked |= {rule.id: now for rule in chosen}
        return len(chosen)

    def _is_due(self, name: str, wait: timedelta, now: datetime) -> bool:
        """Tell whether a rule was not just checked here, though not yet projected."""
        last = self._checked.get(name)
        return last is None or now - last >= wait
