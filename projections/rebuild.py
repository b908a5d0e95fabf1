"""Build projections anew beside the live ones, and swap them in one transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from psycopg import OperationalError
from psycopg.sql import Identifier

from ledger.errors import IntegrityError
from projections import decisions
from projections.projection import PROJECTIONS, advance
from projections.schemas import add_partitions, create_schema
from projections.statements import composed, sql

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import PublicFolder
    from projections.database import Connection
    from projections.projection import Projection

_PACKAGE = "projections"


def rebuild(
    connection: Connection,
    *,
    log: Log,
    public: PublicFolder,
    control: Control,
    now: int,
    projections: Sequence[Projection] = PROJECTIONS,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Fold the log into ``<name>_next`` and put it in the place of ``<name>``.

    Readers see the old tables until the swap and the new ones after it; the new ones
    have read every origin at least as far. Where another process makes tables anew, its
    end is waited for.

    Args:
        connection: of the owner, with no transaction open.
        log: where values are read.
        public: where leaves are read.
        control: the verified control log.
        now: microseconds since 1970, for partitions.
        projections: which to rebuild.
        progress: is told how many leaves more were read.

    Raises:
        IntegrityError: the log contradicts itself, or is shorter than what the live
            tables were made from.
    """
    shadow = shadow_of(projections)

    def catch_up() -> None:
        advance(
            connection,
            log=log,
            public=public,
            control=control,
            projections=projections,
            schemas=shadow,
            progress=progress,
        )

    connection.execute(sql(_PACKAGE, "rebuild_lock"))
    with unlocking(connection):
        create_shadow(connection, projections, shadow, now=now)
        catch_up()
        put_in_place(connection, control, projections, catch_up)


def shadow_of(projections: Sequence[Projection]) -> dict[str, str]:
    """Return the schemas that projections are made anew in."""
    return {projection.name: f"{projection.name}_next" for projection in projections}


@contextmanager
def unlocking(connection: Connection) -> Generator[None]:
    """Let another process make tables anew in the end; so does a lost connection."""
    try:
        yield
    finally:
        with suppress(OperationalError):
            connection.execute(sql(_PACKAGE, "rebuild_unlock"))


def put_in_place(
    connection: Connection,
    control: Control,
    projections: Sequence[Projection],
    catch_up: Callable[[], object],
) -> None:
    """Read what is new with all writers waiting, and swap, in one transaction.

    Raises:
        IntegrityError: the live tables were made from more than the log gives.
    """
    shadow = shadow_of(projections)
    _drop(connection, projections, "_old")
    with connection.transaction():
        for origin in control.origins:
            connection.execute(sql(_PACKAGE, "advance_lock"), {"origin": origin})
        catch_up()
        for projection in projections:
            _swap(connection, projection.name, shadow[projection.name])
    _drop(connection, projections, "_old")


def positions(connection: Connection, *, schema: str) -> dict[str, int]:
    """Return origin → number of leaves a schema has been made from."""
    place = Identifier(schema, "position")
    found = connection.execute(composed(_PACKAGE, "positions", position=place))
    return {origin: leaf for origin, leaf, _ in found.fetchall()}


def create_shadow(
    connection: Connection,
    projections: Sequence[Projection],
    shadow: Mapping[str, str],
    *,
    now: int,
) -> None:
    """Make empty schemas beside the live ones; what bears their names is dropped."""
    drop_shadow(connection, shadow)
    for projection in projections:
        schema = shadow[projection.name]
        with connection.transaction():
            create_schema(connection, projection, schema=schema)
        if projection.name == decisions.SCHEMA:
            add_partitions(connection, schema=schema, now=now)


def _swap(connection: Connection, live: str, shadow: str) -> None:
    known = connection.execute(
        sql(_PACKAGE, "schema_version"), {"schema": live}
    ).fetchone()
    if known is not None:
        _check_reach(live, positions(connection, schema=live), shadow, connection)
        retired = Identifier(f"{live}_old")
        connection.execute(
            composed(_PACKAGE, "rename_schema", schema=Identifier(live), name=retired)
        )
    connection.execute(
        composed(
            _PACKAGE, "rename_schema", schema=Identifier(shadow), name=Identifier(live)
        )
    )


def _check_reach(
    live: str, reached: Mapping[str, int], shadow: str, connection: Connection
) -> None:
    rebuilt = positions(connection, schema=shadow)
    for origin, leaf in reached.items():
        if rebuilt.get(origin, 0) < leaf:
            raise IntegrityError(
                f"{live}: {origin} was projected to leaf {leaf}; the log gives less",
                place=f"{live}.position {origin}",
                expected=f"{leaf} leaves or more",
                actual=f"{rebuilt.get(origin, 0)} leaves",
            )


def drop_shadow(connection: Connection, shadow: Mapping[str, str]) -> None:
    """Drop the schemas that :func:`create_shadow` has made."""
    with connection.transaction():
        for schema in shadow.values():
            name = Identifier(schema)
            connection.execute(composed(_PACKAGE, "drop_schema", schema=name))


def _drop(
    connection: Connection, projections: Sequence[Projection], suffix: str
) -> None:
    names = {
        projection.name: f"{projection.name}{suffix}" for projection in projections
    }
    drop_shadow(connection, names)
