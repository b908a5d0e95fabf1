"""What the commands that list and show have in common: times, marks, words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

from typer import Argument, Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from projections.asking import Bounds
    from projections.database import Connection
    from projections.registry.answers import ModelVersion, Release

_Found = TypeVar("_Found")
EventArgument = Annotated[str, Argument(metavar="ID", help="event id")]
FilterOption = Annotated[
    str, Option("--filter", help="such as: tags.team = 'risk' AND metrics.auc > 0.8")
]
OrderOption = Annotated[
    str, Option("--order-by", help="such as: metrics.auc DESC, name; gaps come last")
]
EveryOption = Annotated[bool, Option("--all", help="what is the same as well")]
_DAY_S = 86_400


def present_moment() -> datetime:
    """Return the time of the clock."""
    from ledger import clock
    from projections.columns import to_time

    return to_time(clock.now_us())


def current(limits: Bounds) -> Bounds:
    """Return the same bounds, as of now where they name no moment.

    What is dated ahead does not hold yet: "the champion" is that of today.
    """
    from projections.asking import Bounds

    return Bounds(limits.as_of or present_moment(), limits.known_as_of)


def present(found: _Found | None, what: str) -> _Found:
    """Return what was found.

    Raises:
        NotFoundError: nothing was.
    """
    from ledger.errors import NotFoundError

    if not found:
        raise NotFoundError(f"{what}: not recorded in the ledger")
    return found


def marked(rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Add to each row ``late``: what its two times say against each other, or None.

    A producer that was offline delivers late: its events keep the order in which they
    happened, and say that they were sealed days after.
    """
    return [row | {"late": lateness(row)} for row in rows]


def lateness(row: dict[str, object]) -> str | None:
    """Return how late a row was sealed, or that it is dated after its sealing."""
    from projections.status import AHEAD_AFTER, LATE_AFTER

    happened, sealed = row.get("time"), row.get("sealed_at")
    if not isinstance(happened, datetime) or not isinstance(sealed, datetime):
        return None
    if sealed - happened > LATE_AFTER:
        return f"late: sealed {days(happened, sealed):.1f} days after"
    if happened - sealed > AHEAD_AFTER:
        return f"ahead: dated {days(sealed, happened):.1f} days after its sealing"
    return None


def days(since: datetime, until: datetime) -> float:
    """Return the days from one moment to another, to a tenth."""
    return round((until - since).total_seconds() / _DAY_S, 1)


def version_named(connection: Connection, name: str, bounds: Bounds) -> ModelVersion:
    """Return the version of ``MODEL@VERSION``, ``MODEL@ALIAS``, or of an event id.

    Raises:
        NotFoundError: no such version.
        ConflictError: two contents bear that label.
    """
    from ledger.errors import ConflictError
    from projections.commands.opening import identifier
    from projections.registry.naming import alias_at
    from projections.registry.queries import model_versions

    model, at, label = name.partition("@")
    if not at:
        key = identifier(name)
        return present(
            model_versions(connection, model_version=key, bounds=bounds), name
        )[0]
    found = model_versions(connection, model=model, version=label, bounds=bounds)
    if not found:
        meant = alias_at(connection, model, alias=label, bounds=current(bounds))
        key = present(meant, f"version or alias {name}")[0].model_version_id
        found = model_versions(connection, model_version=key, bounds=bounds)
    if any(one.conflicting for one in found):
        raise ConflictError(
            f"{name}: two contents bear that label",
            hint=f"name one by its event id; see: mlledger model show {name}",
        )
    return present(found, f"version {name}")[0]


def release_named(connection: Connection, name: str, bounds: Bounds) -> Release:
    """Return the release of an event id, a label, or ``MODEL@LABEL``.

    Raises:
        NotFoundError: no such release.
        ConflictError: several releases bear that label.
    """
    from uuid import UUID

    from ledger.errors import ConflictError
    from projections.registry.queries import releases

    try:
        key = UUID(name)
    except ValueError:
        model, at, label = name.rpartition("@")
        found = releases(
            connection, model=model if at else None, label=label, bounds=bounds
        )
    else:
        found = releases(connection, release=key, bounds=bounds)
    if len({one.release_digest for one in found}) > 1:
        raise ConflictError(
            f"{name}: {len(found)} releases bear that label",
            hint="name one by its event id: mlledger release ls",
        )
    return present(found, f"release {name}")[0]


def words(data: dict[str, object]) -> str:
    """Return an object as lines for people, lists one item a line."""
    from ledger.output import cell

    lines: list[str] = []
    for name, value in data.items():
        if isinstance(value, list) and value:
            lines.append(f"{name}:")
            lines += [f"  - {cell(item)}" for item in cast("Sequence[object]", value)]
        else:
            lines.append(f"{name}: {cell(cast('object', value)) or '-'}")
    return "\n".join(lines)
