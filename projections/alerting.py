"""Tell people: new events from the tables, through the outbox, over their routes.

An event is put into the outbox of every route that wants it before the positions move
on, and leaves it when it was delivered or given up; each attempt is an event itself
(``control.alert.sent``). Alerts begin with what is sealed after the first look, so that
a new route does not tell the past.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ledger import clock
from ledger.alerts import Attempt, Notice, Outbox, Pending, deliver, is_for, message_id
from ledger.alerts.outbox import MAX_ATTEMPTS
from projections.asking import asking
from projections.columns import from_time
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.alert_settings import AlertConfig
    from ledger.config import Config
    from ledger.emitter import Emitter
    from projections.database import Connection


@dataclass(frozen=True, slots=True)
class Told:
    """What one look came to: alerts delivered, given up, and those still to be told."""

    delivered: int
    given_up: int
    waiting: int


class Alerting:
    """Looks for new events and tells of them.

    Args:
        config: its routes, and the home that the outbox lies in.
        emitter: takes the delivery log.
    """

    def __init__(self, config: Config, emitter: Emitter) -> None:
        self._config = config
        self._emitter = emitter
        self._routes = {route.name: route for route in config.alerts}

    def step(self, connection: Connection) -> Told:
        """Take in what is new and try what is due.

        Args:
            connection: of a role that may read.

        Raises:
            DatabaseUnavailableError: the tables cannot be read; nothing is lost.
            ConfigurationError: the outbox is not one.
        """
        outbox = Outbox.load(self._config.home)
        self._take_in(connection, outbox)
        done = self._try(connection, outbox)
        return Told(done.count(True), done.count(False), len(outbox.pending))

    def _take_in(self, connection: Connection, outbox: Outbox) -> None:
        reached = _positions(connection)
        if outbox.positions == reached:
            return
        if outbox.positions is not None:
            seen = {origin: outbox.positions.get(origin, 0) for origin in reached}
            for notice in notices(connection, positions=seen):
                self._put(outbox, notice)
        outbox.positions = reached
        outbox.save()

    def _put(self, outbox: Outbox, notice: Notice) -> None:
        for route in self._routes.values():
            if is_for(route, notice):
                alert = message_id(route.name, notice.event_id)
                waiting = Pending(alert, route.name, notice.event_id.hex())
                outbox.pending.setdefault(alert, waiting)

    def _try(self, connection: Connection, outbox: Outbox) -> list[bool]:
        """Try what is due; True for each delivered, False for each given up."""
        now_s = clock.now_us() // 1_000_000
        due = outbox.due(now_s)
        wanted = [UUID(item.event_id) for item in due]
        told = notices(connection, events=wanted) if due else []
        known = {notice.event_id.hex(): notice for notice in told}
        ended: list[bool] = []
        for item in due:
            route, notice = self._routes.get(item.route), known.get(item.event_id)
            if route is None or notice is None:
                del outbox.pending[item.alert]  # the route was taken out
                outbox.save()
                continue
            attempt = self._deliver(route, notice, item, now_s)
            ended += self._settle(outbox, item, attempt, now_s)
            self._record(item, notice, route, attempt)
        return ended

    def _deliver(
        self, route: AlertConfig, notice: Notice, item: Pending, now_s: int
    ) -> Attempt:
        home = self._config.home
        return deliver(route, notice, identifier=item.alert, home=home, now_s=now_s)

    def _settle(
        self, outbox: Outbox, item: Pending, attempt: Attempt, now_s: int
    ) -> list[bool]:
        if attempt.delivered or _is_last(item, attempt):
            del outbox.pending[item.alert]
            outbox.save()
            return [attempt.delivered]
        outbox.pending[item.alert] = item.after_failure(now_s)
        outbox.save()
        return []

    def _record(
        self, item: Pending, notice: Notice, route: AlertConfig, attempt: Attempt
    ) -> None:
        from ledger.events.control import AlertSent

        result = "delivered" if attempt.delivered else "failed"
        if result == "failed" and _is_last(item, attempt):
            result = "given_up"
        self._emitter.emit(
            AlertSent.record(
                basis="observed",
                alert=item.alert,
                route=route.name,
                channel=route.kind,
                about={"id": notice.event_id, "digest": notice.digest},
                topic=notice.topic,
                attempt=item.attempts + 1,
                result=result,
                status=attempt.status,
                error=attempt.error,
                system_id=notice.system,
            )
        )


def _is_last(item: Pending, attempt: Attempt) -> bool:
    return attempt.is_final or item.attempts + 1 >= MAX_ATTEMPTS


def _positions(connection: Connection) -> dict[str, int]:
    from psycopg.sql import Identifier

    place = Identifier("integrity", "position")
    with asking():
        found = connection.execute(
            composed("projections", "positions", position=place)
        ).fetchall()
    return {origin: leaf for origin, leaf, _ in found}


def notices(
    connection: Connection,
    *,
    positions: dict[str, int] | None = None,
    events: Sequence[UUID] | None = None,
) -> list[Notice]:
    """Return what may be told: events after some positions, or these events.

    Args:
        connection: of a role that may read.
        positions: origin → leaves looked at already.
        events: ids of events.
    """
    parameters = {
        "positions": None if positions is None else json.dumps(positions),
        "events": None if events is None else list(events),
    }
    with asking():
        found = connection.execute(sql("projections", "notices"), parameters).fetchall()
    return [_notice(row) for row in found]


def _notice(row: tuple[Any, ...]) -> Notice:
    event_id, digest, kind, topic, time, source, title, severity, *rest = row
    system, model, data = rest
    return Notice(
        event_id=event_id.bytes,
        digest=digest,
        type=kind,
        topic=topic,
        time=from_time(time),
        source=source,
        title=title,
        severity=severity,
        system=system,
        model=model,
        data=data,
    )
