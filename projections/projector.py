"""Writes projections batch by batch: lock, compare, fold, load, note the position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.sql import Identifier

from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.tree import EMPTY_ROOT
from projections.asking import asking
from projections.columns import to_time
from projections.folding import Folding
from projections.folding_ahead import FoldAhead, Plan
from projections.loading import Loader
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import OriginReader, PublicFolder
    from projections.database import Connection
    from projections.folding import Fold
    from projections.projection import Projection

_PACKAGE = "projections"
_WENT_BACK = "log or public folder went back: restore the newer ones, docs/recovery.md"
_ALTERED = (
    "mlledger verify log tells whether the log is sound; if it is, the position was "
    "altered: mlledger db rebuild makes the tables anew"
)


@dataclass(slots=True)
class Advanced:
    """What one call of ``advance`` did.

    Attributes:
        leaves: seal leaves read.
        events: events decoded.
        rows: rows that were new.
        gone: accepted records that are gone for good, as sealed events say.
    """

    leaves: int = 0
    events: int = 0
    rows: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where events come from: log, public folder and the control log's state."""

    log: Log
    public: PublicFolder
    control: Control


class Projector:
    """Writes some projections through one connection; see :func:`advance`."""

    def __init__(
        self,
        connection: Connection,
        source: Source,
        projections: Sequence[Projection],
        schemas: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._source = source
        self._projections = tuple(projections)
        self._loader = Loader(connection, schemas)
        self._reached: dict[str, Checkpoint] = {}
        with connection.transaction():
            tables = {p.name: self._loader.tables(p.name) for p in projections}
        self._folding = Folding(source.control, self._projections, tables)

    def advance(
        self,
        *,
        max_leaves: int | None = None,
        progress: Callable[[int], None] | None = None,
        origins: Sequence[str] | None = None,
    ) -> Advanced:
        """Read every origin, or those named, to its sealed head; see ``advance``."""
        done = Advanced()
        with asking():
            for origin in origins or self._source.control.origins:
                self._follow(origin, done, max_leaves, progress)
        return done

    def _follow(
        self,
        origin: str,
        done: Advanced,
        max_leaves: int | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        reader = self._reader(origin)
        if reader is None or self._reached.get(origin) == reader.checkpoint:
            return
        limit = None if max_leaves is None else done.leaves + max_leaves
        with FoldAhead(self._folding, reader, self._source.log, origin) as ahead:
            while limit is None or done.leaves < limit:
                left = None if limit is None else limit - done.leaves
                fold = self._batch(origin, reader, ahead, left)
                if fold.leaves == 0:
                    self._reached[origin] = reader.checkpoint
                    return
                done.leaves += fold.leaves
                done.events += fold.events
                done.rows += fold.new_rows
                done.gone += fold.gone
                if progress:
                    progress(fold.leaves)

    def _positions(self, origin: str) -> dict[str, tuple[int, bytes]]:
        """Return per projection how many leaves it has read, and the root of them."""
        found: dict[str, tuple[int, bytes]] = {}
        for projection in self._projections:
            row = self._connection.execute(
                composed(_PACKAGE, "position", position=self._position(projection)),
                {"origin": origin},
            ).fetchone()
            found[projection.name] = (
                (0, EMPTY_ROOT) if row is None else (int(row[0]), bytes(row[1]))
            )
        return found

    def _reader(self, origin: str) -> OriginReader | None:
        from ledger.public import head_reader

        try:
            return head_reader(
                self._source.public, self._source.control.active_vkeys(origin)
            )
        except MissingEvidenceError:
            with self._connection.transaction():
                known = self._positions(origin)
            if any(leaf for leaf, _ in known.values()):
                raise
            return None  # nothing has been sealed there yet

    def _batch(
        self,
        origin: str,
        reader: OriginReader,
        ahead: FoldAhead,
        max_leaves: int | None,
    ) -> Fold:
        """Write one batch and its position; the next is folded meanwhile."""
        ahead.wait()
        try:
            with self._connection.transaction():
                self._connection.execute(
                    sql(_PACKAGE, "advance_lock"), {"origin": origin}
                )
                positions = self._positions(origin)
                check_positions(origin, positions, reader)
                plan = _plan(positions, reader, max_leaves)
                fold = ahead.take(plan)
                if fold.leaves:
                    end = plan.start + fold.leaves
                    root = reader.root_at(end)
                    if max_leaves is None:
                        ahead.begin(Plan(end, reader.checkpoint.size, plan.active))
                    self._write(origin, fold, plan, root)
        except BaseException:
            self._loader.forget()
            raise
        return fold

    def _write(self, origin: str, fold: Fold, plan: Plan, root: bytes) -> None:
        for table, rows in fold.rows():
            fold.new_rows += self._loader.load(table, rows)
        values = {
            "origin": origin,
            "next_leaf": plan.start + fold.leaves,
            "root": root,
            "sealed_at": to_time(fold.sealed_at),
        }
        for projection in self._projections:
            if projection.name in plan.active:
                place = self._position(projection)
                statement = composed(_PACKAGE, "set_position", position=place)
                self._connection.execute(statement, values)

    def _position(self, projection: Projection) -> Identifier:
        return Identifier(self._loader.schema(projection.name), "position")


def check_positions(
    origin: str, positions: Mapping[str, tuple[int, bytes]], reader: OriginReader
) -> None:
    """Refuse to go on from leaves that the published tree does not begin with.

    Args:
        origin: whose.
        positions: projection → leaves that were read, and the root of those.
        reader: of the origin, at a verified checkpoint.

    Raises:
        IntegrityError: more was read than is published, or other leaves.
        MissingEvidenceError: a tile is absent.
    """
    size = reader.checkpoint.size
    for name, (leaf, root) in positions.items():
        place = f"{name}.position {origin}"
        if leaf > size:
            raise IntegrityError(
                f"{origin}: {leaf} leaves were projected, only {size} are published",
                place=place,
                expected=f"{leaf} leaves or more",
                actual=f"{size} leaves",
                hint=_WENT_BACK,
            )
        computed = reader.root_at(leaf)
        if computed != root:
            raise IntegrityError(
                f"{origin}: the first {leaf} leaves are others than those projected",
                place=place,
                expected=root.hex(),
                actual=computed.hex(),
                hint=_ALTERED,
            )


def _plan(
    positions: Mapping[str, tuple[int, bytes]],
    reader: OriginReader,
    max_leaves: int | None,
) -> Plan:
    """Return which leaves come next, for the projections that stand there.

    Projections that are behind the others are brought up to them first.
    """
    leaves = {name: leaf for name, (leaf, _) in positions.items()}
    start = min(leaves.values())
    ahead = [leaf for leaf in leaves.values() if leaf > start]
    end = min([reader.checkpoint.size, *ahead])
    if max_leaves is not None:
        end = min(end, start + max_leaves)
    active = frozenset(name for name in leaves if leaves[name] == start)
    return Plan(start, end, active)
