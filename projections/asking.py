"""Ask one question: a statement from its file, rows as frozen dataclasses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.rows import class_row

from ledger.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    IntegrityError,
    NotAuthorisedError,
)
from projections.evidence import ALWAYS, Bounds, Evidence
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Generator

    from projections.database import Connection

__all__ = ["ALWAYS", "Bounds", "Evidence", "ask", "ask_one", "asking"]

_Answer = TypeVar("_Answer")
_ROW_SECURITY = "rls.c"
"""Where in the server's source a policy would apply; its words are translated."""


def ask(
    connection: Connection,
    package: str,
    question: str,
    kind: type[_Answer],
    /,
    bounds: Bounds = ALWAYS,
    **parameters: object,
) -> list[_Answer]:
    """Return the answer of ``sql/<question>.sql`` of a package.

    Raises:
        ConfigurationError: the tables are not there yet.
        DatabaseUnavailableError: the database does not answer.
    """
    values = {
        "as_of": bounds.as_of,
        "known_as_of": bounds.known_as_of,
        **parameters,
    }
    with asking(), connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(sql(package, question), values).fetchall()


def ask_one(
    connection: Connection,
    package: str,
    question: str,
    kind: type[_Answer],
    /,
    bounds: Bounds = ALWAYS,
    **parameters: object,
) -> _Answer | None:
    """Return the first row of an answer, or None; otherwise as :func:`ask`."""
    found = ask(connection, package, question, kind, bounds, **parameters)
    return found[0] if found else None


@contextmanager
def asking() -> Generator[None]:
    """Turn the driver's errors into this package's."""
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise ConfigurationError(
            "the projections are not there yet",
            hint="make them with: mlledger worker --once",
        ) from error
    except psycopg.errors.UndefinedColumn as error:
        raise ConfigurationError(
            f"projections of another version: {error.diag.message_primary}",
            hint="make them anew with: mlledger db rebuild",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        if error.diag.source_file == _ROW_SECURITY:
            raise _hiding(error) from error
        raise NotAuthorisedError(f"database: {error}") from error
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
        raise IntegrityError(
            f"database: {error}",
            place=f"database: {error.diag.message_primary}",
            hint="the log is the truth: remake the tables with mlledger db rebuild",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailableError(f"database: {error}") from error


def _hiding(error: psycopg.Error) -> IntegrityError:
    """Return the error of a table with a policy that would hide rows from the asker."""
    said = error.diag.message_primary
    return IntegrityError(
        f"a row-level security policy would hide rows from this question: {said}",
        place=f"database: {said}",
        expected="no policy",
        actual="a policy",
        hint="mlledger audit names it; mlledger db rebuild makes the tables anew",
    )
