"""What ``mlledger report`` does, without printing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from dashboard.access import Access
from dashboard.reports.decision_record import issue_record
from dashboard.reports.issue import check_file
from dashboard.reports.issued import refuse_changed
from dashboard.reports.model import SCHEMA
from ledger import clock
from ledger.config import load_config
from ledger.errors import IntegrityError, NotFoundError, UsageError
from ledger.output import format_id
from projections.chain import decision_chain
from projections.columns import to_time
from projections.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.verification import LedgerVerifier
    from projections.lineage.queries import Thing


def build_record(
    home: Path | None,
    decision_id: UUID,
    *,
    folder: Path,
    record: bool,
    known_as_of: int | None = None,
) -> tuple[dict[str, Any], int]:
    """Verify a decision's chain and issue its record.

    Args:
        home: of the ledger; None for the nearest.
        decision_id: which decision.
        folder: where the files are written.
        record: whether to record that it was issued.
        known_as_of: what had been sealed by then, microseconds since 1970.

    Returns:
        What was written, and the exit code of the verification.

    Raises:
        NotFoundError: no such decision is projected.
    """
    config = load_config(home)
    with Database.open(config) as database:
        access = Access(config, database)
        with access.connection() as connection, access.verifier() as verifier:
            chain = decision_chain(
                connection,
                decision_id,
                known_as_of=None if known_as_of is None else to_time(known_as_of),
                verifier=verifier,
            )
        issued = issue_record(
            access,
            chain,
            folder=folder,
            now=clock.now_us(),
            record=record,
            known_as_of=known_as_of,
        )
    written = {
        "decision_id": str(decision_id),
        "json": str(issued.json),
        "html": str(issued.html),
        "digest": issued.digest,
        "event_id": format_id(issued.event_id),
        "in_log": issued.in_log,
        "outcome": issued.outcome,
        "unrecorded": issued.unrecorded,
    }
    return written, chain.exit_code


def check_report(home: Path | None, content: bytes) -> dict[str, Any]:
    """Recompute a report's digest, and verify the events that record it.

    Raises:
        UsageError: the file is no report's JSON at all.
        MalformedError: the file is not in the form that was issued.
        NotFoundError: no such digest is recorded.
        IntegrityError: the record in the log contradicts itself, or names another
            digest for this report.
        MissingEvidenceError: the record in the log cannot be checked.
    """
    config = load_config(home)
    with Database.open(config) as database:
        access = Access(config, database)
        with access.connection() as connection, access.verifier() as verifier:
            _require_json(content)
            checked = check_file(connection, content)
            if not checked.records:
                refuse_changed(connection, content)
                raise NotFoundError(
                    f"{checked.digest}: the ledger records no report with this digest",
                    hint="the file was changed, was written with --no-record, or its "
                    "record is not projected yet (mlledger worker --once)",
                )
            for row in checked.records:
                _check_record(verifier, row, checked.digest)
    return {
        "report": checked.report,
        "subject": checked.subject,
        "digest": checked.digest,
        "records": [
            {
                "event_id": row.event_id,
                "identity": row.identity,
                "time": row.time,
                "sealed_at": row.sealed_at,
                "position": str(row.evidence),
            }
            for row in checked.records
        ],
    }


def _require_json(content: bytes) -> None:
    """Refuse another file than a report's JSON: that is no sign of a change."""
    if not content.lstrip().startswith(b"{") or SCHEMA.encode() not in content:
        raise UsageError(
            "not the JSON of a report",
            hint="give the .json that report build wrote, not the .html beside it",
        )


def _check_record(verifier: LedgerVerifier, row: Thing, digest: str) -> None:
    event = verifier.event(origin=row.origin, leaf=row.leaf, index=row.idx)
    found = event.decoded.fields.get("digest")
    if found != digest:
        raise IntegrityError(
            f"the database says {row.evidence} records this report; the log does not",
            place=f"lineage.report {row.event_id} column digest",
            expected=str(found),
            actual=digest,
        )
