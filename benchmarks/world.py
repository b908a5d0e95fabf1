"""What benchmarks share: decisions of 250 bytes, entries of 500, a fresh ledger."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ledger import clock
from ledger.avro import schema_id
from ledger.codec import encode_fields
from ledger.config import Config, LogConfig
from ledger.entry import KIND_DATA, KIND_OPEN, NO_HASH, EncodedEvent, pack_entry
from ledger.entry import header_hash as hash_of_header
from ledger.events.ledger import StreamOpened
from ledger.events.prediction import DecisionRecorded
from ledger.keys import load_signer
from ledger.setup import initialise

EVENTS_PER_ENTRY = 500
EVENT_BYTES = 250


@contextmanager
def fresh_ledger(log: LogConfig | None = None) -> Generator[Config]:
    """Make a ledger in a folder of its own and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="mlledger-bench-"))
    try:
        yield initialise(folder / "home", log=log).config
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def decision_fields() -> dict[str, object]:
    """Return one decision that encodes to about 250 bytes, with a fresh id."""
    return {
        "id": clock.new_id(),
        "time": clock.now_us(),
        "correlation_id": None,
        "release": bytes(16),
        "deployment": bytes(16),
        "attestation": bytes(16),
        "case_id": clock.random_bytes(16),
        "use": "credit limit",
        "path": "model",
        "mode": "advisory",
        "output": "decline",
        "adverse": True,
        "reason_codes": ["R01-income", "R07-history", "R11-exposure", "R12-duration"],
        "payload_commitment": clock.random_bytes(32),
        "caller": "service:branch-frontend/zurich/teller-application",
        "latency_us": 1_250,
        "replaces_decision_id": None,
    }


def encoded_decisions(count: int) -> list[EncodedEvent]:
    """Return encoded decisions, each with an id of its own."""
    schema = schema_id(DecisionRecorded)
    return [
        EncodedEvent(schema, encode_fields(DecisionRecorded, decision_fields()))
        for _ in range(count)
    ]


def entries(config: Config, partition: int, count: int) -> list[bytes]:
    """Return one signed stream: an opening entry, then ``count`` of 500 decisions."""
    from ledger.codec import encode

    signer = load_signer(config.producer.key, base=config.home)
    stream_id, prev, values = clock.random_bytes(16), NO_HASH, list[bytes]()
    opened = StreamOpened.record(
        identity=config.producer.identity,
        software="benchmark",
        version="1",
        host="",
        heartbeat_s=60,
        predecessor=None,
        seen_checkpoint=None,
    )
    for seq in range(count + 1):
        events = (
            encoded_decisions(EVENTS_PER_ENTRY)
            if seq
            else [EncodedEvent(*encode(opened))]
        )
        value = pack_entry(
            kind=KIND_DATA if seq else KIND_OPEN,
            log_id=sha256(config.origin(partition).encode()).digest(),
            stream_id=stream_id,
            seq=seq,
            prev=prev,
            signer=signer,
            claimed_time_ms=clock.now_ms(),
            events=events,
            seed=clock.random_bytes(32),
        )
        values.append(value)
        prev = hash_of_header(value[8:180])
    return values
