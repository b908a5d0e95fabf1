"""Fold the next batch while the database writes the last one."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ledger.errors import LedgerError
from ledger.verification.places import partition_of
from projections.records import RecordCursor

if TYPE_CHECKING:
    from ledger.log import Log
    from ledger.public import OriginReader
    from projections.folding import Fold, Folding


@dataclass(frozen=True, slots=True)
class Plan:
    """Which leaves to fold for which projections.

    Attributes:
        start: first leaf.
        end: one past the last leaf that may be folded.
        active: names of the projections whose rows are wanted.
    """

    start: int
    end: int
    active: frozenset[str]


class FoldAhead:
    """Folds one batch in a thread of its own; what it folded is a guess until taken.

    Between :meth:`begin` and :meth:`wait` the reader belongs to that thread.
    """

    def __init__(
        self, folding: Folding, reader: OriginReader, log: Log, origin: str
    ) -> None:
        self._folding = folding
        self._reader = reader
        self._cursor = RecordCursor(log, partition_of(origin))
        self._origin = origin
        self._pool = ThreadPoolExecutor(1, "fold")
        self._begun: tuple[Plan, Future[Fold]] | None = None

    def begin(self, plan: Plan) -> None:
        """Begin to fold what will probably be asked for next."""
        if plan.start < plan.end:
            self._begun = (plan, self._pool.submit(self._fold, plan))

    def wait(self) -> None:
        """Wait until the thread is idle; its errors show when they are taken."""
        if self._begun:
            with suppress(LedgerError):
                self._begun[1].result()

    def take(self, plan: Plan) -> Fold:
        """Return the rows of a plan: those folded ahead if they are of that plan.

        Raises:
            IntegrityError, MissingEvidenceError: see :meth:`Folding.fold`.
        """
        begun, self._begun = self._begun, None
        if begun and begun[0] == plan:
            return begun[1].result()
        return self._fold(plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _fold(self, plan: Plan) -> Fold:
        return self._folding.fold(
            self._reader,
            self._cursor,
            origin=self._origin,
            start=plan.start,
            end=plan.end,
            active=plan.active,
        )
