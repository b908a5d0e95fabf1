"""Is the database made of what this program makes, so that its rows can be believed?"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.verification.findings import Findings
from projections.projection import PROJECTIONS
from projections.schemas import schema_states
from projections.statements import sql
from projections.structure import (
    added_to_system,
    differing,
    foreign,
    parts_made,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from ledger.errors import IntegrityError
    from ledger.verification.steps import Step
    from projections.database import Connection

NAME = "projection schema"
_PACKAGE = "projections"


def structure_steps(
    connection: Connection, made: Mapping[str, str] | None = None
) -> list[Step]:
    """Compare what the schemas are made of with new ones, or with their statements.

    Args:
        connection: of any role.
        made: projection name → a schema that was just made from the same statements;
            None compares with the statements, which shows less.
    """
    findings = Findings(NAME)
    for error in structure_errors(connection, made):
        findings.add(error)
    compared = (
        "what they are made of is that of new ones"
        if made
        else (
            "no policy, rule, view, trigger or function that this program does not make"
        )
    )
    return findings.steps(f"{len(PROJECTIONS)} schemas: {compared}")


def wrong_steps(connection: Connection) -> list[Step]:
    """Return what is plainly not what this program makes; nothing when all is."""
    return [step for step in structure_steps(connection) if step.is_finding]


def structure_errors(
    connection: Connection, made: Mapping[str, str] | None = None
) -> list[IntegrityError]:
    """Return an error for each part that differs; see :func:`structure_steps`."""
    wanted = parts_made(connection, made or {})
    errors = added_to_system(connection)
    for projection in PROJECTIONS:
        state = schema_states(connection, projections=[projection])[projection.name]
        live = parts_of(connection, projection.name, whole=bool(made))
        if state == "current" and projection.name in wanted:
            errors += differing(projection.name, live, wanted[projection.name])
        elif state != "absent":
            text = sql(projection.package, "schema") if state == "current" else ""
            errors += foreign(projection.name, live, text)
    return errors


@contextmanager
def reading_as_auditor(connection: Connection) -> Generator[None]:
    """Read as the role that answers questions: a policy on it raises, none hides rows.

    Args:
        connection: of the owner, in autocommit, with ``row_security`` off.
    """
    connection.execute(sql(_PACKAGE, "act_as_auditor"))
    try:
        yield
    finally:
        connection.execute(sql(_PACKAGE, "act_as_before"))
