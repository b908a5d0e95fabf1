"""What the disclosed events say: bodies, read by their schemas, and who said it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.bundle.contents import MANIFEST, Place
from ledger.codec import Decoded, Decoders, to_json
from ledger.errors import MalformedError, MissingEvidenceError
from ledger.ledger_types import ledger_types
from ledger.verification.places import at

if TYPE_CHECKING:
    from ledger.authority import KeyState
    from ledger.bundle.checks import Checks
    from ledger.bundle.enclosed import Enclosed, Fact
    from ledger.verification.findings import Findings


@dataclass(frozen=True, slots=True)
class Shown:
    """One event of a bundle with all that was found about it.

    Attributes:
        fact: where it is, and its leaf.
        event: the decoded event.
        key: who signed it.
    """

    fact: Fact
    event: Decoded
    key: KeyState


class Reader:
    """Reads the events of a bundle.

    Args:
        checks: the bundle and what was found about its keys and times.
        with_fields: whether rows tell all fields of an event; to print them by their
            types, the classes of all events are loaded (0.1 s).

    Attributes:
        checks: as given.
        events: decoded events by place.
    """

    def __init__(self, checks: Checks, *, with_fields: bool = True) -> None:
        self.checks = checks
        self._with_fields = with_fields
        self.events: dict[Place, Decoded] = {}
        self._decoders = Decoders(self._schema)

    @property
    def enclosed(self) -> Enclosed:
        """The bundle's leaves and events."""
        return self.checks.enclosed

    def decode_all(self, found: Findings) -> str:
        """Read every event; a disclosed body that its schema does not consume fails.

        Within a whole record it is only counted: such an entry was accepted, and what
        its events say was never part of the verdict.
        """
        unread = 0
        for place, fact in self.enclosed.facts.items():
            with found.collected(), at(str(place)):
                try:
                    self.events[place] = self.decode(fact)
                except MalformedError:
                    if fact.at not in self.enclosed.entries:
                        raise
                    unread += 1
        said = f", {unread} are not readable" if unread else ""
        return f"{len(self.events)} events read by their schemas{said}"

    def decode(self, fact: Fact) -> Decoded:
        """Return what an event says.

        Raises:
            MalformedError: its schema does not exactly consume it.
            MissingEvidenceError: the schema is not enclosed.
        """
        return self._decoders.decode(fact.schema_id, fact.body)

    def shown(self, place: Place) -> Shown | None:
        """Return an event with what was found about it."""
        fact, event = self.enclosed.facts.get(place), self.events.get(place)
        key = self.checks.key(fact.at) if fact else None
        return Shown(fact, event, key) if fact and event and key else None

    def row(self, place: Place, role: str) -> dict[str, object]:
        """Return an event as a row for people and JSON."""
        from ledger.output import format_id, format_time

        shown = self.shown(place)
        if shown is None:
            return {"role": role, "place": str(place)}
        fact, event, moments = shown.fact, shown.event, self.checks.moments
        at_leaf = (place.log, place.leaf)
        attested = moments.attested_ms(*at_leaf)
        row: dict[str, object] = {
            "role": role,
            "type": event.name,
            "version": event.version,
            "event_id": format_id(event.id),
            "position": {
                "origin": f"{self.checks.name}/{place.log}",
                "leaf": place.leaf,
                "index": place.index,
            },
            "identity": shown.key.identity,
            "kind": shown.key.kind,
            "suspect": fact.at in self.checks.suspects,
            "claimed": format_time(event.time),
            "sealed": format_time(fact.leaf.sealed_at_ms * 1_000),
            "attested_not_later_than": attested and format_time(attested * 1_000),
            "attested": moments.words(*at_leaf),
        }
        if self._with_fields:
            row["fields"] = to_json(event)
        return row

    def main_events(self) -> dict[Place, Decoded]:
        """Return what is outside the ledger's own logs, openings of streams apart."""
        return {
            place: event
            for place, event in self.events.items()
            if is_main(place) and event.name != "ledger.stream.opened"
        }

    def _schema(self, schema_id: bytes) -> bytes:
        if kind := ledger_types().get(schema_id):
            return kind.schema
        schema = self.enclosed.contents.schemas.get(schema_id)
        if schema is None:
            raise MissingEvidenceError(
                f"schema {schema_id.hex()}: not in the bundle",
                place=f"schema/{schema_id.hex()}.json",
            )
        return schema


def is_main(place: Place) -> bool:
    """Tell whether a place is in a log of events."""
    return place.log != "control" and place.log.partition("/")[0] != MANIFEST
