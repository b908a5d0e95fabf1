"""Make the schemas of the projections: tables, monthly partitions, grants."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from psycopg.errors import CheckViolation
from psycopg.sql import Identifier
from psycopg.sql import Literal as Quoted

from ledger import __version__
from ledger.errors import ConfigurationError
from projections import decisions
from projections.columns import from_time, to_time
from projections.projection import PROJECTIONS
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projections.database import Connection
    from projections.projection import Projection

State = Literal["absent", "current", "outdated", "newer"]
"""Whether a schema is there and of this version; ``newer``: a newer program made it."""
_PACKAGE = "projections"
_MONTHS_BACK, _MONTHS_AHEAD = 12, 3


def migrate(
    connection: Connection,
    *,
    now: int,
    projections: Sequence[Projection] = PROJECTIONS,
) -> dict[str, State]:
    """Create the schemas that are absent, and the partitions of the months around now.

    A projection is never altered in place: an outdated one is rebuilt beside itself.

    Args:
        connection: of the owner, with no transaction open.
        now: microseconds since 1970.
        projections: which.

    Returns:
        What each schema was before: absent (now made), current, outdated or newer.
    """
    with connection.transaction():
        connection.execute(sql(_PACKAGE, "migrate_lock"))
        before = schema_states(connection, projections=projections)
        for projection in projections:
            if before[projection.name] == "absent":
                create_schema(connection, projection, schema=projection.name)
    add_partitions(connection, schema=decisions.SCHEMA, now=now)
    return before


def schema_states(
    connection: Connection, *, projections: Sequence[Projection] = PROJECTIONS
) -> dict[str, State]:
    """Return for each projection whether its schema is there and of this version."""
    states: dict[str, State] = {}
    for projection in projections:
        row = connection.execute(
            sql(_PACKAGE, "schema_version"), {"schema": projection.name}
        ).fetchone()
        if row is None:
            states[projection.name] = "absent"
        elif row[0] == _version(projection):
            states[projection.name] = "current"
        else:
            newer = _number(row[1] or "") > _number(__version__)
            states[projection.name] = "newer" if newer else "outdated"
    return states


def refuse_newer(states: Mapping[str, State]) -> None:
    """Refuse tables of a newer program: to make them anew would undo its upgrade.

    Raises:
        ConfigurationError: a newer program made them; names the ways on.
    """
    if newer := [name for name, state in states.items() if state == "newer"]:
        raise ConfigurationError(
            f"tables that a newer mlledger than {__version__} made: {', '.join(newer)}",
            hint="upgrade this program; or go back to its tables: mlledger db rebuild",
        )


def create_schema(
    connection: Connection, projection: Projection, *, schema: str
) -> None:
    """Create one schema with its tables and grants, in the open transaction."""
    said = f"{_version(projection)}\nmade by mlledger {__version__}"
    name, version = Identifier(schema), Quoted(said)
    connection.execute(
        composed(_PACKAGE, "create_schema", schema=name, version=version)
    )
    connection.execute(sql(projection.package, "schema"))
    connection.execute(composed(_PACKAGE, "grant_schema", schema=name))


def add_partitions(connection: Connection, *, schema: str, now: int) -> int:
    """Add the monthly partitions of decisions around now; return how many are new.

    A month whose decisions lie in the default partition already stays there.
    """
    added = 0
    for first, after in _months(to_time(now)):
        partition = Identifier(schema, f"decision_{first:%Y_%m}")
        statement = composed(
            _PACKAGE,
            "create_partition",
            partition=partition,
            parent=Identifier(schema, "decision"),
            first=Quoted(_first_id(first)),
            after=Quoted(_first_id(after)),
        )
        known = connection.execute(
            sql(_PACKAGE, "table_exists"), {"name": partition.as_string(connection)}
        ).fetchone()
        if known:
            continue
        try:
            with connection.transaction():
                connection.execute(statement)
        except CheckViolation:
            continue
        added += 1
    return added


def _months(now: datetime) -> list[tuple[datetime, datetime]]:
    current = now.year * 12 + now.month - 1
    numbers = range(current - _MONTHS_BACK, current + _MONTHS_AHEAD + 1)
    return [(_month(number), _month(number + 1)) for number in numbers]


def _month(number: int) -> datetime:
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _first_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment: 48 bits of milliseconds, then zeros."""
    return UUID(int=from_time(moment) // 1_000 << 80)


def _number(version: str) -> tuple[int, ...]:
    """Return a version of the program as numbers; none before those that say so."""
    return tuple(int(one) for one in re.findall(r"[0-9]+", version)[:3])


def _version(projection: Projection) -> str:
    """Return what tells one schema from another; comments and layout make no other."""
    text = re.sub(r"--[^\n]*", "", sql(projection.package, "schema"))
    text = " ".join(text.split())
    return f"mlledger {sha256(text.encode()).hexdigest()[:16]}"
