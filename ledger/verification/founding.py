"""The genesis entry, found in a log by the ledger's id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.control import Control
from ledger.entry import SignedEntry, parse_entry, verify_events_root
from ledger.errors import IntegrityError, MissingEvidenceError
from ledger.log import CONTROL, Log
from ledger.verification.places import at, log_place

if TYPE_CHECKING:
    from ledger.note import Vkey


def genesis_entry(log: Log, ledger_id: bytes) -> SignedEntry:
    """Return the entry that founds the ledger with this id.

    Raises:
        IntegrityError: the log's first control record is another one.
        MissingEvidenceError: the log has no first control record.
    """
    place = log_place("control", 0)
    first, end = log.bounds(CONTROL)
    record = next(log.read(CONTROL, 0, max_records=1), None) if first < end else None
    if record is None or record.offset != 0 or record.value is None:
        raise MissingEvidenceError(
            f"{place}: the genesis record is not in the log",
            place=place,
            expected=f"ledger id {ledger_id.hex()}",
        )
    with at(place):
        entry = parse_entry(record.value)
        if entry.header_hash != ledger_id:
            raise IntegrityError(
                "this log is of another ledger, or its genesis was altered",
                place=place,
                expected=f"ledger id {ledger_id.hex()}",
                actual=entry.header_hash.hex(),
            )
        verify_events_root(entry)
    return entry


def genesis_vkey(entry: SignedEntry) -> Vkey:
    """Return the first key of the control log, as its genesis entry sets it."""
    with at(log_place("control", 0)):
        founded = Control()
        founded.apply(0, entry)
    return next(iter(founded.log_vkeys.values()))
