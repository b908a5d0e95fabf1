"""A small real ledger in a folder: real keys, the embedded log, the real sealer."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ledger import clock, seal
from ledger.codec import Decoders, encode
from ledger.config import Config, LogConfig, load_config
from ledger.entry import (
    KIND_CLOSE,
    KIND_DATA,
    KIND_OPEN,
    NO_HASH,
    EncodedEvent,
    header_hash,
    pack_entry,
    parse_entry,
)
from ledger.events.base import Event
from ledger.events.ledger import StreamClosed, StreamOpened
from ledger.events.prediction import DecisionRecorded
from ledger.keys import Signer, load_signer
from ledger.leaf import parse_leaf
from ledger.log import Log, Position, open_log
from ledger.public import OriginReader, PublicFolder
from ledger.seal.publish import Hook
from ledger.seal.sealer import Sealer
from ledger.seal.steps import no_hook
from ledger.setup import initialise
from ledger.verdict import Verdict
from ledger.verification import Step, exit_code, load_control, verify_log


def decision(**fields: object) -> DecisionRecorded:
    """A decision with everything that must be there."""
    required = {
        "release": bytes(15) + b"r",
        "deployment": bytes(15) + b"d",
        "path": "model",
        "mode": "advisory",
    }
    return DecisionRecorded.record(**{**required, **fields})


def encoded(event: Event) -> EncodedEvent:
    return EncodedEvent(*encode(event))


@dataclass
class Stream:
    """A producer's stream, written straight into the log, entry by entry."""

    log: Log
    signer: Signer
    origin: str
    partition: int = 0
    stream_id: bytes = field(default_factory=lambda: clock.random_bytes(16))
    seq: int = 0
    prev: bytes = NO_HASH

    def open(self) -> Position:
        opened = StreamOpened.record(
            identity="service:local",
            software="test",
            version="1",
            host="here",
            heartbeat_s=60,
            predecessor=None,
            seen_checkpoint=None,
        )
        return self.append([opened], kind=KIND_OPEN)

    def close(self) -> Position:
        return self.append([StreamClosed.record(counts={})], kind=KIND_CLOSE)

    def append(self, events: Sequence[Event], *, kind: int = KIND_DATA) -> Position:
        """Pack, sign and append; the stream moves on."""
        return self.send(events, kind=kind).result()

    def send(
        self, events: Sequence[Event], *, kind: int = KIND_DATA
    ) -> Future[Position]:
        """As :meth:`append`, without waiting."""
        value = self.pack([encoded(event) for event in events], kind=kind)
        self.seq += 1
        self.prev = header_hash(value[8:180])
        return self.log.send(self.partition, value)

    def pack(self, events: Sequence[EncodedEvent], *, kind: int = KIND_DATA) -> bytes:
        """The next entry's value; the stream stays where it is."""
        return pack_entry(
            kind=kind,
            log_id=sha256(self.origin.encode()).digest(),
            stream_id=self.stream_id,
            seq=self.seq,
            prev=self.prev,
            signer=self.signer,
            claimed_time_ms=clock.now_ms(),
            events=events,
            seed=clock.random_bytes(32),
        )


@dataclass
class SmallLedger:
    """A home with its log open; close it when done."""

    config: Config
    log: Log
    streams: dict[int, Stream] = field(default_factory=dict[int, Stream])

    @property
    def home(self) -> Path:
        return self.config.home

    @property
    def public(self) -> PublicFolder:
        return PublicFolder(self.config.public)

    @property
    def producer(self) -> Signer:
        return load_signer(self.config.producer.key, base=self.home)

    def folder(self, partition: int = 0) -> Path:
        """The published folder of an origin."""
        return self.config.public / self.config.origin(partition)

    def stream(self, partition: int = 0, *, new: bool = False) -> Stream:
        """The partition's stream, opened on first use; or one more."""
        if new or partition not in self.streams:
            stream = Stream(
                self.log, self.producer, self.config.origin(partition), partition
            )
            stream.open()
            self.streams[partition] = stream
        return self.streams[partition]

    def emit_decisions(
        self, count: int, *, per_entry: int = 10, partition: int = 0
    ) -> list[bytes]:
        """Append decisions; returns their 16-byte ids."""
        stream = self.stream(partition)
        events = [decision() for _ in range(count)]
        sent = [
            stream.send(events[start : start + per_entry])
            for start in range(0, count, per_entry)
        ]
        for future in sent:
            future.result()
        return [event.id for event in events]

    def seal(self, *, hook: Hook = no_hook) -> int:
        """Seal all that is in the log, as a process that starts anew would."""
        with self.state() as state:
            return seal.seal_all(self.config, self.log, state, hook=hook)

    @contextmanager
    def state(self) -> Iterator[seal.State]:
        state = seal.open_state(self.config)
        try:
            yield state
        finally:
            state.close()

    @contextmanager
    def sealer(self, partition: int = 0, *, hook: Hook = no_hook) -> Iterator[Sealer]:
        """One sealer that has not looked at anything yet."""
        with self.state() as state:
            sealers = seal.sealers_for(
                self.config, self.log, state, partitions=[partition], hook=hook
            )
            yield sealers[0]

    def verify(self) -> list[Step]:
        """Verify the whole ledger from its id alone."""
        return verify_log(
            log=self.log, public=self.public, ledger_id=self.config.ledger_id
        )

    def exit_code(self) -> int:
        return exit_code(self.verify())

    def reopen(self) -> None:
        """Close the log and open it again, as after a change by another hand."""
        self.log.close()
        self.log = open_log(self.config)

    def close(self) -> None:
        self.log.close()


def make_ledger(
    tmp_path: Path, partitions: int = 1, *, name: str = "acme"
) -> SmallLedger:
    """Make a ledger home below ``tmp_path``; its control log is sealed."""
    made = initialise(
        tmp_path / "home",
        name=name,
        log=LogConfig(partitions=partitions),
        identity="service:local",
    )
    return SmallLedger(made.config, open_log(made.config))


def open_ledger(home: Path) -> SmallLedger:
    """Open a home that is there."""
    config = load_config(home)
    return SmallLedger(config, open_log(config))


def copy_ledger(home: Path, target: Path) -> SmallLedger:
    """Copy a home whose log is closed, and open the copy."""
    shutil.copytree(home, target)
    return open_ledger(target)


def sealed_ids(ledger: SmallLedger, partition: int = 0) -> list[bytes]:
    """Ids of the decisions that are sealed and accepted, in the order of the log."""
    origin = ledger.config.origin(partition)
    control = load_control(ledger.log, ledger.public, ledger.config.ledger_id)
    reader = OriginReader(ledger.public, control.log_vkeys[origin])
    leaves = [parse_leaf(d) for d in reader.leaves(0, reader.checkpoint.size)]
    decoders = Decoders(lambda schema_id: control.schema(schema_id) or b"")
    ids: list[bytes] = []
    for leaf in leaves:
        if leaf.verdict != Verdict.ACCEPTED:
            continue
        record = next(ledger.log.read(partition, leaf.offset, max_records=1))
        for event in parse_entry(record.value or b"").events:
            decoded = decoders.decode(event.schema_id, event.body)
            if decoded.name == DecisionRecorded.type_name:
                ids.append(decoded.id)
    return ids


def seal_until(home: Path, fatal: str, partition: int) -> None:
    """Seal a partition, and die by ``kill -9`` once a step is done."""

    def hook(step: str) -> None:
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    config = load_config(home)
    log, state = open_log(config), seal.open_state(config)
    seal.drain(seal.sealers_for(config, log, state, partitions=[partition], hook=hook))
