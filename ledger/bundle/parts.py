"""Write the parts of a bundle down: leaves, events and records of each log, proofs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ledger.bundle.contents import Disclosed, LogPart, Place, Range
from ledger.bundle.range_proof import range_proof
from ledger.bundle.tlog_proof import TlogProof
from ledger.entry import event_hashes, event_salt
from ledger.errors import NotFoundError
from ledger.leaf import parse_leaf
from ledger.ledger_types import ledger_types
from ledger.tree import consistency_proof, nodes_of
from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.bundle.sources import Sources
    from ledger.public import OriginReader
    from ledger.verification.manifest import ManifestCut


@dataclass(slots=True)
class Draft:
    """What shall be enclosed: events by place, whole ranges by log."""

    events: set[Place] = field(default_factory=set[Place])
    ranges: dict[str, Range] = field(default_factory=dict[str, Range])

    def leaves(self, log: str) -> list[int]:
        """Return the leaves of a log, ascending."""
        found = {place.leaf for place in self.events if place.log == log}
        if whole := self.ranges.get(log):
            found |= set(range(whole.first, whole.last + 1))
        return sorted(found)

    def is_ranged(self, log: str, leaf: int) -> bool:
        """Tell whether a leaf's whole record is enclosed."""
        whole = self.ranges.get(log)
        return whole is not None and whole.first <= leaf <= whole.last

    @property
    def logs(self) -> list[str]:
        """Every log of which something is enclosed."""
        return sorted({place.log for place in self.events} | self.ranges.keys())


class Parts:
    """Writes the parts of a bundle down."""

    def __init__(
        self, sources: Sources, draft: Draft, names: Mapping[str, str]
    ) -> None:
        self._sources = sources
        self._draft = draft
        self._names = names
        self._ids: set[bytes] = set()

    def log(self, log: str) -> LogPart:
        """Return the part of one log; what it reads is at one checkpoint."""
        reader, note = self._reader(log)
        numbers = self._draft.leaves(log)
        leaves = {number: reader.leaf(number) for number in numbers}
        by_leaf: defaultdict[int, list[int]] = defaultdict(list)
        for place in sorted(self._draft.events):
            if place.log == log:
                by_leaf[place.leaf].append(place.index)
        events, proofs = list[Disclosed](), list[bytes]()
        for number, indexes in by_leaf.items():
            shown, proof = self._shown(log, number, indexes)
            events += shown
            proofs += proof
        size = reader.checkpoint.size
        return LogPart(
            checkpoint=note,
            leaves=leaves,
            proof=b"".join(range_proof(reader.nodes, indexes=numbers, size=size)),
            events=tuple(events),
            events_proof=b"".join(proofs),
            records=self._records(log, leaves),
        )

    def with_consistency(
        self, logs: Mapping[str, LogPart], cut: ManifestCut
    ) -> dict[str, LogPart]:
        """Return the parts with proofs that the manifest is of the same history."""
        named = self._sources.named_by(cut)
        done = dict(logs)
        for log, part in logs.items():
            seen = named.get(self._sources.origin(log))
            if seen is None or seen.origin == cut.origin:
                continue
            old, new = sorted((seen.size, self._reader(log)[0].checkpoint.size))
            if 0 < old < new:
                nodes = self._sources.reader(log)[0].nodes
                proof = consistency_proof(nodes, old_size=old, new_size=new)
                done[log] = replace(part, consistency=b"".join(proof))
        return done

    def schemas(self) -> dict[bytes, bytes]:
        """Return the schemas of everything that was written down before."""
        foreign = sorted(self._ids - ledger_types().keys())
        return {schema_id: self._sources.schema(schema_id) for schema_id in foreign}

    def tlog_proof(self, place: Place | None) -> bytes:
        """Return the tlog-proof of an event's leaf; nothing for none."""
        if place is None:
            return b""
        reader, note = self._reader(place.log)
        path = tuple(reader.inclusion_proof(place.leaf))
        return TlogProof(place.leaf, path, note).to_bytes()

    def _reader(self, log: str) -> tuple[OriginReader, bytes]:
        return self._sources.reader(log, name=self._names.get(log, "checkpoint"))

    def _shown(
        self, log: str, number: int, indexes: Sequence[int]
    ) -> tuple[list[Disclosed], list[bytes]]:
        entry = self._sources.entry(log, number)
        size = entry.header.n_events
        if indexes[-1] >= size:
            raise NotFoundError(f"{log} leaf {number}: has {size} events")
        events = [
            Disclosed(
                number,
                index,
                entry.events[index].schema_id,
                event_salt(entry.seed, index),
                entry.events[index].body,
            )
            for index in indexes
        ]
        self._ids |= {event.schema_id for event in events}
        nodes = nodes_of(event_hashes(entry))
        return events, range_proof(nodes, indexes=indexes, size=size)

    def _records(self, log: str, leaves: Mapping[int, bytes]) -> dict[int, bytes]:
        records: dict[int, bytes] = {}
        for number, data in leaves.items():
            leaf = parse_leaf(data)
            if leaf.verdict == Verdict.GAP or not self._draft.is_ranged(log, number):
                continue
            records[number] = self._sources.record(log, leaf)
            if leaf.verdict == Verdict.ACCEPTED:
                self._ids |= set(self._sources.entry(log, number).schema_ids)
        return records
