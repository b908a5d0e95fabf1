"""Digests of projection tables: equal tables have equal digests, wherever they are.

The digest of a table is the SHA-256 over its rows in primary-key order, each as RFC
8785 JSON followed by a newline: ids as UUID text, times as microseconds since 1970,
bytes as hex, integers beyond 2^53 as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.string import TextLoader

from ledger.checkpoint import Checkpoint
from projections.asking import asking
from projections.canonical import printer
from projections.loading import tables_of
from projections.projection import PROJECTIONS
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.events.base import Event
    from projections.columns import Table
    from projections.database import Connection
    from projections.projection import Projection

_PACKAGE = "projections"


@dataclass(frozen=True, slots=True)
class TableContent:
    """What one table holds.

    Attributes:
        table: its name within the projection.
        rows: how many.
        digest: 32 bytes.
    """

    table: str
    rows: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Digested:
    """What a projection holds, and from how much of the log it was made.

    Attributes:
        projection: its name.
        version: of the text its schema was made from.
        heads: how far it had read each origin, with the root of the tree there.
        tables: its tables, by name.
    """

    projection: str
    version: str
    heads: tuple[Checkpoint, ...]
    tables: tuple[TableContent, ...]


def digest_projections(
    connection: Connection,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
    schemas: Mapping[str, str] | None = None,
) -> list[Digested]:
    """Digest every table, with the positions it was made from, all in one snapshot.

    Args:
        connection: of any role, with no transaction open.
        projections: whose tables.
        schemas: projection name → schema to read, for shadow schemas.
    """
    with asking(), connection.transaction():
        connection.execute(sql(_PACKAGE, "snapshot"))
        return _read_all(connection, projections, schemas or {})


def digested_events(found: Sequence[Digested]) -> list[Event]:
    """Return digests as the events that record them."""
    from ledger.events.ledger import ProjectionDigested, SeenCheckpoint, TableDigest

    return [
        ProjectionDigested.record(
            projection=one.projection,
            version=one.version,
            checkpoints=[
                SeenCheckpoint(origin=head.origin, size=head.size, root=head.root)
                for head in one.heads
            ],
            tables=[
                TableDigest(table=item.table, rows=item.rows, digest=item.digest)
                for item in one.tables
            ],
        )
        for one in found
    ]


def table_digests(
    connection: Connection,
    *,
    projections: Sequence[Projection] = PROJECTIONS,
    schemas: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return ``<projection>.<table>`` → ``sha256:<hex>``, all read in one snapshot.

    Args:
        connection: of any role, with no transaction open.
        projections: whose tables.
        schemas: projection name → schema to read, for shadow schemas.
    """
    with asking(), connection.transaction():
        connection.execute(sql(_PACKAGE, "snapshot"))
        return read_digests(connection, projections, schemas or {})


def read_digests(
    connection: Connection,
    projections: Sequence[Projection],
    schemas: Mapping[str, str],
) -> dict[str, str]:
    """Return digests as :func:`table_digests`, as the open transaction sees them."""
    return {
        f"{one.projection}.{item.table}": f"sha256:{item.digest.hex()}"
        for one in _read_all(connection, projections, schemas)
        for item in one.tables
    }


def _read_all(
    connection: Connection,
    projections: Sequence[Projection],
    schemas: Mapping[str, str],
) -> list[Digested]:
    return [
        _digested(connection, one.name, schemas.get(one.name, one.name))
        for one in projections
    ]


def _digested(connection: Connection, projection: str, schema: str) -> Digested:
    tables = tables_of(connection, schema=schema, projection=projection)
    return Digested(
        projection=projection,
        version=_version(connection, schema),
        heads=_heads(connection, schema),
        tables=tuple(_digest(connection, schema, table) for table in tables.values()),
    )


def _version(connection: Connection, schema: str) -> str:
    found = connection.execute(sql(_PACKAGE, "schema_version"), {"schema": schema})
    row = found.fetchone()
    return str(row[0]) if row else ""


def _heads(connection: Connection, schema: str) -> tuple[Checkpoint, ...]:
    place = Identifier(schema, "position")
    found = connection.execute(composed(_PACKAGE, "heads", position=place))
    return tuple(
        Checkpoint(origin, leaf, bytes(root)) for origin, leaf, root in found.fetchall()
    )


def _digest(connection: Connection, schema: str, table: Table) -> TableContent:
    digest, line, rows = sha256(), printer(table), 0
    with connection.cursor(f"digest_{table.name}") as cursor:
        cursor.itersize = 5_000
        cursor.adapters.register_loader("uuid", TextLoader)  # no object for each id
        cursor.execute(
            composed(
                _PACKAGE,
                "rows_in_order",
                columns=SQL(", ").join(map(Identifier, table.columns)),
                table=Identifier(schema, table.name),
                key=key_of(connection, schema, table),
            )
        )
        for row in cursor:
            digest.update(line(row) + b"\n")
            rows += 1
    return TableContent(table.name, rows, digest.digest())


def key_of(connection: Connection, schema: str, table: Table) -> Composed:
    """Return the columns of a table's primary key, in order, for a statement."""
    names = connection.execute(
        sql(_PACKAGE, "primary_key"), {"schema": schema, "table": table.name}
    ).fetchall()
    return SQL(", ").join(Identifier(name) for (name,) in names)
