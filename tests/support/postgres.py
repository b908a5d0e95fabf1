"""Databases of the test server: empty ones, and ones whose tables are made already."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from ledger import clock
from projections import embedded
from projections.database import Database
from projections.schemas import migrate

# No test is about a power cut of the shared server: those have servers of their own.
_HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@contextmanager
def running_server(folder: Path) -> Generator[str]:
    """DSN of the maintenance database of a new server, however long it takes to start.

    Nobody switches it off: it keeps its data in memory.

    Args:
        folder: its data folder, which is empty, and gone afterwards.
    """
    server = embedded.attach(folder)
    try:
        _execute(server, *(f"ALTER SYSTEM SET {one}" for one in _HASTE))
        _execute(server, "SELECT pg_reload_conf()")
        yield server
    finally:
        embedded.detach(folder)
        shutil.rmtree(folder)


@contextmanager
def fresh_database(
    server: str, *, tables: bool = True, template: str = ""
) -> Generator[str]:
    """DSN of a new database of a server, dropped afterwards.

    Args:
        server: DSN of the server's maintenance database.
        tables: with the empty tables of all projections, which take 1 s to make and
            are copied here; else without anything.
        template: name of a database that is copied in place of those; nobody is
            connected to it.
    """
    name = f"t_{clock.random_bytes(6).hex()}"
    template = template or (_with_tables(server) if tables else "template1")
    create = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"  # half of the time
    _execute(server, create, names=(name, template))
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
