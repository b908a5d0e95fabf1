"""Compare the rows of a chain with the log: row by row, reference by reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ledger.bundle.references import references
from ledger.errors import EvidenceError, MissingEvidenceError, UnavailableError
from ledger.output import format_id
from projections.columns import plain, printed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.verification import LedgerVerifier, VerifiedEvent
    from projections.stored import Stored

Integrity = Literal["verified", "failed", "not_checked"]
SUSPECT = "sealed in a window in which its key counts as compromised"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the comparison of one row with the log came to.

    Attributes:
        integrity: ``failed``: the evidence contradicts itself (alteration, corruption
            or defect; not decided). ``not_checked``: something is absent.
        event: the verified event, when there is one.
    """

    integrity: Integrity
    reason: str | None = None
    place: str | None = None
    expected: str | None = None
    actual: str | None = None
    event: VerifiedEvent | None = None


def check_rows(
    rows: list[Stored], verifier: LedgerVerifier, positions: Mapping[str, int]
) -> list[Outcome]:
    """Return one outcome a row: event verified, columns equal, references exact.

    Args:
        rows: of fact tables.
        verifier: re-reads each event from log and public folder.
        positions: origin → number of leaves the projections have read.
    """
    outcomes = [_check_row(row, verifier, positions) for row in rows]
    digests = {
        outcome.event.decoded.id: outcome.event.decoded.digest()
        for outcome in outcomes
        if outcome.event
    }
    return [
        _check_references(row, outcome, digests)
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


def _check_row(
    row: Stored, verifier: LedgerVerifier, positions: Mapping[str, int]
) -> Outcome:
    at, place = row.position, f"{row.name} {row.id}"
    if not 0 <= at.leaf < positions.get(at.origin, 0):
        return Outcome(
            "failed",
            "the row names a leaf that was never projected",
            f"{place} column leaf",
            f"below {positions.get(at.origin, 0)} of {at.origin}",
            str(at.leaf),
        )
    try:
        event = verifier.event(origin=at.origin, leaf=at.leaf, index=at.index)
    except MissingEvidenceError as error:
        return _outcome("not_checked", error)
    except EvidenceError as error:
        return _outcome("failed", error)
    except UnavailableError as error:
        return Outcome("not_checked", str(error), place)
    if row.absent:
        return Outcome(
            "failed",
            "the event is in the log, its row is absent",
            place,
            "a row",
            "no row",
            event,
        )
    return _compare(row, event)


def _outcome(integrity: Integrity, error: EvidenceError) -> Outcome:
    return Outcome(
        integrity, str(error), error.place or None, error.expected, error.actual
    )


def _compare(row: Stored, event: VerifiedEvent) -> Outcome:
    from projections.chain_rows import expected_rows

    values = expected_rows(event, row.position).get(row.name)
    place = f"{row.name} {row.id}"
    if values is None:
        return Outcome(
            "failed",
            f"the event at {row.position} makes no row of {row.name}",
            f"{place} column event_id",
            format_id(event.decoded.id),
            str(row.id),
            event,
        )
    columns = zip(row.table.columns, row.table.types, values, strict=True)
    for name, kind, value in columns:
        recorded, stored = plain(value, kind), row.values[name]
        if recorded != stored:
            return Outcome(
                "failed",
                f"column {name} differs from the log",
                f"{place} column {name}",
                printed(recorded, kind),
                printed(stored, kind),
                event,
            )
    return Outcome("verified", SUSPECT if event.suspect else None, event=event)


def _check_references(
    row: Stored, outcome: Outcome, digests: Mapping[bytes, bytes]
) -> Outcome:
    if outcome.integrity != "verified" or outcome.event is None:
        return outcome
    for path, reference in references(outcome.event.decoded.fields, ""):
        digest = digests.get(reference["id"])
        if digest is None or reference["digest"] == f"sha256:{digest.hex()}":
            continue
        return Outcome(
            "failed",
            f"{path} names another content of event {format_id(reference['id'])}",
            f"{row.name} {row.id} field {path}",
            reference["digest"],
            f"sha256:{digest.hex()}",
            outcome.event,
        )
    return outcome
