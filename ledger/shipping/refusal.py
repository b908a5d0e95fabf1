"""What is left of a stream that ended or that the ledger refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.entry import KIND_DATA, EncodedEvent, parse_entry, verify_events_root
from ledger.errors import MalformedError, RootMismatchError
from ledger.shipping.packer import Predecessor

if TYPE_CHECKING:
    from ledger.journal.rows import Stream
    from ledger.journal.store import Journal

_IN_FLIGHT_NAMED = 1_000
MAX_TRIES = 3
"""After so many refused streams in a row their events stay in quarantine."""


def data_events(value: bytes) -> Sequence[EncodedEvent]:
    """Return the events of a data entry; none if the journal's disk altered it.

    Altered events must not be signed anew: the new signature would vouch for them.
    """
    try:
        entry = parse_entry(value)
        verify_events_root(entry)
    except (MalformedError, RootMismatchError):
        return ()
    return entry.events if entry.header.kind == KIND_DATA else ()


def predecessor(journal: Journal) -> Predecessor:
    """Return what a new stream names as the one whose place it takes."""
    earlier = journal.streams()
    if not earlier:
        return Predecessor(journal.journal_id)
    last = earlier[-1]
    rows = journal.unsealed(last.number)[:_IN_FLIGHT_NAMED]
    hashes = tuple(parse_entry(value).header_hash for _seq, value in rows)
    return Predecessor(last.stream_id, last.sealed_seq, last.sealed_head, hashes)


def tries(streams: Sequence[Stream]) -> int:
    """Count the last streams of which nothing but the opening was ever sealed."""
    count = 0
    for stream in reversed(streams):
        if stream.sealed_seq not in {None, 0}:
            break
        count += 1
    return count
