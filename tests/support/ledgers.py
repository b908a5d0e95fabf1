"""A small ledger in memory with keys from fixed seeds, to write and judge entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ledger.avro import schema_id
from ledger.control import Control
from ledger.entry import (
    KIND_CLOSE,
    KIND_DATA,
    KIND_HEARTBEAT,
    KIND_OPEN,
    NO_HASH,
    EncodedEvent,
    header_hash,
    pack_entry,
)
from ledger.events.base import Event, event_class, event_classes
from ledger.genesis import (
    Ambient,
    genesis_entry,
    operator_entries,
    operator_stream,
    schemas_to_register,
)
from ledger.judgement import Judgement, MemoryStreams
from ledger.keys import Ed25519Signer
from ledger.note import log_vkey
from ledger.verdict import judge

NAME = "test.example"
TIME_US = 1_790_000_000_000_000


def signer(label: str) -> Ed25519Signer:
    """Return a key that is the same in every run."""
    return Ed25519Signer.from_seed(sha256(f"test key {label}".encode()).digest())


def bytes_source(label: str) -> Callable[[int], bytes]:
    """Return a source of bytes that is the same in every run."""
    drawn = 0

    def draw(count: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return sha256(f"{label} {drawn}".encode()).digest()[:count]

    return draw


def ambient(label: str) -> Ambient:
    """Return a clock that stands still and randomness that repeats."""
    draw = bytes_source(label)
    return Ambient(now_us=lambda: TIME_US, random_bytes=draw, new_id=lambda: draw(16))


def encoded(name: str, fields: Mapping[str, Any]) -> EncodedEvent:
    """Encode a lean event whose id and time are fixed."""
    from ledger.codec import encode

    cls: Any = event_class(name)
    made = cls.record(
        **{"id": sha256(name.encode()).digest()[:16], "time": TIME_US} | fields
    )
    return EncodedEvent(*encode(made))


def decision(number: int = 0) -> EncodedEvent:
    """Encode a decision, number by number another one."""
    ids = [sha256(f"{role} {number}".encode()).digest()[:16] for role in "drp"]
    return encoded(
        "prediction.decision.recorded",
        {
            "id": ids[0],
            "correlation_id": None,
            "release": ids[1],
            "deployment": ids[2],
            "path": "model",
            "mode": "solely_automated",
            "output": "refer",
            "reason_codes": ["income", "history"],
            "latency_us": number,
        },
    )


def opened() -> EncodedEvent:
    """Encode the event that opens a stream."""
    fields = {"identity": "service:a", "software": "s", "version": "1", "host": "h"}
    return encoded("ledger.stream.opened", fields | {"heartbeat_s": 60})


def closed() -> EncodedEvent:
    """Encode the event that closes a stream."""
    return encoded("ledger.stream.closed", {"counts": {}})


def reported() -> EncodedEvent:
    """Encode a heartbeat."""
    return encoded("ledger.stream.reported", {"counts": {"a": 1}})


@dataclass
class Stream:
    """A producer's stream that signs one entry after the other."""

    key: Ed25519Signer
    origin: str = f"{NAME}/p0"
    stream_id: bytes = b"s" * 16
    seq: int = 0
    prev: bytes = NO_HASH

    def write(self, kind: int, /, *events: EncodedEvent, **changes: Any) -> bytes:
        """Return the next entry, with some header fields changed if wished."""
        fields: dict[str, Any] = {
            "kind": kind,
            "log_id": sha256(self.origin.encode()).digest(),
            "stream_id": self.stream_id,
            "seq": self.seq,
            "prev": self.prev,
            "signer": self.key,
            "claimed_time_ms": TIME_US // 1000,
            "events": events,
            "seed": sha256(b"seed" + bytes([self.seq])).digest(),
        }
        value = pack_entry(**fields | changes)
        self.seq, self.prev = self.seq + 1, header_hash(value[8:180])
        return value

    def open(self) -> bytes:
        """Return the opening entry."""
        return self.write(KIND_OPEN, opened())

    def data(self, *events: EncodedEvent, **changes: Any) -> bytes:
        """Return an entry with these events, or with one decision."""
        return self.write(KIND_DATA, *(events or (decision(),)), **changes)

    def heartbeat(self) -> bytes:
        """Return a heartbeat."""
        return self.write(KIND_HEARTBEAT, reported())

    def close(self) -> bytes:
        """Return the closing entry."""
        return self.write(KIND_CLOSE, closed())


@dataclass
class Judge:
    """Judges the records of one origin in order, as a sealer does."""

    control: Control
    origin: str = f"{NAME}/p0"
    streams: MemoryStreams = field(default_factory=MemoryStreams)
    leaves: int = 0

    def __call__(self, value: bytes | None, *, at: int | None = None) -> Judgement:
        """Judge the next record and take it in; returns the judgement."""
        own = self.origin.endswith("/control")
        size = self.leaves if own else self.control.size if at is None else at
        judgement = judge(
            value,
            origin=self.origin,
            log_id=sha256(self.origin.encode()).digest(),
            streams=self.streams,
            control=self.control,
            registry_size=size,
        )
        self.streams.apply(judgement, self.leaves)
        if own:
            self.control.apply(
                self.leaves, judgement.entry if judgement.verdict == 0 else None
            )
        self.leaves += 1
        return judgement


def first_values(
    producers: Sequence[tuple[str, bytes]] = (),
    *,
    partitions: int = 1,
    types: Collection[str] | None = None,
) -> list[bytes]:
    """Return the values a new ledger's control log begins with.

    Args:
        producers: identity and public key of each.
        partitions: how many logs of events.
        types: only these event types, so that the bytes stay when others are added.
    """
    roles = ("control", "manifest", *(f"p{number}" for number in range(partitions)))
    origins = [f"{NAME}/{role}" for role in roles]
    vkeys = [str(log_vkey(o, signer(f"log {o}").public_key)) for o in origins]
    made: dict[str, Any] = {"software": "mlledger", "version": "0"}
    genesis = genesis_entry(
        name=NAME,
        origins=origins,
        root_signer=signer("root"),
        log_vkeys=vkeys,
        operator_public_key=signer("operator").public_key,
        ambient=ambient("genesis"),
        **made,
    )
    rest = operator_entries(
        name=NAME,
        operator_signer=signer("operator"),
        producers=producers or [("service:a", signer("a").public_key)],
        ambient=ambient("operator"),
        **made,
    )
    if types is not None:
        rest = operator_stream(
            name=NAME,
            operator_signer=signer("operator"),
            facts=_facts(producers, types),
            ambient=ambient("operator"),
            **made,
        )
    return [genesis, *rest]


def _facts(
    producers: Sequence[tuple[str, bytes]], types: Collection[str]
) -> list[Event]:
    source = ambient("operator facts")
    keys: Any = event_class("ledger.key.authorized")
    authorised = [
        keys.record(
            id=source.new_id(),
            time=TIME_US,
            public_key=key,
            identity=identity,
            kind=identity.partition(":")[0],
            event_types=["mlledger.*"],
            attests=False,
        )
        for identity, key in producers
    ]
    every = {schema_id(cls) for cls in event_classes() if cls.type_name not in types}
    return authorised + schemas_to_register(every, ambient=source)


def control_judge(producers: Sequence[tuple[str, bytes]] = ()) -> Judge:
    """Return the judge of a control log that holds the first values."""
    judge_control = Judge(Control(), origin=f"{NAME}/control")
    for value in first_values(producers):
        assert judge_control(value).verdict == 0
    return judge_control
