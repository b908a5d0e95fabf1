"""Keys: one strict verification, private files, key URIs that keep their secret."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import nacl.bindings
import nacl.exceptions
import nacl.signing
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from ledger import keys
from ledger.errors import ConfigurationError, ConflictError, SignatureError
from ledger.keys import Ed25519Signer, load_signer, verify_signature, write_key

SEED = bytes(range(32))
SIGNER = Ed25519Signer.from_seed(SEED)
P = 2**255 - 19


def accepts(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        verify_signature(public_key=public_key, signature=signature, message=message)
    except SignatureError:
        return False
    return True


def libsodium_accepts(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        nacl.signing.VerifyKey(public_key).verify(message, signature)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def test_all_914_edge_cases_get_the_verdict_of_libsodium(shared_vectors: Path) -> None:
    cases = json.loads((shared_vectors / "ed25519-cctv.json").read_text())
    assert len(cases) == 914
    accepted = 0
    for case in cases:
        key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        ours = accepts(key, signature, case["msg"].encode())
        assert ours == libsodium_accepts(key, signature, case["msg"].encode()), case
        accepted += ours
    assert accepted == 43


def test_exactly_14_encodings_are_of_low_order() -> None:
    found = keys.LOW_ORDER_ENCODINGS
    assert len(found) == 14
    ordinates = {int.from_bytes(e, "little") & (2**255 - 1) for e in found}
    # 8 * point is neutral exactly for y of 0, ±1 and the roots of 2y² = 1 - dy⁴.
    d = -121665 * pow(121666, -1, P) % P
    for y in ordinates:
        low_order_8 = (2 * y * y - 1 + d * pow(y, 4, P)) % P == 0
        assert low_order_8 or y % P in {0, 1, P - 1}


@pytest.mark.parametrize("encoding", sorted(keys.LOW_ORDER_ENCODINGS))
def test_a_low_order_key_or_r_is_refused(encoding: bytes) -> None:
    assert keys.is_low_order(encoding)
    assert not accepts(encoding, encoding + bytes(32), b"any message")
    good = SIGNER.sign(b"message")
    assert not accepts(SIGNER.public_key, encoding + good[32:], b"message")


def test_rfc_8032_example_signs_and_verifies() -> None:
    seed = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"
    signer = Ed25519Signer.from_seed(bytes.fromhex(seed))
    signature = signer.sign(bytes.fromhex("af82"))
    assert signature.hex().startswith("6291d657deec24024827e69c3abe01a3")
    assert accepts(signer.public_key, signature, bytes.fromhex("af82"))


@given(st.binary(max_size=200), st.integers(0, 511), st.integers(0, 255))
def test_a_signature_holds_for_its_bits_alone(
    message: bytes, bit: int, key_bit: int
) -> None:
    signature = SIGNER.sign(message)
    assert accepts(SIGNER.public_key, signature, message)
    assert not accepts(SIGNER.public_key, signature, message + b"\0")
    assert not accepts(SIGNER.public_key, flipped(signature, bit), message)
    assert not accepts(flipped(SIGNER.public_key, key_bit), signature, message)


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize(
    ("key", "signature"),
    [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)],
)
def test_other_lengths_are_refused(key: int, signature: int) -> None:
    assert not accepts(b"\2" * key, b"\2" * signature, b"")


def test_a_fingerprint_is_the_hash_of_the_raw_key() -> None:
    assert keys.key_fingerprint(SIGNER.public_key) == sha256(SIGNER.public_key).digest()


def test_generated_keys_differ_and_come_from_the_given_source() -> None:
    assert Ed25519Signer.generate().public_key != Ed25519Signer.generate().public_key
    drawn = Ed25519Signer.generate(lambda count: SEED[:count])
    assert drawn.public_key == SIGNER.public_key


def test_a_signer_does_not_print_its_secret() -> None:
    assert SEED.hex() not in repr(SIGNER)
    assert SIGNER.public_key.hex() in repr(SIGNER)


def test_a_written_key_loads_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "p.key"
    write_key(path, SIGNER)
    assert path.stat().st_mode & 0o777 == 0o600
    for uri in ("file:p.key", f"file:{path}"):
        assert load_signer(uri, base=tmp_path).public_key == SIGNER.public_key


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p.key"
    write_key(path, SIGNER)
    with pytest.raises(ConflictError):
        write_key(path, Ed25519Signer.generate())
    assert load_signer("file:p.key", base=tmp_path).public_key == SIGNER.public_key


def test_a_key_is_not_written_into_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        write_key(tmp_path / "missing" / "p.key", SIGNER)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "p.key"
    write_key(path, SIGNER)
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        load_signer("file:p.key", base=tmp_path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_key_can_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRODUCER_KEY", SIGNER.to_pem().decode())
    loaded = load_signer("env:PRODUCER_KEY", base=tmp_path)
    assert loaded.public_key == SIGNER.public_key
    monkeypatch.delenv("PRODUCER_KEY")
    with pytest.raises(ConfigurationError, match="PRODUCER_KEY"):
        load_signer("env:PRODUCER_KEY", base=tmp_path)


@pytest.mark.parametrize(
    "uri", ["", "file:", "env:", "p.key", "https://x/y", SEED.hex()]
)
def test_another_uri_is_refused_and_not_repeated(tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_signer(uri, base=tmp_path)
    assert not uri or uri not in str(caught.value)


@pytest.mark.parametrize("content", ["absent", "text", "elliptic", "encrypted"])
def test_a_file_that_is_no_plain_ed25519_key_is_refused(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "p.key"
    if content != "absent":
        path.write_bytes(other_key(content))
        path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"p\.key"):
        load_signer("file:p.key", base=tmp_path)


def other_key(content: str) -> bytes:
    if content == "text":
        return b"no key"
    if content == "elliptic":
        elliptic = generate_private_key(SECP256R1())
        return elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private = SIGNER._private
    locked = BestAvailableEncryption(b"password")
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


# --- keys that may be registered


D = -121665 * pow(121666, P - 2, P) % P


def decodes(encoding: bytes) -> bool:
    """RFC 8032, section 5.1.3, step by step: the slow twin of ``is_usable_key``."""
    number = int.from_bytes(encoding, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return False
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return v * x * x % P == u and not (x == 0 and sign)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_usable_where_it_decodes_to_a_point_of_high_order(key: bytes) -> None:
    usable = decodes(key) and key not in keys.LOW_ORDER_ENCODINGS
    assert keys.is_usable_key(key) == usable
    if nacl.bindings.crypto_core_ed25519_is_valid_point(key):
        assert keys.is_usable_key(key)


@given(st.binary(min_size=32, max_size=32))
def test_the_key_of_every_seed_is_usable(seed: bytes) -> None:
    assert keys.is_usable_key(Ed25519Signer.from_seed(seed).public_key)


def test_about_half_of_all_ordinates_have_no_point() -> None:
    count = sum(keys.is_usable_key(y.to_bytes(32, "little")) for y in range(2, 502))
    assert 200 < count < 300


def test_no_key_of_low_order_no_second_spelling_and_no_other_length_is_usable() -> None:
    for key in keys.LOW_ORDER_ENCODINGS:
        assert not keys.is_usable_key(key)
    for y in range(19):
        for sign in (0, 1 << 255):
            assert not keys.is_usable_key((y + P | sign).to_bytes(32, "little"))
    for length in (0, 31, 33):
        assert not keys.is_usable_key(
            SIGNER.public_key[:31].ljust(length, b"x")[:length]
        )
