"""Ask a question of the database and enclose all that its answer is drawn from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from psycopg.sql import Identifier

from ledger.bundle.contents import QUESTIONS, is_read
from ledger.bundle.rows import format_rows
from ledger.errors import InvalidEventError
from projections.asking import asking
from projections.commands.opening import bounds
from projections.commands.parameters import arguments, times_of
from projections.commands.question import named
from projections.replay.answering import as_rows
from projections.statements import composed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.bundle.collect import Collector
    from ledger.bundle.contents import Contents
    from projections.database import Connection


def prove(
    connection: Connection, collector: Collector, name: str, pairs: Sequence[str]
) -> Contents:
    """Return the bundle of an answer.

    Args:
        connection: of any role.
        collector: makes bundles of the same ledger.
        name: of the question, or its number.
        pairs: ``KEY=VALUE``, as on the command line.

    Raises:
        InvalidEventError: a question that no bundle answers, or a wrong parameter.
        NotFoundError: nothing of that name is recorded.
    """
    question = named(name)
    if question.__name__ not in QUESTIONS:
        known = ", ".join(QUESTIONS)
        raise InvalidEventError(f"{name}: not in bundles yet", hint=f"one of: {known}")
    times, rest = times_of(list(pairs))
    limits = bounds(times.get("as_of"), times.get("known_as_of"))
    values = arguments(question, rest, limits)
    given = {key: text for key, _, text in (pair.partition("=") for pair in pairs)}
    given |= {key: _written(values[key]) for key in given if key in values}
    moments = {"as_of": limits.as_of, "known_as_of": limits.known_as_of}
    moments["now"] = cast("datetime | None", values.get("now"))
    given |= {key: _written(moment) for key, moment in moments.items() if moment}
    with connection.transaction():
        sizes = _positions(connection)
        rows = as_rows(question.__name__, question(connection, **values))
    logs = {collector.sources.log_of(origin): size for origin, size in sizes.items()}
    wanted = {
        log: size for log, size in logs.items() if is_read(question.__name__, log)
    }
    return collector.answer(question.__name__, given, format_rows(rows), sizes=wanted)


def _written(value: object) -> str:
    """Return a parameter in the form that bundles have, see ``docs/format.md``."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _positions(connection: Connection) -> dict[str, int]:
    """Return how many leaves of each origin the answer is drawn from."""
    place = Identifier("integrity", "position")
    with asking():
        found = connection.execute(
            composed("projections", "positions", position=place)
        ).fetchall()
    return {origin: leaf for origin, leaf, _ in found if leaf}
