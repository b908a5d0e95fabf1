"""Entries: one spelling each, every byte bound, and readable by a foreign verifier."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import (
    KIND_DATA,
    KIND_OPEN,
    MAX_EVENT,
    MAX_VALUE,
    NO_HASH,
    PAYLOAD_TYPE,
    EncodedEvent,
    SignedEntry,
    event_hashes,
    event_inclusion,
    event_leaf,
    event_salt,
    header_hash,
    pack_entry,
    packed_size,
    parse_entry,
    parse_header,
    peek_env,
    verify_entry_signature,
    verify_events_root,
)
from ledger.errors import (
    IntegrityError,
    MalformedError,
    RootMismatchError,
    SignatureError,
    TooLargeError,
)
from ledger.tree import verify_inclusion
from tests.support.golden_entries import FOLDER, all_vectors, text_of
from tests.support.ledgers import Stream, decision, opened, signer

VECTORS = sorted((FOLDER / "entry").glob("*.json"))
GOOD = [p for p in VECTORS if not p.name.startswith("malformed-")]
BAD = [p for p in VECTORS if p.name.startswith("malformed-")]


def named(path: Path) -> str:
    return path.stem


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    pair = naive_root(leaves[:split]) + naive_root(leaves[split:])
    return sha256(b"\x01" + pair).digest()


def check(value: bytes, public_key: bytes) -> None:
    """Do all checks that need nothing but the entry and its key."""
    entry = parse_entry(value)
    verify_entry_signature(entry, public_key)
    verify_events_root(entry)


def an_entry(count: int = 5) -> bytes:
    stream = Stream(signer("a"))
    stream.open()
    return stream.data(*(decision(number) for number in range(count)))


def test_vector_files_hold_what_this_version_writes() -> None:
    expected = {path: text_of(vector) for path, vector in all_vectors()}
    groups = ("entry", "leaf", "verdict")
    files = [p for group in groups for p in (FOLDER / group).glob("*.json")]
    found = {p.relative_to(FOLDER).as_posix(): p.read_text("utf-8") for p in files}
    assert found == expected


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_entry_vector_reads_as_it_says(path: Path) -> None:
    vector = load(path)
    entry = parse_entry(bytes.fromhex(vector["value"]))
    header = {
        name: value.hex() if isinstance(value, bytes) else value
        for name in entry.header.__slots__
        if (value := getattr(entry.header, name)) is not None
    }
    assert header == vector["header"]
    assert entry.header_hash.hex() == vector["header_hash"]
    assert entry.signature.hex() == vector["signature"]
    assert entry.seed.hex() == vector["seed"]
    check(entry.value, bytes.fromhex(vector["public_key"]))


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_entry_vector_follows_from_the_layout_alone(path: Path) -> None:
    """Recompute leaves, root and signed message here, without the code under test."""
    vector = load(path)
    value, leaves = bytes.fromhex(vector["value"]), list[bytes]()
    for index, event in enumerate(vector["events"]):
        number = index.to_bytes(4, "big")
        salt = sha256(bytes.fromhex(vector["seed"]) + number).digest()[:16]
        body = bytes.fromhex(event["body"])
        schema_id = bytes.fromhex(event["schema_id"])
        place = value[48:72] + number  # stream_id, seq
        leaves.append(b"mlledger/event/v1\n" + place + schema_id + salt + body)
        assert event["leaf"] == leaves[-1].hex()
        assert event["leaf_hash"] == sha256(b"\x00" + leaves[-1]).hexdigest()
    assert naive_root(leaves) == value[148:180]
    kind = b"application/vnd.mlledger.entry-header.v1"
    message = b"DSSEv1 40 " + kind + b" 172 " + value[8:180]
    assert message.hex() == vector["signed_message"]
    assert sha256(value[8:180]).hexdigest() == vector["header_hash"]


@pytest.mark.parametrize("path", BAD, ids=named)
def test_malformed_entry_vector_is_refused(path: Path) -> None:
    with pytest.raises(MalformedError):
        parse_entry(bytes.fromhex(load(path)["value"]))


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.binary(max_size=60)), min_size=1))
def test_what_is_packed_is_parsed_and_written_the_same_again(
    pairs: list[tuple[str, bytes]],
) -> None:
    events = [EncodedEvent(kind.encode() * 32, body) for kind, body in pairs]
    stream = Stream(signer("a"), seq=7, prev=b"p" * 32)
    value = stream.data(*events)
    entry = parse_entry(value)
    assert entry.events == tuple(events)
    assert parse_header(entry.header.to_bytes()) == entry.header
    assert repacked(entry) == value
    assert len(value) == packed_size(
        n_schemas=len({kind for kind, _ in pairs}),
        bodies_len=sum(len(body) for _, body in pairs),
        n_events=len(pairs),
    )
    check(value, signer("a").public_key)


def repacked(entry: SignedEntry) -> bytes:
    header = entry.header
    return pack_entry(
        kind=header.kind,
        log_id=header.log_id,
        stream_id=header.stream_id,
        seq=header.seq,
        prev=header.prev,
        signer=signer("a"),
        claimed_time_ms=header.claimed_time_ms,
        events=entry.events,
        seed=entry.seed,
    )


VALUE = an_entry()


@given(st.integers(0, len(VALUE) - 1), st.integers(1, 255))
def test_any_altered_byte_is_found(at: int, mask: int) -> None:
    altered = VALUE[:at] + bytes([VALUE[at] ^ mask]) + VALUE[at + 1 :]
    with pytest.raises((MalformedError, IntegrityError)):
        check(altered, signer("a").public_key)


@given(st.binary(max_size=600))
def test_foreign_bytes_are_malformed_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_entry(data)


def test_a_value_beyond_the_limit_is_malformed() -> None:
    with pytest.raises(MalformedError, match="at most"):
        parse_entry(VALUE + bytes(MAX_VALUE))


def test_a_header_has_172_bytes() -> None:
    for header in (VALUE[8:179], VALUE[8:181]):
        with pytest.raises(MalformedError):
            parse_header(header)


@given(st.integers(0, len(VALUE)))
def test_a_cut_entry_is_malformed_even_with_a_mended_length(keep: int) -> None:
    cut = VALUE[:keep]
    mended = cut[:244] + max(keep - 248, 0).to_bytes(4, "big") + cut[248:]
    for value in (cut, mended):
        if value != VALUE:
            with pytest.raises(MalformedError):
                parse_entry(value)


def test_every_event_of_an_entry_is_proven_under_the_signed_root() -> None:
    entry = parse_entry(an_entry(7))
    for index, leaf in enumerate(event_hashes(entry)):
        verify_inclusion(
            index=index,
            size=entry.header.n_events,
            leaf=leaf,
            proof=event_inclusion(entry, index),
            root=entry.header.events_root,
        )


def test_event_hashes_are_those_of_the_written_leaves() -> None:
    entry = parse_entry(an_entry(3))
    for index, event in enumerate(entry.events):
        data = event_leaf(
            stream_id=entry.header.stream_id,
            seq=entry.header.seq,
            index=index,
            schema_id=event.schema_id,
            salt=event_salt(entry.seed, index),
            body=event.body,
        )
        assert event_hashes(entry)[index] == sha256(b"\x00" + data).digest()


def test_swapped_events_are_found() -> None:
    entry = parse_entry(an_entry(2))
    first, second = entry.bodies
    front = entry.value[: 248 + 33 + 32]
    frames = [b"\x00" + len(b).to_bytes(4, "big") + b for b in (second, first)]
    with pytest.raises(RootMismatchError):
        verify_events_root(parse_entry(front + b"".join(frames)))


def test_the_signature_of_another_key_is_refused() -> None:
    entry = parse_entry(VALUE)
    with pytest.raises(SignatureError, match="another key"):
        verify_entry_signature(entry, signer("stranger").public_key)


def test_events_of_the_largest_size_fit_and_a_byte_more_does_not() -> None:
    stream = Stream(signer("a"), seq=1, prev=b"p" * 32)
    room = MAX_VALUE - packed_size(n_schemas=1, bodies_len=MAX_EVENT, n_events=2)
    largest = EncodedEvent(b"x" * 32, bytes(MAX_EVENT))
    value = stream.data(largest, EncodedEvent(b"x" * 32, bytes(room)))
    assert len(value) == MAX_VALUE
    check(value, signer("a").public_key)
    with pytest.raises(TooLargeError):
        stream.data(largest, EncodedEvent(b"x" * 32, bytes(room + 1)))
    with pytest.raises(TooLargeError):
        stream.data(EncodedEvent(b"x" * 32, bytes(MAX_EVENT + 1)))


def test_an_event_beyond_its_limit_is_malformed_even_in_a_small_enough_entry() -> None:
    body = bytes(MAX_EVENT + 1)
    start = VALUE[:144] + b"\x00\x00\x00\x01" + VALUE[148:244]
    payload = VALUE[248:313] + b"\x00" + len(body).to_bytes(4, "big") + body
    with pytest.raises(MalformedError, match="exceeds"):
        parse_entry(start + len(payload).to_bytes(4, "big") + payload)


@pytest.mark.parametrize(("count", "fits"), [(4096, True), (4097, False), (0, False)])
def test_an_entry_holds_1_to_4096_events(*, count: int, fits: bool) -> None:
    events = [EncodedEvent(b"x" * 32, b"b")] * count
    stream = Stream(signer("a"), seq=1, prev=b"p" * 32)

    def pack() -> bytes:
        return stream.write(KIND_DATA, *events)

    if fits:
        assert parse_entry(pack()).header.n_events == count
    else:
        with pytest.raises((TooLargeError, ValueError)):
            pack()


def test_an_entry_names_at_most_255_types() -> None:
    stream = Stream(signer("a"), seq=1, prev=b"p" * 32)
    events = [EncodedEvent(n.to_bytes(32, "big"), b"b") for n in range(256)]
    assert len(parse_entry(stream.data(*events[:255])).schema_ids) == 255
    with pytest.raises(TooLargeError):
        stream.data(*events)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": 0},
        {"kind": KIND_OPEN},
        {"kind": 3},
        {"kind": 4},
        {"seq": 0},
        {"seq": 2**63},
        {"seq": -1},
        {"claimed_time_ms": -1},
        {"prev": b""},
        {"log_id": bytes(31)},
        {"stream_id": bytes(17)},
        {"seed": bytes(33)},
        {"events": [opened()]},
        {"events": [EncodedEvent(bytes(31), b"")]},
    ],
    ids=str,
)
def test_nothing_is_packed_that_would_not_parse(changes: dict[str, Any]) -> None:
    stream = Stream(signer("a"), seq=1, prev=b"p" * 32)
    with pytest.raises(ValueError, match=r"."):
        stream.data(**changes)


def test_prev_at_seq_0_is_zero_also_with_a_predecessor() -> None:
    with pytest.raises(ValueError, match="prev"):
        Stream(signer("a"), prev=b"p" * 32).open()
    assert parse_entry(Stream(signer("a")).open()).header.prev == NO_HASH


def test_env_is_shown_when_the_front_is_right_and_long_enough() -> None:
    assert peek_env(VALUE) == VALUE[8:244] == parse_entry(VALUE).env
    assert peek_env(VALUE[:244]) == VALUE[8:244]
    assert peek_env(VALUE[:243]) == b""
    assert peek_env(b"MLLF" + VALUE[4:]) == b""
    assert peek_env(VALUE[:7] + b"\xad" + VALUE[8:]) == b""


def test_header_hash_names_the_entry_whatever_its_signature() -> None:
    entry = parse_entry(VALUE)
    assert entry.header_hash == header_hash(entry.header.to_bytes())


def test_dsse_library_verifies_header_and_signature_unmodified() -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    entry = parse_entry(VALUE)
    key_id = entry.header.key_fp.hex()
    public_key = signer("a").public_key
    key = SSlibKey(key_id, "ed25519", "ed25519", {"public": public_key.hex()})

    def envelope(header: bytes) -> Envelope:
        data = {
            "payload": base64.b64encode(header).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"keyid": key_id, "sig": base64.b64encode(entry.signature).decode()}
            ],
        }
        return Envelope.from_dict(data)

    assert key_id in envelope(entry.header_bytes).verify([key], 1)
    altered = bytes([entry.header_bytes[0] ^ 1]) + entry.header_bytes[1:]
    with pytest.raises(VerificationError):
        envelope(altered).verify([key], 1)
