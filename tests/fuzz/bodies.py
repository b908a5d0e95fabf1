"""What producers sign and people write: entries, schemas, bodies, payload, JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.avro import built_in_schemas, type_of_schema, verify_spelling
from ledger.codec import Decoder, Decoders, encode, from_json, to_event, to_json
from ledger.commands.emit import _object  # pyright: ignore[reportPrivateUsage]
from ledger.entry import (
    event_hashes,
    parse_entry,
    parse_header,
    peek_env,
    verify_events_root,
)
from ledger.errors import (
    IntegrityError,
    InvalidEventError,
    MalformedError,
)
from ledger.ledger_types import decode_bodies
from ledger.output import to_json as to_text
from ledger.payload.content import Payload, encode_payload, parse_payload
from ledger.payload.envelope import Sealer, decision_of, open_envelope
from tests.fuzz.parser import (
    VECTORS,
    BrokenPromiseError,
    Parser,
    as_text,
    numbered,
    parts,
    same,
    values,
)

# Entries


def _entry(data: bytes) -> None:
    entry = parse_entry(data)
    same(entry.env, peek_env(data))
    same(len(event_hashes(entry)), entry.header.n_events)
    same(parse_header(entry.header_bytes).to_bytes(), entry.header_bytes)
    same(_packed(data), data)
    decode_bodies(entry)
    verify_events_root(entry)


def _packed(data: bytes) -> bytes:
    entry = parse_entry(data)
    known = list(entry.schema_ids)
    rows = (
        bytes([known.index(event.schema_id)])
        + len(event.body).to_bytes(4, "big")
        + event.body
        for event in entry.events
    )
    payload = entry.seed + bytes([len(known)]) + b"".join(known) + b"".join(rows)
    front = b"MLLE\x00\x01\x00\xac" + entry.header.to_bytes() + entry.signature
    return front + len(payload).to_bytes(4, "big") + payload


def _header(data: bytes) -> None:
    same(parse_header(data).to_bytes(), data)


def _entry_seeds() -> list[bytes]:
    entries = values("entry", "value", bytes.fromhex)
    return numbered(entry=entries, header=[data[8:180] for data in entries])


# Bodies of known types


@cache
def _schemas() -> list[tuple[bytes, bytes]]:
    return sorted(built_in_schemas().items(), key=lambda pair: type_of_schema(pair[1]))


@cache
def _decoders() -> Decoders:
    return Decoders(dict(_schemas()).__getitem__)


@cache
def _decoder(schema: bytes) -> Decoder:
    return Decoder(schema)


def _printed(value: object) -> None:
    """Check that a value is printed as JSON that any other program reads."""
    json.loads(to_text(value), parse_constant=_no_constant)


def _no_constant(word: str) -> None:
    raise BrokenPromiseError(f"{word} is printed, which is not JSON")


def _body(data: bytes) -> None:
    """Decode a body; whatever a producer wrote there, it can be printed."""
    if len(data) < 1:
        return
    identity, schema = _schemas()[data[0] % len(_schemas())]
    event = _decoders().decode(identity, data[1:])
    _printed(to_json(event))
    try:
        _printed(to_json(to_event(event)))
    except InvalidEventError as error:
        str(error)
    _decoder(schema).decode_canonical(data[1:])


def _body_seeds() -> list[bytes]:
    numbers = {identity: n for n, (identity, _) in enumerate(_schemas())}
    found: list[bytes] = []
    for path in sorted((VECTORS / "codec").glob("*.json")):
        vector = json.loads(path.read_bytes())
        number = numbers.get(bytes.fromhex(vector.get("schema_id", "")), 0)
        if "refused" in vector:
            number = _number_of("prediction.decision.recorded")
        found.append(bytes([number]) + bytes.fromhex(vector["body"]))
    return found


def _number_of(name: str) -> int:
    return next(
        n for n, (_, text) in enumerate(_schemas()) if type_of_schema(text)[0] == name
    )


# Schemas


def _schema(data: bytes) -> None:
    """Compile a schema, decode by it, and say which type it is of."""
    schema, _, body = data.partition(b"\n")
    type_of_schema(schema)
    decoder = Decoder(schema)
    with suppress(MalformedError):
        decoder.decode(body)
    verify_spelling(schema)


def _schema_seeds() -> list[bytes]:
    shipped = [text + b"\n" for _, text in _schemas()[::6]]
    kinds = [
        '"null"',
        '["null","long","string"]',
        '{"type":"map","values":"bytes"}',
        '{"type":"array","items":["null","int"]}',
        '{"name":"F","type":"fixed","size":3}',
        '{"name":"E","type":"enum","symbols":["a","b"],"default":"a"}',
        '{"name":"R","type":"record","fields":[{"name":"x","type":"float"}]}',
    ]
    front = (
        '{"name":"seen_v1","namespace":"mlledger.a.b","type":"record",'
        '"fields":[{"name":"f","type":'
    )
    return [*shipped, *(f"{front}{kind}}}]}}\n\x02".encode() for kind in kinds)]


# Payload


LEDGER = bytes(range(32))


@cache
def _private() -> X25519PrivateKey:
    return X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def _content(data: bytes) -> None:
    same(encode_payload(parse_payload(data)), data)


def _envelope(data: bytes) -> None:
    decision_of(data)
    opened = open_envelope(data, _private(), ledger_id=LEDGER)
    same(encode_payload(opened.payload), opened.content)


def _sealed(data: bytes) -> None:
    """Open an envelope that was sealed rightly around bytes that may be no payload."""
    opened = open_envelope(_seal(data), _private(), ledger_id=LEDGER)
    same(opened.content, data)


def _seal(content: bytes) -> bytes:
    public = _private().public_key().public_bytes_raw()
    sealer = Sealer(public, ledger_id=LEDGER, random_bytes=bytes)
    honest = sealer.seal(_payload())[1]
    head = honest[: -(12 + 32 + len(encode_payload(_payload())) + 16)]
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = bytes(12)
    return head + nonce + AESGCM(bytes(32)).encrypt(nonce, bytes(32) + content, head)


def _payload() -> Payload:
    return Payload(bytes(range(16)), "person-17", {"age": 42, "x": [1.5, None]}, 0.7)


def _payload_seeds() -> list[bytes]:
    content = encode_payload(_payload())
    return numbered(
        content=[content, encode_payload(Payload(bytes(16), "s", {}, None))],
        envelope=[_seal(content)],
        sealed=[content],
    )


# Events as JSON


def event(data: bytes) -> None:
    """Take an event as ``mlledger emit`` takes it from a file."""
    name, _, text = as_text(data).partition("\n")
    event = from_json(name, _object(text, "--data"))
    _printed(to_json(event))
    identity, body = encode(event)
    same(encode(to_event(_decoders().decode(identity, body))), (identity, body))


def event_seeds() -> list[bytes]:
    found: list[bytes] = []
    for path in sorted((VECTORS / "codec").glob("event-*.json"))[::3]:
        vector = json.loads(path.read_bytes())
        found.append(f"{vector['type']}\n{json.dumps(vector['event'])}".encode())
    return found


PARSERS = (
    Parser(
        "entry",
        "signed entries, their headers, and the ledger's own events in them",
        parts(entry=_entry, header=_header),
        _entry_seeds,
        errors=(MalformedError, IntegrityError),
    ),
    Parser(
        "body",
        "Avro bodies of the shipped types, read, printed and respelled",
        _body,
        _body_seeds,
    ),
    Parser(
        "schema",
        "Avro schemas, and bodies read by them",
        _schema,
        _schema_seeds,
        most=8_192,
    ),
    Parser(
        "payload",
        "envelopes of captured payload and the content in them",
        parts(content=_content, envelope=_envelope, sealed=_sealed),
        _payload_seeds,
        errors=(MalformedError, IntegrityError),
    ),
)
