"""All rows of a decision's chain by one statement, for an answer that is not verified.

The walk asks for rows some twenty times, each time with keys of the rows before; over a
connection that is twenty waits. Here the database follows the keys itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from psycopg.sql import SQL, Literal

from projections.asking import Bounds, asking
from projections.chain_rows import all_tables
from projections.chain_walk import MAX_ANCESTORS
from projections.columns import from_time, plain
from projections.statements import composed
from projections.stored import Stored, found_by

if TYPE_CHECKING:
    from projections.columns import Table
    from projections.database import Connection

_PACKAGE = "projections"
_WITHIN = SQL(
    "time <= coalesce(%(as_of)s::timestamptz, 'infinity')"
    " AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')"
)


class Closure:
    """Rows that were read at once; see :class:`projections.chain_walk.Reads`.

    Args:
        connection: of any role.
        decision_id: the decision.
        bounds: what had happened and what had been sealed.

    Raises:
        ConfigurationError: the projections are not there yet.
    """

    def __init__(
        self, connection: Connection, decision_id: UUID, bounds: Bounds
    ) -> None:
        parameters = {
            "decision_id": decision_id,
            "as_of": bounds.as_of,
            "known_as_of": bounds.known_as_of,
        }
        with asking():
            # Planning it takes longer than running it: so it is planned once.
            found = connection.execute(
                _statement(), parameters, prepare=True
            ).fetchall()
        self._rows: dict[str, dict[object, Stored]] = {}
        for name, columns in found:
            row = _stored(all_tables()[name], columns)
            self._rows.setdefault(name, {})[row.values["event_id"]] = row

    def rows(self, name: str, column: str, keys: Sequence[object]) -> list[Stored]:
        """See :meth:`projections.chain_walk.Reads.rows`."""
        return found_by(self._rows.get(name, {}).values(), column, keys)


@cache
def _statement() -> bytes:
    most = Literal(MAX_ANCESTORS)
    return composed(_PACKAGE, "chain", within=_WITHIN, most=most).as_bytes()


def _stored(table: Table, columns: Mapping[str, object]) -> Stored:
    kinds = zip(table.columns, table.types, strict=True)
    return Stored(table, {name: _plain(columns[name], kind) for name, kind in kinds})


def _plain(value: object, kind: str) -> object:
    """Return a value of ``to_jsonb`` as :func:`projections.columns.plain` gives it."""
    if value is None:
        return None
    if kind.endswith("[]"):
        items = cast("list[object]", value)
        return [_plain(item, kind.removesuffix("[]")) for item in items]
    load = _LOADERS.get(kind)
    return value if load is None else load(value)


_LOADERS: Mapping[str, Callable[[Any], object]] = {
    "uuid": lambda text: UUID(text).bytes,
    "timestamp with time zone": lambda text: from_time(datetime.fromisoformat(text)),
    "bytea": lambda text: bytes.fromhex(text.removeprefix("\\x")),
    "jsonb": lambda value: plain(value, "jsonb"),
    "double precision": float,  # a whole number comes as int, NaN as text
}
