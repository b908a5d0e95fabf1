"""Fill tables in memory from the entries that a bundle encloses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from projections import decisions, integrity, lineage, registry
from projections.columns import MAX_TIME, MIN_TIME, UnstorableError
from projections.folding import unreadable_row
from projections.integrity.leaves import leaf_row
from projections.replay.tables import Rows, encoder_of
from projections.rows import EventPosition, Row

if TYPE_CHECKING:
    from ledger.bundle.content import Reader
    from ledger.bundle.enclosed import Fact

PROJECTIONS = (
    (registry.SCHEMA, registry.rows),
    (lineage.SCHEMA, lineage.rows),
    (decisions.SCHEMA, decisions.rows),
    (integrity.SCHEMA, integrity.rows),
)


def fill(reader: Reader) -> Rows:
    """Return the rows that the enclosed ranges make, leaf by leaf."""
    rows = Rows()
    for each in reader.enclosed.contents.ranges:
        origin = f"{reader.checks.name}/{each.log}"
        for place, leaf in reader.enclosed.leaves.items():
            if place.log == each.log and each.first <= place.leaf <= each.last:
                row = leaf_row(leaf, origin=origin, number=place.leaf)
                rows.add(integrity.SCHEMA, row.table, row.values)
    ranges = {each.log: each for each in reader.enclosed.contents.ranges}
    for place, fact in reader.enclosed.facts.items():
        each = ranges.get(place.log)
        if each and each.first <= place.leaf <= each.last:
            _fill_event(rows, reader, fact)
    return rows


def _fill_event(rows: Rows, reader: Reader, fact: Fact) -> None:
    at = EventPosition(f"{reader.checks.name}/{fact.place.log}", *fact.place[1:])
    sealed_at = fact.leaf.sealed_at_ms * 1_000
    try:
        made = _made(reader, fact, at, sealed_at)
    except (MalformedError, UnstorableError) as error:
        row = unreadable_row(at, sealed_at, fact.schema_id, fact.body, error)
        made = [(integrity.SCHEMA, row)]
    for projection, row in made:
        rows.add(projection, row.table, row.values)


def _made(
    reader: Reader, fact: Fact, at: EventPosition, sealed_at: int
) -> list[tuple[str, Row]]:
    event = reader.decode(fact)
    key = reader.checks.key(fact.at)
    identity, kind = (key.identity, key.kind) if key else ("", "")
    if not MIN_TIME <= event.time <= MAX_TIME:
        raise UnstorableError(f"time: {event.time} is outside the years 1 to 9999")
    made: list[tuple[str, Row]] = []
    for name, rows in PROJECTIONS:
        for row in rows(event, at, sealed_at, identity, kind):
            encoder_of(name, row.table)(row.values)
            made.append((name, row))
    return made
