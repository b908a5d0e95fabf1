"""Draw rows of tables and places in the log; the same seed draws the same."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier

from projections.loading import tables_of
from projections.projection import PROJECTIONS
from projections.rows import EventPosition
from projections.statements import composed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projections.columns import Table
    from projections.database import Connection

_PACKAGE = "projections"
_MOST_SEED = 1 << 31


def all_tables(connection: Connection) -> list[Table]:
    """Return the fact tables of every projection."""
    return [
        table
        for projection in PROJECTIONS
        for table in tables_of(
            connection, schema=projection.name, projection=projection.name
        ).values()
    ]


def name_of(table: Table) -> str:
    """Return schema and name of a table."""
    return f"{table.schema}.{table.name}"


def shares(
    connection: Connection, tables: Sequence[Table], count: int
) -> list[tuple[Table, tuple[int, int]]]:
    """Return how many rows to draw of each table, and how many it has.

    All tables get the same share, and larger ones what smaller ones leave over: the
    few rows about models and approvals count as much as the many about decisions.
    """
    sizes: list[tuple[int, Table]] = []
    for table in tables:
        statement = composed(
            _PACKAGE, "count_rows", table=Identifier(table.schema, table.name)
        )
        row = connection.execute(statement).fetchone()
        sizes.append((int(row[0]) if row else 0, table))
    shares: list[tuple[Table, tuple[int, int]]] = []
    left = count
    for done, (size, table) in enumerate(sorted(sizes, key=lambda pair: pair[0])):
        share = min(size, -(-left // (len(sizes) - done)))
        left -= share
        shares.append((table, (share, size)))
    return shares


def drawn(
    connection: Connection,
    table: Table,
    share: tuple[int, int],
    draw: random.Random,
) -> Sequence[Sequence[object]]:
    """Return rows of a table, each as likely as another.

    Args:
        connection: of any role.
        table: which.
        share: how many rows, of how many there are.
        draw: the source of chance.
    """
    wanted, size = share
    if not wanted:
        return []
    statement = composed(
        _PACKAGE,
        "sample_rows",
        columns=SQL(", ").join(map(Identifier, table.columns)),
        table=Identifier(table.schema, table.name),
    )
    # Somewhat more than are wanted, for the share that is drawn varies.
    percent = min(100.0, 100.0 * (wanted * 1.2 + 20) / size)
    seed = draw.randrange(_MOST_SEED)
    values = {"percent": percent, "seed": seed, "limit": size}
    found = connection.execute(statement, values).fetchall()
    return found if len(found) <= wanted else draw.sample(found, wanted)


def places(
    reached: dict[str, int], count: int, draw: random.Random
) -> list[EventPosition]:
    """Return leaves drawn from all that were projected, each as likely as another."""
    total = sum(reached.values())
    chosen = range(total) if count >= total else draw.sample(range(total), count)
    places: list[EventPosition] = []
    for number in chosen:
        at = number
        for origin, leaves in reached.items():
            if at < leaves:
                places.append(EventPosition(origin, at, 0))
                break
            at -= leaves
    return places
