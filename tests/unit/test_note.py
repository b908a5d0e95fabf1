"""Signed notes and verifier keys: one spelling, own and published vectors."""

from __future__ import annotations

import base64
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors, note
from ledger.errors import EvidenceError, MalformedError, SignatureError
from ledger.keys import Ed25519Signer

SIGNER = Ed25519Signer.from_seed(bytes(range(32)))
VKEY = note.log_vkey("ledger.example/p0", SIGNER.public_key)


def signed(text: str) -> bytes:
    signature = SIGNER.sign(text.encode())
    line = note.SignatureLine(VKEY.name, VKEY.key_id, signature)
    return note.Note(text, (line,)).to_bytes()


def test_own_vectors_hold(vectors: Path) -> None:
    paths = sorted((vectors / "note").glob("*.json"))
    assert len(paths) >= 30
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        raises = vector["raises"]
        with pytest.raises(getattr(errors, raises)) if raises else nullcontext():
            check_vector(vector)
            assert raises is None, path


def check_vector(vector: dict[str, Any]) -> None:
    if vector["kind"] == "vkey":
        vkey = note.parse_vkey(vector["text"])
        found = (vkey.name, vkey.key_id.hex(), vkey.type, vkey.public_key.hex())
        wanted = [vector[k] for k in ("name", "key_id", "type", "public_key")]
        assert list(found) == wanted
        assert str(vkey) == vector["text"]
        return
    data = base64.b64decode(vector["data"])
    parsed = note.parse_note(data)
    assert parsed.to_bytes() == data
    if vector["kind"] == "verify":
        note.verify_note(parsed, note.parse_vkey(vector["vkey"]))
        return
    lines = [
        {"name": s.name, "key_id": s.key_id.hex(), "signature": s.signature.hex()}
        for s in parsed.signatures
    ]
    assert (parsed.text, lines) == (vector["text"], vector["signatures"])


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    whole = signed("origin\n8\nroot\n")
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[place]))
    changed = whole[:place] + bytes([byte]) + whole[place + 1 :]
    with pytest.raises(EvidenceError):
        note.verify_note(note.parse_note(changed), VKEY)


@given(st.data())
def test_any_other_length_is_found(data: st.DataObject) -> None:
    whole = signed("origin\n8\nroot\n")
    cut = data.draw(st.integers(0, len(whole) - 1))
    more = data.draw(st.binary(min_size=1, max_size=4))
    for changed in (whole[:cut], whole[cut + 1 :], whole + more):
        with pytest.raises(EvidenceError):
            note.verify_note(note.parse_note(changed), VKEY)


@given(st.binary(max_size=300))
def test_whatever_parses_prints_back(data: bytes) -> None:
    tail = b"\n\n\xe2\x80\x94 a AAAAAAA=\n"
    for candidate in (data, data + tail):
        try:
            parsed = note.parse_note(candidate)
        except MalformedError:
            continue
        assert parsed.to_bytes() == candidate


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(names, st.binary(min_size=32, max_size=32))
def test_a_verifier_key_prints_back_or_its_name_is_refused(
    name: str, key: bytes
) -> None:
    try:
        vkey = note.log_vkey(name, key)
    except MalformedError:
        assert any(c.isspace() or c == "+" or ord(c) < 0x20 for c in name)
        return
    assert note.parse_vkey(str(vkey)) == vkey


def test_a_note_has_room_for_16_signatures_and_an_upper_limit() -> None:
    line = signed("text\n").split(b"\n\n")[1]
    parsed = note.parse_note(b"text\n\n" + line * 16)
    assert len(parsed.signatures) == 16
    with pytest.raises(MalformedError, match="bytes"):
        note.parse_note(b"x" * note.MAX_NOTE + b"\n\n" + line)


def test_a_cosigners_key_does_not_verify_a_plain_signature() -> None:
    cosigner = note.Vkey(VKEY.name, VKEY.key_id, note.COSIGNATURE, VKEY.public_key)
    with pytest.raises(SignatureError, match="plain"):
        note.verify_note(note.parse_note(signed("text\n")), cosigner)


def test_a_log_key_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedError, match="32 bytes"):
        note.log_vkey("x", bytes(31))


@given(st.integers(0, 2**63 - 1))
def test_a_decimal_prints_back(number: int) -> None:
    assert note.parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "01",
        "+7",
        "-1",
        " 7",
        "7 ",
        "7\n",
        "1_0",
        "٧",
        "７",
        "0x7",
        "7.0",
        "9223372036854775808",
        "9" * 5000,
    ],
)
def test_a_decimal_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedError):
        note.parse_decimal(text)


@given(st.binary(max_size=50))
def test_base64_prints_back(data: bytes) -> None:
    assert note.parse_base64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize(
    "text",
    ["AB==", "AB", "A", "AA=", "AA==\n", "A A=", "AA-_", "AAA=A", "=", "ÄÄ==", "AA==="],
)
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedError):
        note.parse_base64(text)
