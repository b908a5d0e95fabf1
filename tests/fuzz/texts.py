"""Short texts that people and settings give: names, keys, times, filters."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from ledger.consumers.declaration import parse_channel
from ledger.digest import format_digest, parse_digest
from ledger.errors import ConfigurationError, InvalidEventError, MalformedError
from ledger.keys import load_signer
from ledger.note import (
    check_name,
    cosignature_vkey,
    log_vkey,
    parse_base64,
    parse_decimal,
    parse_vkey,
)
from ledger.origins import parse_origin, place_of
from ledger.pkcs11_keys import parse_token_uri
from ledger.spelling import format_id, format_time, parse_id, parse_time
from ledger.witness.server import parse_address
from ledger.witness.witness import parse_pin
from projections.decisions.population import parse_population
from projections.registry.filters import Kind, parse_filter
from tests.fuzz.parser import Parser, as_text, numbered, of_text, parts, same

KEY = sha256(b"key").digest()
ATTRIBUTES: dict[str, Kind] = {"name": "text", "created": "number", "a.b": "text"}


def _origin(data: bytes) -> None:
    text = as_text(data)
    place = parse_origin(text)
    same(place_of(place.partition), place)
    same(f"{text.partition('/')[0]}/{place.tail}", text)


def _vkey(data: bytes) -> None:
    text = as_text(data)
    vkey = parse_vkey(text)
    same(str(vkey), text)
    check_name(vkey.name)


def _digest(data: bytes) -> None:
    text = as_text(data)
    same(format_digest(parse_digest(text)), text)


def _decimal(data: bytes) -> None:
    text = as_text(data)
    same(str(parse_decimal(text)), text)


def _base64(data: bytes) -> None:
    text = as_text(data)
    same(b64encode(parse_base64(text)).decode(), text)


def _key(data: bytes) -> None:
    """Load a key that a URI names; none of these names one."""
    text = as_text(data)
    scheme = text.partition(":")[0]
    if scheme in {"file", "env", "pkcs11", "keyring"} or "/" not in text:
        load_signer(text if scheme != "keyring" else "keyring:x", base=Path("/none"))


def _token(data: bytes) -> None:
    parse_token_uri("pkcs11:" + as_text(data))


def _id(data: bytes) -> None:
    found = parse_id(as_text(data))
    same(parse_id(str(format_id(found))), found)


def _time(data: bytes) -> None:
    found = parse_time(as_text(data))
    same(parse_time(str(format_time(found))), found)


def _address(data: bytes) -> None:
    host, port = parse_address(as_text(data))
    same(bool(host) and 0 <= port < 1 << 16, True)


def _pin(data: bytes) -> None:
    parse_pin(as_text(data))


def _channel(data: bytes) -> None:
    found = parse_channel(as_text(data))
    same(":".join(found.values()), as_text(data))


def _population(data: bytes) -> None:
    text = as_text(data)
    same(str(parse_population(text)), text)


def _filter(data: bytes) -> None:
    for condition in parse_filter(as_text(data), attributes=ATTRIBUTES):
        str(condition.to_dict()).encode()


def _seeds() -> list[bytes]:
    origins = ("a.example/control", "a.example/p0", "a.example/p12/e3")
    vkeys = (log_vkey("a.example/p0", KEY), cosignature_vkey("w.example/w", KEY))
    uris = ("file:keys/a.key", "env:A_KEY", "pkcs11:object=a?module-path=/b", "aws:x")
    tokens = (
        "token=t;object=o%20p;id=%01;type=private?module-path=/m.so&pin-source=env:P",
    )
    times = ("2026-11-21T09:30:00Z", "2026-11-21", "2026-11-21T09:30:00.123456+01:00")
    filters = (
        "tags.team = 'risk' AND metrics.auc >= 0.8 AND params.`learning rate` != '0.1'",
        "name ILIKE 'credit%' AND attributes.name IN ('a', 'b''c') AND created < 1e3",
    )
    texts = {
        "origin": origins,
        "vkey": map(str, vkeys),
        "digest": (format_digest(KEY),),
        "decimal": ("0", "70000"),
        "base64": (b64encode(KEY).decode(), "AA=="),
        "key": uris,
        "token": tokens,
        "id": (str(format_id(KEY[:16])), KEY[:16].hex()),
        "time": times,
        "address": ("127.0.0.1:8080", "[::1]:80"),
        "pin": (f"a.example/p0=7:{KEY.hex()}",),
        "channel": ("kafka.topic:scores",),
        "population": ("sample count=20 since=2026-01-01T00:00:00Z",),
        "filter": filters,
    }
    return numbered(**{name: map(of_text, each) for name, each in texts.items()})


PARSERS = (
    Parser(
        "text",
        "origins, verifier keys, digests, key URIs, ids, times, addresses, filters",
        parts(
            origin=_origin,
            vkey=_vkey,
            digest=_digest,
            decimal=_decimal,
            base64=_base64,
            key=_key,
            token=_token,
            id=_id,
            time=_time,
            address=_address,
            pin=_pin,
            channel=_channel,
            population=_population,
            filter=_filter,
        ),
        _seeds,
        errors=(ConfigurationError, InvalidEventError, MalformedError),
        most=12_000,
    ),
)
