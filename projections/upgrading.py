"""Tables of an older version are made anew, part by part, while the old ones answer.

A worker that finds such tables folds the log into schemas beside them and puts those in
their place in one transaction. Between two parts it seals. The old tables stand still
meanwhile: they answer as of the moment the worker found them.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from ledger import clock
from projections.projection import PROJECTIONS, Projector
from projections.rebuild import create_shadow, put_in_place, shadow_of, unlocking
from projections.schemas import schema_states
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.database import Connection
    from projections.projection import Projection, Source

_PACKAGE = "projections"
_LEAST, _MOST = 10, 10_000
_PART_S = 1.0


class Upgrade:
    """Makes the projections anew that are of an older version.

    Args:
        connection: of the owner, in autocommit, for this alone; closing it lets another
            process go on from the beginning.
        source: log, public folder and the verified control log.
        wait: whether to wait while another process makes tables anew.
        say: told in words what is done.

    Attributes:
        leaves: how many were read so far.
    """

    def __init__(
        self,
        connection: Connection,
        source: Source,
        *,
        wait: bool,
        say: Callable[[str], None],
    ) -> None:
        self.leaves = 0
        self._connection = connection
        self._source = source
        self._wait = wait
        self._say = say
        self._part = _LEAST
        self._stack = ExitStack()
        self._projections: list[Projection] = []
        self._projector: Projector | None = None
        self._is_told = False

    def step(self) -> bool:
        """Read a part, about a second of work; tell whether all tables are current.

        Raises:
            IntegrityError: the log contradicts itself, or is shorter than what the live
                tables were made from.
            DatabaseUnavailableError: the database went away; begin anew.
        """
        if self._projector is None:
            if not self._has_lock():
                return False
            self._begin()
        if self._projector is None:
            return True  # another process was faster
        if self._read_part(self._projector):
            return False
        self._end(self._projector)
        return True

    def _has_lock(self) -> bool:
        if self._wait:
            self._connection.execute(sql(_PACKAGE, "rebuild_lock"))
        else:
            tried = self._connection.execute(sql(_PACKAGE, "rebuild_try_lock"))
            if tried.fetchone() != (True,):
                self._tell("another process makes the tables anew; waiting for it")
                return False
        self._stack.enter_context(unlocking(self._connection))
        return True

    def _begin(self) -> None:
        states = schema_states(self._connection)
        self._projections = [p for p in PROJECTIONS if states[p.name] == "outdated"]
        if not self._projections:
            self._stack.close()
            return
        self._say(
            f"tables of an older version: {self._names()}; making them anew from the "
            "log, the old ones answer meanwhile"
        )
        shadow = shadow_of(self._projections)
        create_shadow(self._connection, self._projections, shadow, now=clock.now_us())
        self._projector = Projector(
            self._connection, self._source, self._projections, shadow
        )

    def _read_part(self, projector: Projector) -> int:
        """Read as many leaves as take about a second; return how many."""
        begun = clock.monotonic()
        read = projector.advance(max_leaves=self._part).leaves
        self.leaves += read
        slow = clock.monotonic() - begun > _PART_S
        changed = self._part // 2 if slow else self._part * 2
        self._part = min(max(changed, _LEAST), _MOST)
        return read

    def _end(self, projector: Projector) -> None:
        put_in_place(
            self._connection,
            self._source.control,
            self._projections,
            projector.advance,
        )
        self._stack.close()
        self._say(f"tables made anew from {self.leaves} leaves: {self._names()}")

    def _names(self) -> str:
        return ", ".join(one.name for one in self._projections)

    def _tell(self, text: str) -> None:
        if not self._is_told:
            self._say(text)
        self._is_told = True
