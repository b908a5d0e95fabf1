"""Events into signed entries: what a producer's streams are made of.

A stream is the chain of entries one process signs: *open* names the producer, *data*
entries hold events, a *heartbeat* says that silence means nothing happened, *close*
that nothing will. Everything here is computed from values and from the packer's clock
and random source; :mod:`ledger.journal.store` makes the results durable.
"""

from __future__ import annotations

import platform
import socket
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger import __version__, clock
from ledger.codec import encode
from ledger.entry import (
    KIND_CLOSE,
    KIND_DATA,
    KIND_HEARTBEAT,
    KIND_OPEN,
    MAX_EVENTS,
    MAX_SCHEMAS,
    NO_HASH,
    EncodedEvent,
    EventBytes,
    header_hash,
    pack_entry,
)
from ledger.events.base import LeanEvent, event_class
from ledger.journal.rows import Packed, Stream

if TYPE_CHECKING:
    from ledger.keys import Signer

ENTRY_BYTES = 256 << 10
"""Bodies are gathered into entries of about this size; a larger event stands alone."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint the producer saw in ``public/``: it commits to having seen it."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The stream whose place a new one takes.

    Attributes:
        stream_id: 16 bytes.
        seq: last sequence number known to be sealed, or None.
        header_hash: hash of that entry's header, or None.
        in_flight: header hashes of later entries, whose fate was unknown.
    """

    stream_id: bytes
    seq: int | None = None
    header_hash: bytes | None = None
    in_flight: Sequence[bytes] = ()


class Packer:
    """Signs entries for one identity.

    Args:
        identity: registered identity, such as ``service:demo``.
        signer: its key.
        partitions: number of event partitions.
        origin: gives the origin of a partition.
        heartbeat_s: promised seconds between signs of life.
        seen: gives the newest checkpoint seen of an origin, or None.
        current: gives the partition in which a partition's log goes on.
        now_ms: clock of the claimed times.
        random_bytes: source of the entries' seeds.
    """

    def __init__(  # noqa: PLR0913  what is signed, for whom, with which surroundings
        self,
        *,
        identity: str,
        signer: Signer,
        partitions: int,
        origin: Callable[[int], str],
        heartbeat_s: int,
        seen: Callable[[str], Seen | None],
        current: Callable[[int], int] = int,
        now_ms: Callable[[], int] = clock.now_ms,
        random_bytes: Callable[[int], bytes] = clock.random_bytes,
    ) -> None:
        self.identity = identity
        self.heartbeat_s = heartbeat_s
        self.key_fp = sha256(signer.public_key).digest()
        self._signer = signer
        self._partitions = partitions
        self._origin = origin
        self._seen = seen
        self._current = current
        self._now_ms = now_ms
        self._random_bytes = random_bytes

    def open(
        self, number: int, stream_id: bytes, predecessor: Predecessor | None, taken: int
    ) -> tuple[Stream, Packed]:
        """Begin a stream; returns it with its opening entry.

        Args:
            number: of the stream in its journal, 1 and up.
            stream_id: 16 bytes, random.
            predecessor: the stream whose place it takes, or None.
            taken: events the journal has taken from its source so far.
        """
        partition = self._current(partition_of(stream_id, self._partitions))
        origin = self._origin(partition)
        log_id = sha256(origin.encode()).digest()
        stream = Stream(
            number=number,
            stream_id=stream_id,
            identity=self.identity,
            key_fp=self.key_fp,
            origin=origin,
            log_id=log_id,
            partition=partition,
            state="open",
            next_seq=0,
            head=NO_HASH,
        )
        event = lifecycle_event(
            "ledger.stream.opened",
            identity=self.identity,
            software="mlledger",
            version=__version__,
            host=host_pseudonym(),
            heartbeat_s=self.heartbeat_s,
            predecessor=_fields(predecessor),
            seen_checkpoint=_fields(self._seen(origin)),
        )
        return self._sign(stream, KIND_OPEN, [event], taken)

    def pack(
        self, stream: Stream, events: Sequence[EventBytes], taken: int
    ) -> tuple[Stream, list[Packed]]:
        """Sign events as data entries.

        Args:
            stream: as the last entry left it.
            events: any number, in order.
            taken: events the journal took from its source before these.

        Returns:
            The stream as it is now, and the entries.
        """
        packed: list[Packed] = []
        for part in split(events):
            stream, item = self._sign(stream, KIND_DATA, part, taken)
            packed.append(item)
        return stream, packed

    def heartbeat(
        self, stream: Stream, counts: Mapping[str, int], taken: int
    ) -> tuple[Stream, Packed]:
        """Sign a heartbeat with the number of events of each type so far."""
        event = lifecycle_event(
            "ledger.stream.reported",
            counts=dict(counts),
            seen_checkpoint=_fields(self._seen(stream.origin)),
        )
        return self._sign(stream, KIND_HEARTBEAT, [event], taken)

    def close(
        self, stream: Stream, counts: Mapping[str, int], taken: int
    ) -> tuple[Stream, Packed]:
        """Sign the end of a stream, with the number of events of each type."""
        event = lifecycle_event("ledger.stream.closed", counts=dict(counts))
        ended, item = self._sign(stream, KIND_CLOSE, [event], taken)
        return replace(ended, state="closed"), item

    def _sign(
        self, stream: Stream, kind: int, events: Sequence[EventBytes], taken: int
    ) -> tuple[Stream, Packed]:
        value = pack_entry(
            kind=kind,
            log_id=stream.log_id,
            stream_id=stream.stream_id,
            seq=stream.next_seq,
            prev=stream.head,
            signer=self._signer,
            claimed_time_ms=self._now_ms(),
            events=events,
            seed=self._random_bytes(32),
        )
        head = header_hash(value[8:180])
        item = Packed(stream.next_seq, value, head, sha256(value).digest(), taken)
        return replace(stream, next_seq=stream.next_seq + 1, head=head), item


def partition_of(stream_id: bytes, partitions: int) -> int:
    """Return the event partition of a stream: its first 8 bytes modulo their number."""
    return int.from_bytes(stream_id[:8], "big") % partitions


def split(events: Sequence[EventBytes]) -> Iterator[Sequence[EventBytes]]:
    """Cut events into runs that fit one entry each, in order, none of them empty."""
    for run in _runs_of_few_schemas(events):
        ends = list(accumulate([len(body) for _, body in run]))
        start = before = 0
        while start < len(run):
            full = min(start + MAX_EVENTS, bisect_right(ends, before + ENTRY_BYTES))
            stop = max(start + 1, full)
            yield run[start:stop]
            start, before = stop, ends[stop - 1]


def _runs_of_few_schemas(
    events: Sequence[EventBytes],
) -> Iterator[Sequence[EventBytes]]:
    """Cut where a type would be one more than an entry holds: hardly ever."""
    if len({known_as for known_as, _ in events}) <= MAX_SCHEMAS:
        yield events
        return
    start, seen = 0, set[bytes]()
    for number, (known_as, _) in enumerate(events):
        seen.add(known_as)
        if len(seen) > MAX_SCHEMAS:
            yield events[start:number]
            start, seen = number, {known_as}
    yield events[start:]


def lifecycle_event(name: str, **fields: Any) -> EncodedEvent:
    """Return an encoded event of the ``ledger.stream`` types, with a fresh id."""
    kind = event_class(name)
    assert issubclass(kind, LeanEvent)  # noqa: S101  so says the format
    schema_id, body = encode(kind.record(**fields))
    return EncodedEvent(schema_id, body)


@cache
def host_pseudonym() -> str:
    """Return 16 hex digits that stand for this machine without naming it."""
    machine = Path("/etc/machine-id")
    number = machine.read_text(encoding="ascii").strip() if machine.is_file() else ""
    name = f"{socket.gethostname()}\n{number or platform.node()}"
    return sha256(name.encode()).hexdigest()[:16]


def _fields(value: Seen | Predecessor | None) -> dict[str, object] | None:
    return None if value is None else asdict(value)
