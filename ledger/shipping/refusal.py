"""What is left of a stream that the ledger refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.entry import KIND_DATA, EncodedEvent, parse_entry, verify_events_root
from ledger.errors import MalformedError, RootMismatchError

if TYPE_CHECKING:
    from ledger.journal.rows import Stream

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


def tries(streams: Sequence[Stream]) -> int:
    """Count the last streams of which nothing but the opening was ever sealed."""
    count = 0
    for stream in reversed(streams):
        if stream.sealed_seq not in {None, 0}:
            break
        count += 1
    return count
