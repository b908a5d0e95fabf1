"""Plain staged COPY: the least that gets rows into Postgres idempotently.

``COPY`` into a temporary table, from there ``INSERT … ON CONFLICT DO NOTHING``, with
one transaction for each batch: no event, no hash, no position.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Copy
from psycopg.sql import SQL, Composed, Identifier

from ledger import clock
from projections import decisions, integrity
from projections.database import Connection
from projections.projection import PROJECTIONS
from projections.schemas import add_partitions, create_schema

WAYS = ("plain", "ready")
"""Prefixes of the schemas that the two ways write."""

FIRST_LEAF = 8
"""What stands before it, such as the opening entry, is not measured."""

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Target:
    """One table that decisions are projected to; each way has a twin of it."""

    schema: str
    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def table(self) -> Identifier:
        """The projector's table."""
        return Identifier(self.schema, self.name)

    def twin(self, way: str) -> Identifier:
        """Return the table of the same shape that one way fills."""
        return Identifier(f"{way}_{self.schema}", self.name)

    @property
    def stage(self) -> Identifier:
        """The temporary table in between."""
        return Identifier(f"plain_stage_{self.name}")


def make_twins(owner: Connection) -> None:
    """Create equal tables with equal indexes and partitions."""
    for way in WAYS:
        for projection in PROJECTIONS:
            with owner.transaction():
                create_schema(owner, projection, schema=f"{way}_{projection.name}")
        add_partitions(owner, schema=f"{way}_{decisions.SCHEMA}", now=clock.now_us())


def targets(connection: Connection) -> list[Target]:
    """Return the tables that hold rows of the first event partition."""
    listed = connection.execute(
        "SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),"
        " array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition"
        " GROUP BY 1, 2 HAVING bool_or(a.attname = 'leaf') ORDER BY 1, 2",
        ([decisions.SCHEMA, integrity.SCHEMA],),
    ).fetchall()
    found = [
        Target(s, n, tuple(columns), tuple(kinds)) for s, n, columns, kinds in listed
    ]
    return [
        target
        for target in found
        if rows_of(connection, target, 0, FIRST_LEAF, limit=1)
    ]


def rows_of(
    connection: Connection,
    target: Target,
    first: int,
    after: int,
    limit: int | None = None,
) -> Rows:
    """Return the projected rows of some leaves, as the driver's values."""
    cursor = connection.cursor(binary=True)
    statement = SQL(
        "SELECT {columns} FROM {table}"
        " WHERE origin LIKE '%%/p0' AND leaf >= %s AND leaf < %s ORDER BY leaf LIMIT %s"
    ).format(columns=_columns(target), table=target.table)
    return cursor.execute(statement, (first, after, limit)).fetchall()


def bytes_of(connection: Connection, target: Target, first: int, after: int) -> bytes:
    """Return the same rows as the bytes of a binary COPY."""
    statement = SQL(
        "COPY (SELECT {columns} FROM {table}"
        " WHERE origin LIKE '%/p0' AND leaf >= {first} AND leaf < {after}"
        " ORDER BY leaf) TO STDOUT (FORMAT BINARY)"
    ).format(columns=_columns(target), table=target.table, first=first, after=after)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(bytes(part) for part in copy)


def load_rows(connection: Connection, batch: Sequence[tuple[Target, Rows]]) -> None:
    """Write a batch of the driver's values in one transaction."""
    with connection.transaction():
        for target, rows in batch:
            with _staging(connection, target) as copy:
                copy.set_types(target.types)
                for row in rows:
                    copy.write_row(row)
            _insert(connection, target, "plain")


def load_bytes(connection: Connection, batch: Sequence[tuple[Target, bytes]]) -> None:
    """Write a batch of bytes that were made beforehand in one transaction."""
    with connection.transaction():
        for target, data in batch:
            with _staging(connection, target) as copy:
                copy.write(data)
            _insert(connection, target, "ready")


def differences(connection: Connection, target: Target, way: str) -> int:
    """Count the projected rows of decisions that a way did not write likewise."""
    statement = SQL(
        "SELECT count(*) FROM (SELECT {columns} FROM {table} WHERE origin LIKE '%/p0'"
        " AND leaf >= {first} EXCEPT ALL SELECT {columns} FROM {twin}) AS missing"
    ).format(
        columns=_columns(target),
        table=target.table,
        twin=target.twin(way),
        first=FIRST_LEAF,
    )
    row = connection.execute(statement).fetchone()
    return -1 if row is None else int(row[0])


@contextmanager
def _staging(connection: Connection, target: Target) -> Generator[Copy]:
    connection.execute(
        SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {})").format(
            target.stage, target.table
        )
    )
    statement = SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(target.stage)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy


def _insert(connection: Connection, target: Target, way: str) -> None:
    connection.execute(
        SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING").format(
            target.twin(way), target.stage
        )
    )
    connection.execute(SQL("TRUNCATE {}").format(target.stage))


def _columns(target: Target) -> Composed:
    return SQL(", ").join(map(Identifier, target.columns))
