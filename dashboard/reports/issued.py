"""Whether a report file that no record fits is one that the ledger records otherwise.

What a report says of itself ties it to the event that records it: its kind, its
subject, the sealed sizes it was computed at, and when it was made: just before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dashboard.reports.issue import digest_of, parse_report
from ledger.errors import IntegrityError, InvalidEventError
from ledger.spelling import parse_time
from projections.asking import Evidence, ask
from projections.columns import to_time

if TYPE_CHECKING:
    from projections.database import Connection

_PACKAGE = "projections.lineage"
_RECORDED_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued(Evidence):
    digest: str
    positions: list[dict[str, Any]] | None


def refuse_changed(connection: Connection, content: bytes) -> None:
    """Refuse a report whose very issue is recorded with another digest.

    Args:
        connection: of any role.
        content: bytes of the JSON file; no event records their digest.

    Raises:
        IntegrityError: names both digests.
    """
    data = parse_report(content)
    for one in _issued(connection, data):
        sizes = {at["origin"]: at["size"] for at in one.positions or []}
        if sizes == data.get("positions"):
            digest = digest_of(content)
            raise IntegrityError(
                "the ledger records this report with another digest: issued "
                f"{one.digest}, this file {digest}",
                place=f"event {one.event_id}",
                expected=one.digest,
                actual=digest,
                hint="take the file again from who issued it",
            )


def _issued(connection: Connection, data: dict[str, Any]) -> list[_Issued]:
    """Return the reports of that kind and subject that were issued just then."""
    try:
        subject = UUID(str(data.get("subject")))
        since = to_time(parse_time(str(data.get("created_at"))))
        until = since + _RECORDED_WITHIN
    except (ValueError, OverflowError, InvalidEventError):
        return []  # it does not say what it is: nothing to hold it against
    return ask(
        connection,
        _PACKAGE,
        "reports_of_moment",
        _Issued,
        report=str(data.get("report")),
        subject=subject,
        since=since,
        until=until,
    )
