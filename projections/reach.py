"""Do positions, published trees and rows agree on how far the log was projected?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import Identifier

from ledger.errors import EvidenceError, IntegrityError
from ledger.public import head_reader
from projections.loading import tables_of
from projections.projection import PROJECTIONS
from projections.projector import check_positions
from projections.statements import composed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ledger.control import Control
    from ledger.public import Public
    from projections.database import Connection

_PACKAGE = "projections"
_REPAIR = "mlledger db rebuild makes the tables anew from the log"


def position_errors(
    connection: Connection, *, public: Public, control: Control
) -> list[EvidenceError]:
    """Return an error for each position that is not of the published tree.

    Args:
        connection: of any role.
        public: the published ledger.
        control: the verified control log.
    """
    errors: list[EvidenceError] = []
    positions = _positions(connection)
    for origin in dict.fromkeys(name for one in positions.values() for name in one):
        held = {name: one[origin] for name, one in positions.items() if origin in one}
        errors += _of_origin(origin, held, public, control)
    return errors


def rows_beyond(connection: Connection) -> list[IntegrityError]:
    """Return an error for each table with rows from leaves its position is before.

    Rows and position are written in one transaction, so that no worker leaves this.
    """
    return [
        _beyond(f"{name}.{table}", origin, count, leaf)
        for name in (projection.name for projection in PROJECTIONS)
        for table in tables_of(connection, schema=name, projection=name)
        for origin, count, leaf in _rows(connection, name, table)
    ]


def _positions(connection: Connection) -> dict[str, dict[str, tuple[int, bytes]]]:
    """Return projection → origin → leaves that were read, and the root of those."""
    found: dict[str, dict[str, tuple[int, bytes]]] = {}
    for projection in PROJECTIONS:
        place = Identifier(projection.name, "position")
        rows = connection.execute(composed(_PACKAGE, "heads", position=place))
        found[projection.name] = {origin: (n, bytes(root)) for origin, n, root in rows}
    return found


def _of_origin(
    origin: str,
    held: dict[str, tuple[int, bytes]],
    public: Public,
    control: Control,
) -> Iterator[EvidenceError]:
    try:
        reader = head_reader(public, control.active_vkeys(origin))
    except EvidenceError as error:
        yield error
        return
    for name, position in held.items():
        try:
            check_positions(origin, {name: position}, reader)
        except EvidenceError as error:
            yield error


def _rows(
    connection: Connection, schema: str, table: str
) -> Iterable[tuple[str, int, int]]:
    statement = composed(
        _PACKAGE,
        "rows_beyond",
        table=Identifier(schema, table),
        position=Identifier(schema, "position"),
    )
    return connection.execute(statement).fetchall()


def _beyond(name: str, origin: str, count: int, leaf: int) -> IntegrityError:
    schema = name.partition(".")[0]
    place = f"{schema}.position {origin}"
    return IntegrityError(
        f"{place}: {count} rows of {name} come from leaf {leaf} on, where it has not "
        f"come yet; {_REPAIR}",
        place=place,
        expected=f"{leaf + 1} leaves or more",
        actual=f"{leaf} leaves or fewer",
        hint=_REPAIR,
    )
