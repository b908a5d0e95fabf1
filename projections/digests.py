"""Digests of projection tables: equal tables have equal digests, wherever they are.

The digest of a table is the SHA-256 over its rows in primary-key order, each as RFC
8785 JSON followed by a newline: ids as UUID text, times as microseconds since 1970,
bytes as hex, integers beyond 2^53 as text.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed, Identifier
from psycopg.types.string import TextLoader

from projections.canonical import printer
from projections.loading import tables_of
from projections.projection import PROJECTIONS
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.columns import Table
    from projections.database import Connection
    from projections.projection import Projection

_PACKAGE = "projections"


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
    digests: dict[str, str] = {}
    with connection.transaction():
        connection.execute(sql(_PACKAGE, "snapshot"))
        for projection in projections:
            schema = (schemas or {}).get(projection.name, projection.name)
            tables = tables_of(connection, schema=schema, projection=projection.name)
            for table in tables.values():
                name = f"{projection.name}.{table.name}"
                digests[name] = _digest(connection, schema, table)
    return digests


def _digest(connection: Connection, schema: str, table: Table) -> str:
    digest, line = sha256(), printer(table)
    with connection.cursor(f"digest_{table.name}") as cursor:
        cursor.itersize = 5_000
        cursor.adapters.register_loader("uuid", TextLoader)  # no object for each id
        cursor.execute(
            composed(
                _PACKAGE,
                "rows_in_order",
                columns=SQL(", ").join(map(Identifier, table.columns)),
                table=Identifier(schema, table.name),
                key=_key(connection, schema, table),
            )
        )
        for row in cursor:
            digest.update(line(row) + b"\n")
    return f"sha256:{digest.hexdigest()}"


def _key(connection: Connection, schema: str, table: Table) -> Composed:
    names = connection.execute(
        sql(_PACKAGE, "primary_key"), {"schema": schema, "table": table.name}
    ).fetchall()
    return SQL(", ").join(Identifier(name) for (name,) in names)
