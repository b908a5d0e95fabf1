"""The stage of a scripted world: its clock, its identities, its ledger."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ledger import clock
from ledger.errors import LedgerError
from ledger.output import parse_time

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from ledger.config import Config
    from ledger.emitter import Emitter, EventRef
    from projections.database import Connection
    from projections.worker import Worker

_FLUSH_S = 60.0
_TICK_NS = 1_000
HOUR_S = 3_600
DAY_S = 86_400


class ScriptClock:
    """A wall clock that a script sets; it creeps on by a microsecond a look.

    Args:
        begins: ISO 8601 time at which it starts.
    """

    def __init__(self, begins: str) -> None:
        self._now_ns = parse_time(begins) * 1_000

    def __call__(self) -> int:
        """Return nanoseconds since 1970."""
        self._now_ns += _TICK_NS
        return self._now_ns

    def now_us(self) -> int:
        """Return microseconds since 1970."""
        return self() // 1_000

    def at(self, moment: str) -> None:
        """Go to a moment, which must not be past: logs are never sealed backwards."""
        wanted = parse_time(moment) * 1_000
        if wanted < self._now_ns:
            raise LedgerError(f"the script goes back in time, to {moment}")
        self._now_ns = wanted

    def later(self, seconds: float) -> None:
        """Let so many seconds go by."""
        self._now_ns += round(seconds * 1e9)


@dataclass(slots=True)
class World:
    """A ledger in the making; made by :func:`scripted_world`.

    Attributes:
        config: of its home.
        clock: moved by the script.
        named: events by the name that the script gave them.
        counts: events emitted, by type.
    """

    config: Config
    clock: ScriptClock
    _emitters: dict[str, Emitter]
    _worker: Worker
    _sealing: Worker
    named: dict[str, EventRef] = field(default_factory=dict[str, "EventRef"])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def at(self, moment: str) -> None:
        """Go to a moment, such as ``2026-03-01T09:00:00Z``."""
        self.clock.at(moment)

    def later(self, seconds: float = 0, *, hours: float = 0, days: float = 0) -> None:
        """Let time go by."""
        self.clock.later(seconds + hours * HOUR_S + days * DAY_S)

    def emit(
        self,
        event_type: str,
        /,
        *,
        signed_by: str = "service:local",
        called: str | None = None,
        **fields: Any,
    ) -> EventRef:
        """Record an event now; returns what other events refer to it by.

        Args:
            event_type: such as ``registry.model.registered``.
            signed_by: identity that signs it.
            called: remembers it in ``named`` under this name.
            fields: of the type, and of its envelope (``time``, ``system_id``, …);
                ``basis`` is ``declared`` unless it is given.
        """
        from ledger.events.base import LeanEvent, event_class

        cls: Any = event_class(event_type)
        if not issubclass(cls, LeanEvent):
            fields = {"basis": "declared", **fields}
        made = self._emitters[signed_by].emit(cls.record(**fields))
        self.counts[event_type] = self.counts.get(event_type, 0) + 1
        if called is not None:
            self.named[called] = made
        return made

    def as_operator(self, event_type: str, /, **fields: Any) -> None:
        """Record an event of the ledger itself in the control log, now.

        Args:
            event_type: such as ``ledger.event.corrected``.
            fields: of the type.
        """
        from ledger.administration import append_as_operator
        from ledger.events.base import event_class
        from ledger.log import open_log

        self.flush()
        cls: Any = event_class(event_type)
        log = open_log(self.config)
        try:
            append_as_operator(self.config, log, [cls.record(**fields)])
        finally:
            log.close()

    def flush(self) -> None:
        """Have everything in the log."""
        for identity, emitter in self._emitters.items():
            if not emitter.flush(_FLUSH_S):
                raise LedgerError(f"{identity}: the log did not take all events")

    def seal(self, *, project: bool = True) -> None:
        """Seal everything at the script's time, and project it unless told not to."""
        self.flush()
        working, other = self._sealing, self._worker
        if project:
            working, other = other, working
        other.disconnect()  # it would go on from the head at which it stopped
        while working.step():
            pass


@contextmanager
def scripted_world(
    home: Path,
    *,
    begins: str,
    identities: Iterable[str] = (),
    name: str = "golden",
    dsn: str = "",
) -> Generator[World]:
    """Make a new ledger on the embedded log and yield its stage.

    Args:
        home: folder that is not there yet.
        begins: ISO 8601 time of the script's beginning.
        identities: who signs, besides ``service:local``: ``person:…``, ``service:…``.
        name: of the ledger.
        dsn: database to project into; empty means the embedded server.
    """
    from ledger.config import load_config
    from ledger.setup import initialise, open_emitter
    from projections.worker import Worker

    script = ScriptClock(begins)
    with ExitStack() as stack:
        stack.enter_context(clock.scripted(script))
        config = initialise(home, name=name).config
        _authorise(config, identities)
        config = load_config(home)
        if dsn:
            config = replace(config, database=replace(config.database, dsn=dsn))
        names = (config.producer.identity, *config.identities)
        emitters = {who: open_emitter(config, identity=who) for who in names}
        worker = stack.enter_context(Worker(config, watch=False, once=True))
        sealing = Worker(config, project=False, watch=False, once=True)
        stack.enter_context(sealing)
        world = World(config, script, emitters, worker, sealing)
        yield world
        for emitter in emitters.values():
            emitter.close(_FLUSH_S)
        world.seal()


def _authorise(config: Config, identities: Iterable[str]) -> None:
    from ledger.administration import new_key
    from ledger.log import open_log
    from ledger.setup import add_identity

    log = open_log(config)
    try:
        for who in identities:
            kind = "person" if who.startswith("person:") else "service"
            key = new_key(config, log, identity=who, kind=kind)
            uri = f"file:{key.path.relative_to(config.home)}"
            config = add_identity(config, who, uri)
    finally:
        log.close()


@contextmanager
def auditor(config: Config) -> Generator[Connection]:
    """Yield a connection that may read the tables."""
    from projections.database import Database

    with Database.open(config) as database, database.connect("auditor") as connection:
        yield connection
