"""Compare the newest statistics of what is live with their reference, every few hours.

What ``mlledger drift show MODEL --record`` does on command, for every deployment that
runs and whose newest window of statistics was not compared yet. The tables say which
those are, so a worker that starts again repeats nothing. What cannot be compared is
told and left; it stops neither sealing nor projecting.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from ledger import clock
from ledger.drift.recording import MONITOR, measurements
from ledger.errors import LedgerError, NotFoundError
from projections.asking import ask, asking
from projections.columns import from_time
from projections.controls.drift import drift_of
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ledger.emitter import Emitter
    from ledger.events.base import Event
    from projections.controls.drift import Drift
    from projections.database import Connection, Database

_PACKAGE = "projections.controls"
_FIRST_S = 60.0
"""After its start a worker has other things to do first."""
_AGAIN_S = 600.0
"""After a failure of database or journal."""
_SPEND_S = 5.0
"""How long one look may hold up sealing, but for the comparison that is under way."""
_LIMIT = {"limit": "5000ms"}
_MOST = 100
_FAILURES = (
    *(LedgerError, psycopg.Error, ArithmeticError, ImportError),
    *(LookupError, TypeError, ValueError),
)
"""What the numbers of others' statistics, and the database, may come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A deployment whose newest statistics are to be compared."""

    deployment_id: UUID
    model: str
    system_id: str | None
    sketch_id: UUID


class DriftWatch:
    """Records drift, beside the work of a worker.

    Args:
        database: its tables.
        every_hours: hours between two looks, 1 or more.
        say: told in words what could not be compared.
        at_once: look at the first call; else a minute later.
    """

    def __init__(
        self,
        database: Database,
        *,
        every_hours: int,
        say: Callable[[str], None],
        at_once: bool = False,
    ) -> None:
        self._database = database
        self._every_s = every_hours * 3_600.0
        self._say = say
        self._look_at = 0.0 if at_once else clock.monotonic() + _FIRST_S
        self._recorded: dict[UUID, UUID] = {}
        self._left: set[UUID] = set()

    def step(self, emitter: Callable[[], Emitter]) -> int:
        """Compare what is due; returns how many differences were recorded.

        Raises nothing for what fails here: it is said, and tried again later. What is
        left when time is up goes on a minute later.

        Args:
            emitter: opens what takes the events, where there are any.
        """
        if clock.monotonic() < self._look_at:
            return 0
        try:
            with self._database.connect("auditor", autocommit=True) as connection:
                count, rest = self._compared(connection, emitter)
        except _FAILURES as error:
            self._say(f"drift was not recorded: {error}")
            self._look_at = clock.monotonic() + _AGAIN_S
            return 0
        if not rest:
            self._left.clear()
        self._look_at = clock.monotonic() + (_FIRST_S if rest else self._every_s)
        return count

    def _compared(
        self, connection: Connection, emitter: Callable[[], Emitter]
    ) -> tuple[int, bool]:
        """Return how many differences were recorded, and whether more is due."""
        until = clock.monotonic() + _SPEND_S
        known = [*self._recorded.values(), *self._left]
        with _limited(connection):
            due = ask(connection, _PACKAGE, "drift_due", Due, tried=known, limit=_MOST)
        count = 0
        for number, one in enumerate(due):
            if number and clock.monotonic() > until:
                return count, True
            events = self._differences(connection, one)
            for event in events:
                emitter().emit(event)
            if events:
                self._recorded[one.deployment_id] = one.sketch_id
            count += len(events)
        return count, len(due) == _MOST

    def _differences(self, connection: Connection, one: Due) -> list[Event]:
        """Compare one deployment; what has no reference is nothing to tell of."""
        self._left.add(one.sketch_id)
        try:
            with _limited(connection):
                found = drift_of(
                    connection, model=one.model, deployment=one.deployment_id
                )
            return list(_events(found, one))
        except NotFoundError:
            return []
        except _FAILURES as error:
            if connection.broken or connection.closed:
                raise
            self._say(f"drift of {one.model} was not recorded: {error}")
            return []


@contextmanager
def _limited(connection: Connection) -> Generator[None]:
    """Let no statement of the block run for longer than a look may take."""
    with asking(), connection.transaction():
        connection.execute(sql(_PACKAGE, "drift_time"), _LIMIT)
        yield


def _events(found: Drift, one: Due) -> Iterator[Event]:
    from ledger.events.monitoring import MeasurementRecorded

    now = found.current
    for fields in measurements(found.differences, now.parsed()):
        yield MeasurementRecorded.record(
            basis="derived",
            system_id=one.system_id,
            model=one.model,
            deployment={"id": one.deployment_id.bytes, "digest": now.deployment_digest},
            monitor=MONITOR,
            window_from=from_time(now.window_from),
            window_to=from_time(now.window_to),
            **fields,
        )
