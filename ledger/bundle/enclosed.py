"""What a bundle encloses: seal leaves, headers, entries and the events they give.

Nothing here is trusted yet; it is only taken apart, and it must fit together: each leaf
is there for an event or a record, and each event has its leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ledger.bundle.contents import Contents, LogPart, Place
from ledger.entry import SignedEntry, parse_entry
from ledger.errors import MalformedError
from ledger.header import Header, parse_header
from ledger.leaf import SealLeaf, parse_leaf
from ledger.verdict import Verdict
from ledger.verification.places import at


class At(NamedTuple):
    """A leaf of a log."""

    log: str
    leaf: int

    def __str__(self) -> str:
        return f"{self.log} leaf {self.leaf}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event that a bundle gives, shown alone or within its record.

    Attributes:
        place: where it is.
        schema_id: 32 bytes.
        body: Avro body as signed.
        leaf: the seal leaf of its entry.
        header: header of its entry.
    """

    place: Place
    schema_id: bytes
    body: bytes
    leaf: SealLeaf
    header: Header

    @property
    def at(self) -> At:
        """The leaf of its entry."""
        return At(self.place.log, self.place.leaf)


class Enclosed:
    """A bundle's leaves and events, by place.

    Args:
        contents: as :func:`ledger.bundle.layout.parse_files` returns them.

    Raises:
        MalformedError: a leaf, header or entry does not parse; an event without leaf;
            a leaf that nothing asks for.

    Attributes:
        leaves: all seal leaves.
        headers: of the accepted leaves.
        entries: of the accepted leaves whose record is enclosed.
        facts: all events, by log, leaf and index.
    """

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.leaves: dict[At, SealLeaf] = {}
        self.headers: dict[At, Header] = {}
        self.entries: dict[At, SignedEntry] = {}
        for log, part in contents.logs.items():
            self._take_leaves(log, part)
            _check_asked_for(log, part, self.leaves)
        self.facts: dict[Place, Fact] = {fact.place: fact for fact in self._facts()}

    def facts_outside(self, *logs: str) -> list[Fact]:
        """Return the events of all logs but some."""
        return [fact for fact in self.facts.values() if fact.place.log not in logs]

    def _take_leaves(self, log: str, part: LogPart) -> None:
        for number, data in part.leaves.items():
            place = At(log, number)
            with at(str(place)):
                leaf = self.leaves[place] = parse_leaf(data)
                if leaf.verdict == Verdict.ACCEPTED:
                    self.headers[place] = parse_header(leaf.header_bytes)
        for number, value in part.records.items():
            place = At(log, number)
            if place in self.headers:
                with at(str(place)):
                    self.entries[place] = parse_entry(value)

    def _facts(self) -> Iterator[Fact]:
        for log, part in self.contents.logs.items():
            shown = list(self._shown(log, part)) + list(self._recorded(log, part))
            yield from sorted(shown, key=lambda fact: fact.place)

    def _shown(self, log: str, part: LogPart) -> Iterator[Fact]:
        for event in part.events:
            place = At(log, event.leaf)
            leaf, header = self.leaves[place], self.headers.get(place)
            if header is None:
                raise MalformedError(
                    f"{place}: sealed as {leaf.verdict.name}, so its events count for "
                    "nothing",
                    place=str(place),
                    expected="ACCEPTED",
                    actual=leaf.verdict.name,
                )
            yield Fact(
                Place(log, event.leaf, event.index),
                event.schema_id,
                event.body,
                leaf,
                header,
            )

    def _recorded(self, log: str, part: LogPart) -> Iterator[Fact]:
        for number in part.records:
            place = At(log, number)
            entry = self.entries.get(place)
            if entry is None:
                continue
            leaf, header = self.leaves[place], self.headers[place]
            for index, event in enumerate(entry.events):
                where = Place(log, number, index)
                yield Fact(where, event.schema_id, event.body, leaf, header)


def _check_asked_for(log: str, part: LogPart, leaves: Mapping[At, SealLeaf]) -> None:
    shown, recorded = {event.leaf for event in part.events}, part.records.keys()
    if both := shown & recorded:
        place = str(At(log, min(both)))
        raise MalformedError(f"{place}: shown both whole and in part", place=place)
    if lost := (shown | recorded) - part.leaves.keys():
        place = str(At(log, min(lost)))
        raise MalformedError(f"{place}: without its seal leaf", place=place)
    for number in part.leaves.keys() - shown - recorded:
        place = At(log, number)
        if leaves[place].verdict != Verdict.GAP:
            raise MalformedError(f"{place}: nothing asks for it", place=str(place))
