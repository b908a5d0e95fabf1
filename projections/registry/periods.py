"""Do the periods of deployments, an index of their events, say what the events say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import IntegrityError
from projections.statements import sql

if TYPE_CHECKING:
    from projections.database import Connection

TABLE = "registry.deployment_period"


def differing_periods(connection: Connection) -> list[IntegrityError]:
    """Return an error for each deployment whose period was changed, made up or removed.

    A live deployment without its period would be missing from what was live.

    Args:
        connection: of any role.

    Returns:
        At most a hundred, in the order of deployments.
    """
    found = connection.execute(sql("projections.registry", "periods_differ")).fetchall()
    return [_error(f"{TABLE} {deployment}", *texts) for deployment, *texts in found]


def _error(place: str, expected: str | None, actual: str | None) -> IntegrityError:
    if actual is None:
        words = "the log makes this row, the table does not hold it"
    elif expected is None:
        words = "the table holds this row, the log makes no such row"
    else:
        words = "not what the events of the deployment make of it"
    return IntegrityError(
        f"{place}: {words}",
        place=place,
        expected=expected or "no row",
        actual=actual or "no row",
    )
