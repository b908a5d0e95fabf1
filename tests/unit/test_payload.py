"""Payload: one spelling, a commitment that cannot be guessed, an envelope for one."""

from __future__ import annotations

import json
import math
import traceback
from enum import StrEnum

import numpy as np
import pandas as pd
import pytest
import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    ConfigurationError,
    IntegrityError,
    InvalidEventError,
    MalformedError,
)
from ledger.payload.content import (
    MAX_CONTENT,
    Payload,
    canonical,
    commitment,
    encode_payload,
    parse_payload,
    verify_commitment,
)
from ledger.payload.envelope import KEY_USES, Opened, Sealer, decision_of, open_envelope
from ledger.payload.pairs import PAIR, pair, parted
from ledger.vault.crypt import decrypt, encrypt
from ledger.vault.shelf import DataKey

DECISION = bytes(range(16))
LEDGER = bytes(range(32))
PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
SECRET = "Rumpelstilzchen"
PAYLOAD = Payload(DECISION, "person-17", {"name": SECRET, "age": 42}, 0.731)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=5))
def test_the_spelling_is_that_of_rfc_8785(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 1.0, 1e21, 1e-7, 1e-5, 1e16, 123456789012345680.0, 5e-324, 2**53 - 1],
)
def test_numbers_that_python_writes_in_another_way(number):
    assert canonical({"a": number}) == rfc8785.dumps({"a": number})


def test_values_of_numpy_pandas_and_enumerations_become_plain():
    class Colour(StrEnum):
        RED = "red"

    value = {
        "f": np.float64(0.5),
        "i": np.int64(3),
        "a": np.array([1, 2]),
        "row": pd.Series({"x": 1.5, "y": "z"}),
        "e": Colour.RED,
        "n": math.nan,
        "up": math.inf,
        "t": (1, 2),
    }
    assert json.loads(canonical(value)) == {
        "f": 0.5,
        "i": 3,
        "a": [1, 2],
        "row": {"x": 1.5, "y": "z"},
        "e": "red",
        "n": "NaN",
        "up": "Infinity",
        "t": [1, 2],
    }


@pytest.mark.parametrize(
    "features",
    [
        {"name": SECRET, "x": object()},
        {SECRET: {1: 2}},
        {"x": {SECRET: b"bytes"}},
        {"x": SECRET + "\ud800"},
        {"x": 2**60, "y": SECRET},
        {"x": [SECRET] * (MAX_CONTENT // 4)},
    ],
)
def test_no_error_repeats_what_a_payload_says(features):
    with pytest.raises(InvalidEventError) as caught:
        encode_payload(Payload(DECISION, "person-17", features, None))
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told.replace(repr(SECRET), "")
    assert SECRET not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("subject", ["", "x" * 257, None])
def test_a_payload_without_a_subject_could_never_be_erased(subject):
    with pytest.raises(InvalidEventError, match="subject"):
        encode_payload(Payload(DECISION, subject, {}, None))


def test_content_parses_back_and_has_one_spelling():
    content = encode_payload(PAYLOAD)
    assert parse_payload(content) == PAYLOAD
    for other in (b" " + content, content.replace(b":", b": ", 1), content[:-1]):
        with pytest.raises(MalformedError):
            parse_payload(other)
    changed = json.loads(content) | {"more": 1}
    with pytest.raises(MalformedError):
        parse_payload(rfc8785.dumps(changed))


def test_a_payload_does_not_print_itself():
    opened = Opened(PAYLOAD, encode_payload(PAYLOAD), bytes(32))
    assert SECRET not in f"{PAYLOAD!r} {opened!r} {PAYLOAD} {opened}"


def test_commitment_is_the_hmac_of_rfc_4231_case_1():
    """RFC 4231, test case 1, under its own key length."""
    expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert commitment(b"\x0b" * 20, b"Hi There").hex() == expected


def test_another_content_or_salt_does_not_fit_a_commitment():
    content, salt = encode_payload(PAYLOAD), b"s" * 32
    committed = commitment(salt, content)
    verify_commitment(salt=salt, content=content, committed=committed)
    for other in ({"salt": b"t" * 32}, {"content": content + b" "}, {"salt": b"s"}):
        with pytest.raises(IntegrityError):
            verify_commitment(
                **{"salt": salt, "content": content, "committed": committed, **other}
            )


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(PUBLIC, ledger_id=LEDGER)


def test_an_envelope_opens_to_what_was_sealed(sealer):
    committed, envelope = sealer.seal(PAYLOAD)
    opened = open_envelope(envelope, PRIVATE, ledger_id=LEDGER)
    assert opened.payload == PAYLOAD
    assert opened.commitment == committed
    assert decision_of(envelope) == DECISION
    assert SECRET.encode() not in envelope


def test_each_byte_of_an_envelope_counts(sealer):
    _committed, envelope = sealer.seal(Payload(DECISION, "p", None, None))
    for place in range(len(envelope)):
        bad = bytearray(envelope)
        bad[place] ^= 1
        with pytest.raises((IntegrityError, MalformedError)):
            open_envelope(bytes(bad), PRIVATE, ledger_id=LEDGER)
    for cut in (0, 6, 100, len(envelope) - 1):
        with pytest.raises((IntegrityError, MalformedError)):
            open_envelope(envelope[:cut], PRIVATE, ledger_id=LEDGER)


def test_an_envelope_is_for_one_vault_and_one_ledger(sealer):
    _committed, envelope = sealer.seal(PAYLOAD)
    with pytest.raises(IntegrityError, match="another vault"):
        open_envelope(envelope, X25519PrivateKey.generate(), ledger_id=LEDGER)
    with pytest.raises(IntegrityError):
        open_envelope(envelope, PRIVATE, ledger_id=bytes(32))


def test_salts_and_nonces_are_fresh(sealer):
    pairs = [sealer.seal(PAYLOAD) for _ in range(50)]
    assert len({committed for committed, _ in pairs}) == 50
    assert len({envelope[134:146] for _, envelope in pairs}) == 50


def test_a_content_key_is_used_for_a_while_only():
    now = 0.0
    sealer = Sealer(PUBLIC, ledger_id=LEDGER, monotonic=lambda: now)
    small = Payload(DECISION, "p", None, None)
    wrapped = {sealer.seal(small)[1][54:134] for _ in range(KEY_USES)}
    assert len(wrapped) == 1
    assert sealer.seal(small)[1][54:134] not in wrapped
    now = 301.0
    assert len({sealer.seal(small)[1][54:134] for _ in range(3)} | wrapped) == 2


def test_a_key_that_is_none_is_refused():
    with pytest.raises(ConfigurationError):
        Sealer(b"short", ledger_id=LEDGER)


def test_the_sealed_key_opens_with_rfc_9180_written_out(sealer):
    """A second hand: section 4.1 (DHKEM), 5.1 (key schedule), 5.2, in base mode."""
    _committed, envelope = sealer.seal(PAYLOAD)
    wrapped = envelope[54:134]
    key = _open_base(wrapped, b"mlledger/payload-key/v1\n" + LEDGER)
    plain = AESGCM(key).decrypt(envelope[134:146], envelope[146:], envelope[:134])
    assert plain[32:] == encode_payload(PAYLOAD)
    with pytest.raises(InvalidTag):
        _open_base(wrapped, b"another info")


def _open_base(sealed: bytes, info: bytes) -> bytes:
    enc, ciphertext = sealed[:32], sealed[32:]
    kem = b"KEM" + (0x0020).to_bytes(2, "big")
    dh = PRIVATE.exchange(X25519PublicKey.from_public_bytes(enc))
    prk = _extract(b"", kem, b"eae_prk", dh)
    shared = _expand(prk, kem, b"shared_secret", enc + PUBLIC, 32)
    suite = b"HPKE" + bytes.fromhex("002000010002")
    context = b"\x00" + _extract(b"", suite, b"psk_id_hash", b"")
    context += _extract(b"", suite, b"info_hash", info)
    secret = _extract(shared, suite, b"secret", b"")
    key = _expand(secret, suite, b"key", context, 32)
    nonce = _expand(secret, suite, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


def _mac(key: bytes, data: bytes) -> bytes:
    made = HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


def _extract(salt: bytes, suite: bytes, label: bytes, ikm: bytes) -> bytes:
    return _mac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def _expand(prk: bytes, suite: bytes, label: bytes, info: bytes, size: int) -> bytes:
    labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return _mac(prk, labelled + b"\x01")[:size]


def test_another_data_key_never_yields_another_payload():
    """AES-GCM does not commit to its key; the commitment does."""
    opened = Opened(PAYLOAD, encode_payload(PAYLOAD), b"s" * 32)
    key = DataKey(b"k" * 16, b"K" * 32)
    item = encrypt(opened, key)
    assert decrypt(item, key).content == opened.content
    with pytest.raises(IntegrityError):
        decrypt(item, DataKey(b"k" * 16, b"L" * 32))
    other = Payload(DECISION, "person-17", {"name": "somebody else"}, 0.1)
    forged = encrypt(Opened(other, encode_payload(other), b"s" * 32), key)
    swapped = type(item)(
        item.decision_id, item.commitment, key.key_id, forged.nonce, forged.ciphertext
    )
    with pytest.raises(IntegrityError, match="not what it is said to be"):
        decrypt(swapped, key)


def test_a_pair_is_parted_into_what_it_was():
    plain = (b"p" * 32, b"plain")
    both = pair(b"d" * 32, b"body", b"envelope")
    assert both[0] == PAIR
    events, envelopes = parted([plain, both, plain])
    assert events == [plain, (b"d" * 32, b"body"), plain]
    assert envelopes == [b"envelope"]
    assert parted([plain]) == ([plain], [])
    with pytest.raises(MalformedError):
        parted([(PAIR, both[1][:-8])])
