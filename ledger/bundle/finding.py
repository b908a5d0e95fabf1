"""Find an event by its id in the log alone, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.bundle.contents import Place
from ledger.codec import Decoders
from ledger.errors import EvidenceError, MalformedError, NotFoundError
from ledger.leaf import parse_leaf
from ledger.output import format_id
from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.bundle.sources import Sources
    from ledger.entry import SignedEntry


def find_event(sources: Sources, event_id: bytes) -> Place:
    """Return the place of the first event with an id.

    Goes through the accepted entries of every log until it is found; a body that does
    not hold the 16 bytes is not decoded.

    Raises:
        NotFoundError: no accepted entry holds it.
        EvidenceError: what is gone through contradicts itself, or is absent.
    """
    decoders = Decoders(sources.schema)
    for origin in sources.control.origins:
        log = sources.log_of(origin)
        if sources.file(log, "checkpoint") is None:
            continue
        reader, _ = sources.reader(log)
        for number in range(reader.checkpoint.size):
            leaf = parse_leaf(reader.leaf(number))
            if leaf.verdict != Verdict.ACCEPTED:
                continue
            entry = sources.entry(log, number)
            if (index := _index(decoders, entry, event_id)) is not None:
                return Place(log, number, index)
    raise NotFoundError(
        f"event {format_id(event_id)}: no sealed entry holds it",
        hint="is it sealed yet? mlledger worker --once",
    )


def is_event(sources: Sources, place: Place, event_id: bytes) -> bool:
    """Tell whether the accepted event of an id stands at a place; never raises."""
    try:
        event = sources.entry(place.log, place.leaf).events[place.index]
        decoders = Decoders(sources.schema)
        return decoders.decode(event.schema_id, event.body).id == event_id
    except (EvidenceError, IndexError):
        return False


def _index(decoders: Decoders, entry: SignedEntry, event_id: bytes) -> int | None:
    for index, event in enumerate(entry.events):
        if event_id not in event.body:
            continue
        try:
            decoded = decoders.decode(event.schema_id, event.body)
        except MalformedError:
            continue  # it has no id that could be found
        if decoded.id == event_id:
            return index
    return None
