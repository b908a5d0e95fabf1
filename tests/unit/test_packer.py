"""Streams as the packer signs them: well-formed, chained, within the limits."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.avro import schema_bytes
from ledger.codec import Decoder
from ledger.entry import (
    MAX_EVENT,
    MAX_EVENTS,
    MAX_SCHEMAS,
    MAX_VALUE,
    NO_HASH,
    EncodedEvent,
    SignedEntry,
    parse_entry,
    verify_entry_signature,
    verify_events_root,
)
from ledger.events.base import event_class
from ledger.keys import Ed25519Signer
from ledger.shipping.packer import (
    ENTRY_BYTES,
    Packer,
    Predecessor,
    Seen,
    partition_of,
    split,
)

SIGNER = Ed25519Signer.from_seed(bytes(32))
STREAM = bytes(range(16))
SCHEMA = b"s" * 32


def packer(seen: Seen | None = None, *, partitions: int = 3) -> Packer:
    return Packer(
        identity="service:a",
        signer=SIGNER,
        partitions=partitions,
        origin=lambda number: f"acme/p{number}",
        heartbeat_s=7,
        seen=lambda _origin: seen,
        now_ms=lambda: 1_000,
    )


def body_of(entry: SignedEntry, name: str) -> dict[str, object]:
    return Decoder(schema_bytes(event_class(name))).decode(entry.bodies[0])


def test_a_stream_is_one_verified_chain():
    made = packer()
    events = [EncodedEvent(SCHEMA, b"body %d" % number) for number in range(5)]
    stream, first = made.open(1, STREAM, None, 0)
    stream, data = made.pack(stream, events, 0)
    stream, beat = made.heartbeat(stream, {"a.b.c": 5}, 5)
    stream, last = made.close(stream, {"a.b.c": 5}, 5)
    entries = [parse_entry(item.value) for item in (first, *data, beat, last)]
    previous = NO_HASH
    for number, entry in enumerate(entries):
        verify_entry_signature(entry, SIGNER.public_key)
        verify_events_root(entry)
        assert (entry.header.seq, entry.header.prev) == (number, previous)
        assert entry.header.stream_id == STREAM
        assert entry.header.claimed_time_ms == 1_000
        previous = entry.header_hash
    assert [entry.header.kind for entry in entries] == [2, 1, 4, 3]
    assert (stream.state, stream.next_seq, stream.head) == ("closed", 4, previous)
    assert list(entries[1].events) == events
    assert len({entry.seed for entry in entries}) == 4


def test_the_header_binds_the_stream_to_its_partition():
    stream, first = packer().open(1, STREAM, None, 0)
    number = int.from_bytes(STREAM[:8], "big") % 3
    assert (stream.partition, stream.origin) == (number, f"acme/p{number}")
    log_id = sha256(stream.origin.encode()).digest()
    assert parse_entry(first.value).header.log_id == log_id


@given(st.binary(min_size=16, max_size=16), st.integers(1, 64))
def test_a_partition_is_one_of_those_there_are(stream_id: bytes, partitions: int):
    assert 0 <= partition_of(stream_id, partitions) < partitions


def test_the_opening_names_the_producer_and_what_it_saw():
    seen = Seen("acme/p0", 9, b"r" * 32)
    named = Predecessor(b"p" * 16, 4, b"h" * 32, (b"a" * 32, b"b" * 32))
    _stream, first = packer(seen).open(2, STREAM, named, 0)
    fields = body_of(parse_entry(first.value), "ledger.stream.opened")
    assert fields["identity"] == "service:a"
    assert fields["heartbeat_s"] == 7
    assert fields["predecessor"] == {
        "stream_id": b"p" * 16,
        "seq": 4,
        "header_hash": b"h" * 32,
        "in_flight": [b"a" * 32, b"b" * 32],
    }
    assert fields["seen_checkpoint"] == {
        "origin": "acme/p0",
        "size": 9,
        "root": b"r" * 32,
    }


def test_the_host_is_a_pseudonym():
    _stream, first = packer().open(1, STREAM, None, 0)
    host = body_of(parse_entry(first.value), "ledger.stream.opened")["host"]
    assert isinstance(host, str)
    assert len(bytes.fromhex(host)) == 8


def test_heartbeat_and_close_carry_the_counts():
    made = packer()
    stream, _first = made.open(1, STREAM, None, 0)
    stream, beat = made.heartbeat(stream, {"a.b.c": 2, "dropped": 1}, 2)
    _stream, last = made.close(stream, {"a.b.c": 3}, 3)
    reported = body_of(parse_entry(beat.value), "ledger.stream.reported")
    closed = body_of(parse_entry(last.value), "ledger.stream.closed")
    assert reported["counts"] == {"a.b.c": 2, "dropped": 1}
    assert closed["counts"] == {"a.b.c": 3}


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [
        ([], []),
        ([1], [1]),
        ([1] * MAX_EVENTS, [MAX_EVENTS]),
        ([1] * (MAX_EVENTS + 1), [MAX_EVENTS, 1]),
        ([ENTRY_BYTES], [1]),
        ([ENTRY_BYTES, 1], [1, 1]),
        ([MAX_EVENT, MAX_EVENT], [1, 1]),
        ([1, MAX_EVENT, 1], [1, 1, 1]),
    ],
)
def test_where_events_are_cut(sizes: list[int], lengths: list[int]):
    events = [EncodedEvent(SCHEMA, bytes(size)) for size in sizes]
    parts = list(split(events))
    assert [len(part) for part in parts] == lengths
    assert [event for part in parts for event in part] == events


def test_many_schemas_are_cut_at_what_an_entry_takes():
    events = [
        EncodedEvent(sha256(str(number).encode()).digest(), b"x")
        for number in range(300)
    ]
    assert [len(part) for part in split(events)] == [MAX_SCHEMAS, 300 - MAX_SCHEMAS]


@given(st.lists(st.integers(0, MAX_EVENT), max_size=12))
def test_every_part_fits_an_entry(sizes: list[int]):
    for part in split([EncodedEvent(SCHEMA, bytes(size)) for size in sizes]):
        assert sum(len(event.body) + 5 for event in part) + 400 < MAX_VALUE
