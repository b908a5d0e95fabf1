"""Holds that are in force: while one is, nothing is deleted without an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.authority import role_of
from ledger.codec import Decoders
from ledger.entry import parse_entry
from ledger.errors import MissingEvidenceError
from ledger.leaf import parse_leaf
from ledger.public import OriginReader
from ledger.verdict import Verdict
from ledger.verification.control import verify_record
from ledger.verification.places import log_place, partition_of
from ledger.verification.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.codec import Decoded
    from ledger.control import Control
    from ledger.log import Log
    from ledger.public import PublicFolder

_PLACED = "governance.hold.placed"


def open_holds(log: Log, control: Control, public: PublicFolder) -> list[str]:
    """Return the names of the holds that were placed and not released, sorted.

    Reads every accepted entry: that is what it takes without any database, and seldom.
    Records that are trimmed already cannot be asked any more.
    """
    placed: set[str] = set()
    released: set[str] = set()
    for event in _events(log, control, public):
        (placed if event.name == _PLACED else released).add(str(event.fields["hold"]))
    return sorted(placed - released)


def _events(log: Log, control: Control, public: PublicFolder) -> Iterator[Decoded]:
    schema_ids = _schema_ids()
    decoders = Decoders(lambda schema_id: control.schema(schema_id) or b"")
    for origin in control.origins:
        if role_of(origin) != "events":
            continue
        for value in _accepted(log, control, public, origin):
            if not any(schema_id in value for schema_id in schema_ids):
                continue
            for event in parse_entry(value).events:
                if event.schema_id in schema_ids:
                    yield decoders.decode(event.schema_id, event.body)


def _accepted(
    log: Log, control: Control, public: PublicFolder, origin: str
) -> Iterator[bytes]:
    try:
        reader = OriginReader(public, control.known_vkeys(origin))
    except MissingEvidenceError:
        return  # nothing is sealed there
    records = Records(log, partition_of(origin))
    for data in reader.leaves(0, reader.checkpoint.size):
        leaf = parse_leaf(data)
        record = records.at(leaf.offset)
        if leaf.verdict != Verdict.ACCEPTED or record is None or record.value is None:
            continue
        verify_record(leaf, record.value, log_place(origin, leaf.offset))
        yield record.value


def _schema_ids() -> frozenset[bytes]:
    from ledger.avro import schema_id
    from ledger.events.governance import HoldPlaced, HoldReleased

    return frozenset(schema_id(kind) for kind in (HoldPlaced, HoldReleased))
