"""Ask one question: a statement from its file, rows as frozen dataclasses."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from ledger.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    IntegrityError,
    NotAuthorisedError,
)
from projections.rows import EventPosition
from projections.statements import sql

if TYPE_CHECKING:
    from collections.abc import Generator

    from projections.database import Connection

__all__ = ["Bounds", "Evidence", "ask", "ask_one", "asking"]

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What every row of an answer leads back to.

    Attributes:
        event_id: the event that said so.
        time: when it happened, as claimed by who signed it.
        sealed_at: when it was sealed, by the sealer's clock.
        origin: log it is in; with leaf and idx its position.
        leaf: seal leaf of its entry.
        idx: its number in the entry.
        identity: who signed it.
    """

    event_id: UUID
    time: datetime
    sealed_at: datetime
    origin: str
    leaf: int
    idx: int
    identity: str

    @property
    def evidence(self) -> EventPosition:
        """Where the event is in the log."""
        return EventPosition(self.origin, self.leaf, self.idx)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Which facts count; None means no bound.

    Attributes:
        as_of: what had happened by then, as claimed.
        known_as_of: what had been sealed by then.
    """

    as_of: datetime | None = None
    known_as_of: datetime | None = None


ALWAYS = Bounds()


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
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotAuthorisedError(f"database: {error}") from error
    except (psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted) as error:
        raise IntegrityError(
            f"database: {error}",
            place=f"database: {error.diag.message_primary}",
            hint="the log is the truth: remake the tables with mlledger db rebuild",
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailableError(f"database: {error}") from error
