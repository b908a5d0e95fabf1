"""``mlledger vault readings | review``: emergencies, and who looked at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ledger.options import (
    AsOfOption,
    HomeOption,
    JsonOption,
    KnownAsOfOption,
    OutputOption,
    chosen,
)
from ledger.output import Answer, emit, format_id, reporting
from projections.commands.listing import emit_rows
from projections.commands.opening import (
    LimitOption,
    auditing,
    bounds,
    identifier,
    rows_of,
)

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from projections.governance.queries_changes import EmergencyReading

_COLUMNS = (
    *("event_id", "time", "principal", "purpose", "decision_id", "reason"),
    *("reviewed_by", "finding"),
)


def register(group: typer.Typer) -> None:
    """Add the commands to ``vault``."""
    group.command("readings")(readings)
    group.command("review")(review)


def readings(
    *,
    unreviewed: Annotated[
        bool, Option("--unreviewed", help="only those that nobody else reviewed")
    ] = False,
    limit: LimitOption = 100,
    as_of: AsOfOption = None,
    known_as_of: KnownAsOfOption = None,
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """List the payloads that were opened in an emergency, and who reviewed that.

    All openings are in the answer of ``mlledger query Q26``.
    """
    form = chosen(output, json=json)
    with reporting("vault readings", form), auditing(home) as connection:
        from projections.governance.queries_changes import emergency_readings

        found = emergency_readings(
            connection,
            unreviewed=unreviewed,
            limit=limit + 1,
            bounds=bounds(as_of, known_as_of),
        )
        emit_rows("vault readings", rows_of(found), form, columns=_COLUMNS, limit=limit)


def review(
    *,
    event: Annotated[str, Argument(metavar="ID", help="the reading, by its event id")],
    by: Annotated[str, Option(help="person who looked at it; their key signs")],
    note: Annotated[str, Option(help="what they found, without naming a person")],
    home: HomeOption = None,
    output: OutputOption = "table",
    json: JsonOption = False,
) -> None:
    """Record that another person looked at an emergency, and what they found.

    It is a statement in reply to the reading, signed with that person's key.
    """
    form = chosen(output, json=json)
    with reporting("vault review", form):
        reading = _reading(home, identifier(event))
        _check_other(reading, by)
        made = _recorded(home, reading, by=by, note=note)
        data = {
            "event_id": format_id(made),
            "reading": str(reading.event_id),
            "read_by": reading.principal,
            "reviewed_by": by,
        }
        emit(Answer("vault review", data), form)


def _reading(home: Path | None, event: UUID) -> EmergencyReading:
    from ledger.errors import NotFoundError
    from projections.governance.queries_changes import emergency_readings

    with auditing(home) as connection:
        found = emergency_readings(connection, event=event)
    if not found:
        raise NotFoundError(
            f"{event}: no emergency reading of that id is recorded",
            hint="mlledger vault readings lists them, once a worker has projected them",
        )
    return found[0]


def _check_other(reading: EmergencyReading, by: str) -> None:
    """Refuse a review that would not count.

    Raises:
        InvalidEventError: by no person, or by who read.
    """
    from ledger.errors import InvalidEventError
    from ledger.spelling import identity_kind

    if identity_kind(by, what="a person") != "person":
        raise InvalidEventError(f"{by}: a person reviews, not a service")
    if by in {reading.principal, reading.identity}:
        raise InvalidEventError(
            f"{by}: opened this payload, and cannot review that",
            hint="another person of this home: mlledger key new person:NAME",
        )


def _recorded(
    home: Path | None, reading: EmergencyReading, *, by: str, note: str
) -> bytes:
    import ledger
    from ledger.config import find_home
    from ledger.sdk.handles import Entry
    from ledger.vault.reading import REVIEW

    about = Entry(id=reading.event_id.bytes, digest=b"", name=REVIEW)
    with ledger.init(home or find_home()) as lg:
        made = lg.state(REVIEW, note, by=by, in_reply_to=about)
        lg.flush(10.0)
    return made.id
