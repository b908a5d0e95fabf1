"""R5, the individual decision record: what is recorded about one decision.

Written for the person concerned, a data protection officer or an ombudsman: role of the
model, role of people, data, version, how to contest; each field with its evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import words
from dashboard.reports.facts import Facts
from dashboard.reports.issue import issue
from dashboard.reports.model import Finding, Report
from dashboard.reports.regimes import mapping
from dashboard.reports.sections import sections
from dashboard.standing import (
    WITNESSES,
    Position,
    matched_to,
    positions,
    sizes,
    standings,
)
from ledger.errors import EvidenceError
from ledger.output import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from dashboard.access import Access
    from dashboard.reports.issue import Issued
    from ledger.config import Config
    from projections.chain import Chain
    from projections.database import Connection, Database

REPORT = "R5"
TITLE = "Individual decision record"
_NOTHING = (None, WITNESSES)


def decision_record(
    chain: Chain,
    *,
    ledger: Mapping[str, str],
    read: Mapping[str, int],
    created_at: str,
    matched: datetime | None = None,
    witnesses: str = WITNESSES,
    known_as_of: str | None = None,
) -> Report:
    """Build the record of a decision; a pure function of what it is given.

    Args:
        chain: of the decision, verified or not.
        ledger: name and ledger id.
        read: origin → leaves the projections had read.
        created_at: ISO 8601, UTC.
        matched: seal time up to which the database stands.
        witnesses: how many there are, and how many of them outside the operator.
        known_as_of: what had been sealed by then, ISO 8601, or None for all.
    """
    return Report(
        report=REPORT,
        title=TITLE,
        subject=str(chain.decision_id),
        sections=sections(Facts(chain)),
        created_at=created_at,
        known_as_of=known_as_of,
        positions=dict(read),
        ledger=dict(ledger),
        mapping=mapping(REPORT),
        verification=words.outcome(
            chain.exit_code if chain.verified else None, matched, witnesses
        ),
        findings=_findings(chain) if chain.verified else (),
    )


def record_of(
    access: Access,
    connection: Connection,
    chain: Chain,
    *,
    created_at: str,
    known_as_of: str | None = None,
) -> Report:
    """Build the record of a decision of a ledger, at the positions of this moment.

    Raises:
        LogUnavailableError: the chain was verified, and the log has gone since.
    """
    found = positions(connection)
    matched, witnesses = _matched(access, found) if chain.verified else _NOTHING
    return decision_record(
        chain,
        ledger={
            "name": access.config.name,
            "ledger_id": access.config.ledger_id.hex(),
        },
        read=sizes(found),
        created_at=created_at,
        matched=matched,
        witnesses=witnesses,
        known_as_of=known_as_of,
    )


def _matched(access: Access, found: list[Position]) -> tuple[datetime | None, str]:
    try:
        with access.verifier() as verifier:
            control = verifier.control
    except EvidenceError:
        return _NOTHING  # then no link of the chain is verified either: it says why
    stands = standings(found, public=access.public, control=control)
    return matched_to(stands), access.witnesses(control)


def issue_record(
    access: Access,
    chain: Chain,
    *,
    folder: Path,
    now: int,
    record: bool = True,
    known_as_of: int | None = None,
) -> Issued:
    """Write the record of a decision as JSON and HTML, and record that it was issued.

    Args:
        access: the ledger.
        chain: of the decision.
        folder: where ``R5-<decision id>.json`` and ``.html`` are written.
        now: microseconds since 1970.
        record: whether to keep the JSON and record ``governance.report.issued``.
        known_as_of: bound of the chain, microseconds since 1970.
    """
    with access.connection() as connection:
        report = record_of(
            access,
            connection,
            chain,
            created_at=format_time(now) or "",
            known_as_of=format_time(known_as_of),
        )
    return issue(access.config, report, folder=folder, record=record)


def write_record(
    config: Config,
    database: Database,
    chain: Chain,
    *,
    folder: Path,
    record: bool = True,
) -> Path:
    """Write the record of a decision; see :func:`issue_record`.

    Returns:
        The path of the HTML file; the JSON lies beside it.
    """
    from dashboard.access import Access
    from ledger import clock

    issued = issue_record(
        Access(config, database),
        chain,
        folder=folder,
        now=clock.now_us(),
        record=record,
    )
    return issued.html


def _findings(chain: Chain) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            what=link.kind,
            event_id=str(link.event_id) if link.event_id else None,
            integrity=link.integrity,
            reason=link.reason,
            place=link.place,
            expected=link.expected,
            actual=link.actual,
        )
        for link in chain.links
        if link.missing is None and link.integrity != "verified"
    )
