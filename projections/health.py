"""What ``mlledger doctor`` asks of the projections' database."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ledger.doctor import FAILED, OK, WARNING, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.config import Config
    from ledger.errors import IntegrityError


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
    from projections.structure_check import structure_errors

    with Database.open(config) as opened, opened.connect("auditor") as connection:
        found = schema_states(connection)
        wrong = structure_errors(connection)
    odd = {name: state for name, state in found.items() if state != "current"}
    if odd:
        said = ", ".join(f"{name} {state}" for name, state in odd.items())
        repair = "mlledger worker makes them, or mlledger db rebuild"
        if "newer" in odd.values():
            repair = "upgrade this program; back to its tables: mlledger db rebuild"
        yield Finding("database", WARNING, f"tables: {said}", repair)
    if wrong:
        yield _foreign(wrong)
    elif not odd:
        yield Finding("database", OK, "answers; tables are of this version")


def _foreign(wrong: Sequence[IntegrityError]) -> Finding:
    """Say that tables may show other rows than were written into them."""
    text = f"{len(wrong)} parts that this program does not make, or makes otherwise, "
    text += f"such as {wrong[0].place}: answers may be false"
    repair = "mlledger audit names them; mlledger db rebuild makes the tables anew"
    return Finding("database", FAILED, text, repair, wrong[0].exit_code)
