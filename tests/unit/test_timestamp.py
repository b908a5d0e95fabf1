"""RFC 3161 tokens: whom they bind to what time, and what they are refused for."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import (
    ConfigurationError,
    EvidenceError,
    MalformedError,
    SignatureError,
    TimeAuthorityError,
)
from ledger.timestamp import (
    Attested,
    read_imprint,
    read_roots,
    request_token,
    verify_imprint,
    verify_token,
)
from tests.support.tsa import Authority, now, serving

TEXT = b"example.org/manifest\n7\nAAAA\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.stamp(TEXT)


def test_a_token_fetched_over_http_verifies_under_the_pinned_root() -> None:
    authority = Authority()
    before = now()
    with serving(authority) as running:
        token = request_token(running.url, TEXT)
    found = verify_token(token, TEXT, roots=[authority.pem])
    assert found == read_imprint(token) == verify_imprint(token, TEXT)
    assert found.imprint == sha256(TEXT).digest()
    assert found.authority == "CN=test tsa"
    assert found.accuracy_ms == 1_500
    assert found.not_later_than_ms == found.time_ms + 1_500
    assert 0 <= found.time_ms - before.timestamp() * 1_000 < 60_000


def test_roots_are_taken_as_pem_and_as_der(authority, token) -> None:
    der = authority.root.public_bytes(Encoding.DER)
    stranger = Authority("stranger").pem
    for roots in ([der], [authority.pem], [stranger, der]):
        assert verify_token(token, TEXT, roots=roots).authority == "CN=test tsa"


def test_another_text_is_a_contradiction(authority, token) -> None:
    for check in (
        lambda: verify_token(token, TEXT + b"\n", roots=[authority.pem]),
        lambda: verify_imprint(token, TEXT + b"\n"),
    ):
        with pytest.raises(SignatureError, match="another text") as caught:
            check()
        assert caught.value.actual == sha256(TEXT).hexdigest()


def test_a_stranger_root_does_not_vouch(token) -> None:
    stranger = Authority("stranger")
    with pytest.raises(SignatureError, match="issuer") as caught:
        verify_token(token, TEXT, roots=[stranger.pem])
    assert caught.value.expected == "CN=stranger root"


def test_a_stranger_of_the_same_names_does_not_vouch(token) -> None:
    with pytest.raises(SignatureError):
        verify_token(token, TEXT, roots=[Authority().pem])


def test_a_certificate_counts_for_the_time_of_its_token(authority) -> None:
    """An expired certificate goes on vouching for what it signed while it was valid."""
    past = Authority(
        "past",
        not_before=now() - timedelta(days=3),
        not_after=now() - timedelta(days=2),
    )
    good = past.stamp(TEXT, at=now() - timedelta(days=2, hours=12))
    assert verify_token(good, TEXT, roots=[past.pem]).authority == "CN=past tsa"
    for days, word in ((1, "expired"), (4, "not yet valid")):
        late = past.stamp(TEXT, at=now() - timedelta(days=days))
        with pytest.raises(SignatureError, match=word):
            verify_token(late, TEXT, roots=[past.pem])


@pytest.mark.parametrize(
    ("usages", "critical"),
    [
        ((ExtendedKeyUsageOID.SERVER_AUTH,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
    ],
)
def test_a_certificate_for_other_uses_does_not_vouch(usages, critical) -> None:
    other = Authority("other", usages=usages, critical=critical)
    with pytest.raises(SignatureError):
        verify_token(other.stamp(TEXT), TEXT, roots=[other.pem])


def test_a_second_certificate_of_the_signer_is_refused(authority) -> None:
    """Else one could vouch and the other give the name that is shown."""
    token = authority.respond(sha256(TEXT).digest(), extra=(authority.double(),))
    with pytest.raises(MalformedError, match="2 certificates"):
        verify_token(token, TEXT, roots=[authority.pem])


def test_other_certificates_may_be_enclosed(authority) -> None:
    root = authority.root.public_bytes(Encoding.DER)
    token = authority.respond(sha256(TEXT).digest(), extra=(root,))
    assert verify_token(token, TEXT, roots=[authority.pem]).authority == "CN=test tsa"


def test_no_root_is_a_setting_and_no_verdict(token) -> None:
    with pytest.raises(ConfigurationError, match="no root"):
        verify_token(token, TEXT, roots=[])
    with pytest.raises(ConfigurationError, match="no certificate"):
        verify_token(token, TEXT, roots=[b"nonsense"])


@pytest.mark.filterwarnings("ignore:Parsed a")
def test_a_flipped_bit_of_any_byte_is_found(authority, token) -> None:
    for place in range(len(token)):
        broken = bytearray(token)
        broken[place] ^= 1 << place % 8
        with pytest.raises(EvidenceError):
            verify_token(bytes(broken), TEXT, roots=[authority.pem])


def test_what_is_no_der_is_malformed(authority, token) -> None:
    for data in (b"", b"nonsense", token[:-1], token + b"\0", bytes(2 << 20)):
        with pytest.raises(MalformedError):
            verify_token(data, TEXT, roots=[authority.pem])
        with pytest.raises(MalformedError):
            read_imprint(data)


@pytest.mark.filterwarnings("ignore:Parsed a")
@given(data=st.binary(max_size=200), place=st.integers(0, 800))
def test_no_bytes_do_more_than_be_refused(authority, token, data, place) -> None:
    for spoilt in (data, token[:place] + data + token[place + len(data) :]):
        if spoilt != token:
            with pytest.raises(EvidenceError):
                verify_token(spoilt, TEXT, roots=[authority.pem])


def test_a_refusal_is_no_token() -> None:
    refusing = Authority(mode="reject")
    with pytest.raises(MalformedError, match="not granted"):
        read_imprint(refusing.stamp(TEXT))


def test_only_sha256_is_taken(authority) -> None:
    token = authority.respond(bytes(64), algorithm="sha512")
    with pytest.raises(MalformedError, match="SHA-256"):
        read_imprint(token)


@pytest.mark.parametrize(
    ("micros", "expected"), [(0, 0), (500_000, 500), (678_000, 678), (120_001, 121)]
)
def test_a_fraction_of_a_second_counts_upward(authority, micros, expected) -> None:
    at = datetime(2026, 11, 21, 12, 0, 0, micros, tzinfo=UTC)
    found = read_imprint(authority.stamp(TEXT, at=at))
    whole = int(at.replace(microsecond=0).timestamp()) * 1_000
    assert found.time_ms == whole + expected


def test_a_time_in_whole_seconds_without_accuracy_is_good_to_the_second() -> None:
    vague = Authority(accuracy=None)
    for micros, more in ((0, 999), (250_000, 0)):
        at = now().replace(microsecond=micros)
        found = read_imprint(vague.stamp(TEXT, at=at))
        assert found.accuracy_ms is None
        assert found.not_later_than_ms == found.time_ms + more


@pytest.mark.parametrize("mode", ["reject", "other", "garbage", "error"])
def test_an_authority_that_gives_no_token_is_away(mode) -> None:
    with serving(Authority(mode=mode)) as running, pytest.raises(TimeAuthorityError):
        request_token(running.url, TEXT)


def test_an_authority_that_repeats_an_old_answer_is_refused(authority) -> None:
    class Replaying(Authority):
        def answer(self, request: bytes) -> bytes:
            return self.stamp(TEXT, nonce=1)

    with (
        serving(Replaying()) as running,
        pytest.raises(TimeAuthorityError, match="another request"),
    ):
        request_token(running.url, TEXT)


def test_nobody_at_the_address_is_an_authority_that_is_away() -> None:
    with serving(Authority()) as running:
        url = running.url
    with pytest.raises(TimeAuthorityError):
        request_token(url, TEXT, timeout_s=2)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://x", "", "localhost"])
def test_only_web_addresses_are_asked(url) -> None:
    with pytest.raises(ConfigurationError):
        request_token(url, TEXT)


def test_roots_are_read_from_a_file(tmp_path: Path, authority, token) -> None:
    path = tmp_path / "roots.pem"
    path.write_bytes(Authority("stranger").pem + authority.pem)
    roots = read_roots(path)
    assert len(roots) == 2
    assert isinstance(verify_token(token, TEXT, roots=roots), Attested)
    path.write_bytes(b"none")
    for broken in (path, tmp_path / "absent.pem"):
        with pytest.raises(ConfigurationError):
            read_roots(broken)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_agrees(tmp_path: Path, authority, token) -> None:
    (tmp_path / "token.tsr").write_bytes(token)
    (tmp_path / "roots.pem").write_bytes(authority.pem)
    for text, verdict in ((TEXT, 0), (TEXT + b"\n", 1)):
        (tmp_path / "text").write_bytes(text)
        command = "openssl ts -verify -data text -in token.tsr -CAfile roots.pem"
        found = subprocess.run(
            command.split(), cwd=tmp_path, capture_output=True, check=False
        )
        assert found.returncode == verdict, found.stderr
