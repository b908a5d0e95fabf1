"""What ``mlledger doctor`` asks of the projections' database."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ledger.doctor import OK, WARNING, Finding

if TYPE_CHECKING:
    from ledger.config import Config


def database(config: Config) -> Iterator[Finding]:
    """Open the database and say whether its tables are of this version.

    Raises:
        DatabaseUnavailableError: the server does not answer.
    """
    if find_spec("psycopg") is None:
        yield Finding("database", OK, "not used: the extra postgres is not installed")
        return
    from projections.database import Database
    from projections.schemas import schema_states

    with Database.open(config) as opened, opened.connect("auditor") as connection:
        found = schema_states(connection)
    odd = [name for name, state in found.items() if state != "current"]
    if odd:
        text = f"tables absent or of another version: {', '.join(odd)}"
        yield Finding(
            "database", WARNING, text, "mlledger worker, or mlledger db rebuild"
        )
    else:
        yield Finding("database", OK, "answers; tables are of this version")
