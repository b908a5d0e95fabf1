"""Databases of the test server: empty ones, and ones whose tables are made already."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

import psycopg
from psycopg import conninfo, sql

from ledger import clock
from projections.database import Database
from projections.schemas import migrate

# No test is about a power cut of the shared server: those have servers of their own.
_HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def hasten(server: str) -> None:
    """Let a server that nobody switches off keep its data in memory."""
    _execute(server, *(f"ALTER SYSTEM SET {one}" for one in _HASTE))
    _execute(server, "SELECT pg_reload_conf()")


@contextmanager
def fresh_database(server: str, *, tables: bool = True) -> Generator[str]:
    """DSN of a new database of a server, dropped afterwards.

    Args:
        server: DSN of the server's maintenance database.
        tables: with the empty tables of all projections, which take 1 s to make and
            are copied here; else without anything.
    """
    name = f"t_{clock.random_bytes(6).hex()}"
    template = _with_tables(server) if tables else "template1"
    _execute(server, "CREATE DATABASE {} TEMPLATE {}", names=(name, template))
    yield conninfo.make_conninfo(server, dbname=name)
    _execute(server, "DROP DATABASE {} WITH (FORCE)", names=(name,))


@cache
def _with_tables(server: str) -> str:
    name = "with_tables"
    _execute(server, "CREATE DATABASE {}", names=(name,))
    with Database(conninfo.make_conninfo(server, dbname=name)) as database:
        database._prepare()
        with database.connect("owner", autocommit=True) as connection:
            migrate(connection, now=clock.now_us())
    return name


def _execute(server: str, *statements: str, names: tuple[str, ...] = ()) -> None:
    quoted = [sql.Identifier(name) for name in names]
    with psycopg.connect(server, autocommit=True) as connection:
        for one in statements:
            connection.execute(sql.SQL(one).format(*quoted))  # type: ignore[arg-type]
