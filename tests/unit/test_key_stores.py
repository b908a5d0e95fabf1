"""Keys that lie elsewhere: keyring, PKCS#11 token, the interface of cloud services."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from ledger import key_stores
from ledger.errors import ConfigurationError, LedgerError, UnavailableError
from ledger.keys import Ed25519Signer, VerifiedSigner, load_signer, verify_signature
from ledger.pkcs11_keys import parse_token_uri
from tests.conftest import absent

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
PINS = ("--pin", "1234", "--so-pin", "5678")
EDWARDS25519 = bytes.fromhex("130c656477617264733235353139")  # PrintableString


# --- PKCS#11


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A SoftHSM token ``acme`` with PIN 1234 and one key; yields its URI."""
    if find_spec("pkcs11") is None:
        absent("the package python-pkcs11")
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        absent("SoftHSM 2 (apt-get install softhsm2)")
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    settings = home / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(settings)
    for label in ("acme", "other"):
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, *PINS],
            check=True,
            capture_output=True,
        )
    _make_keys(str(module))
    pin = home / "pin"
    pin.write_text("1234\n")
    pin.chmod(0o600)
    yield f"pkcs11:token=acme;object=log-p0?module-path={module}&pin-source=file:{pin}"
    del os.environ["SOFTHSM2_CONF"]


def _make_keys(module: str) -> None:
    from pkcs11 import Attribute, KeyType, Mechanism, lib

    with (
        lib(module)
        .get_token(token_label="acme")
        .open(rw=True, user_pin="1234") as session
    ):
        parameters = session.create_domain_parameters(
            KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: EDWARDS25519}, local=True
        )
        for number, label in enumerate(("log-p0", "log p1; å"), 1):
            parameters.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                store=True,
                label=label,
                id=bytes([number]),
            )
        session.generate_keypair(KeyType.RSA, 2048, store=True, label="rsa")


def test_a_token_signs_and_keeps_its_key(token: str, tmp_path: Path) -> None:
    signer = load_signer(token, base=tmp_path)
    signature = signer.sign(b"hello")
    verify_signature(
        public_key=signer.public_key, signature=signature, message=b"hello"
    )
    assert signer.sign(b"hello") == signature
    again = load_signer(token.replace("object=log-p0", "id=%01"), base=tmp_path)
    assert again.public_key == signer.public_key


def test_a_token_has_several_keys_by_label(token: str, tmp_path: Path) -> None:
    first = load_signer(token, base=tmp_path)
    uri = token.replace("log-p0", "log%20p1%3B%20%C3%A5")
    second = load_signer(uri, base=tmp_path)
    assert first.public_key != second.public_key
    for signer in (first, second):
        verify_signature(
            public_key=signer.public_key, signature=signer.sign(b"m"), message=b"m"
        )


def test_a_pin_may_come_from_the_environment(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_PIN", "1234")
    front = token.partition("&")[0]
    signer = load_signer(f"{front}&pin-source=env:A_PIN", base=tmp_path)
    assert len(signer.public_key) == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token=acme", "token=nobody"),
        ("token=acme;", ""),  # two tokens have these attributes
        ("token=acme", "token=acme;serial=0"),
        ("object=log-p0", "object=nothing"),
        ("object=log-p0", "object=rsa"),
        ("libsofthsm2.so", "nothing.so"),
        ("pin-source=file:", "pin-source=file:/nowhere"),
    ],
)
def test_what_a_token_does_not_hold_is_named(
    token: str, tmp_path: Path, old: str, new: str
) -> None:
    with pytest.raises(ConfigurationError):
        load_signer(token.replace(old, new), base=tmp_path)


def test_a_pin_that_others_can_read_is_refused(token: str, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234")
    pin.chmod(0o644)
    front = token.partition("&")[0]
    with pytest.raises(ConfigurationError, match="others can read this PIN"):
        load_signer(f"{front}&pin-source=file:pin", base=tmp_path)
    pin.chmod(stat.S_IRUSR)
    assert load_signer(f"{front}&pin-source=file:pin", base=tmp_path).sign(b"x")


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:token=a?module-path=/m",
        "pkcs11:object=a",
        "pkcs11:object=a;object=b?module-path=/m",
        "pkcs11:object=a;colour=b?module-path=/m",
        "pkcs11:object?module-path=/m",
        "pkcs11:object=%ff?module-path=/m",
        "pkcs11:object=a;type=public?module-path=/m",
        "pkcs11:object=a?module-path=/m&pin-value=1234",
        "pkcs11:object=a?module-path=/m&pin-source",
    ],
)
def test_a_token_uri_of_another_form_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_token_uri(uri)
    assert "1234" not in str(caught.value)


def test_a_token_uri_is_decoded() -> None:
    found = parse_token_uri("pkcs11:object=a%3bb;id=%00%ff?module-path=/m%20n")
    assert found.path == {"object": b"a;b", "id": b"\x00\xff"}
    assert (found.module, found.pin_source) == ("/m n", "")


# --- keyring


@pytest.fixture
def keyring() -> Iterator[dict[tuple[str, str], str]]:
    """A keyring whose back-end is a dictionary."""
    if find_spec("keyring") is None:
        absent("the package keyring")
    import keyring as library
    from keyring.backend import KeyringBackend

    kept: dict[tuple[str, str], str] = {}

    class Dictionary(KeyringBackend):
        priority = 1  # pyright: ignore

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

    before = library.get_keyring()
    library.set_keyring(Dictionary())
    yield kept
    library.set_keyring(before)


def test_a_keyring_gives_its_pem(
    keyring: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    signer = Ed25519Signer.from_seed(bytes(32))
    import keyring as library

    library.set_password("mlledger/acme", "operator", signer.to_pem().decode())
    assert list(keyring) == [("mlledger/acme", "operator")]
    found = load_signer("keyring:mlledger/acme/operator", base=tmp_path)
    assert found.public_key == signer.public_key


@pytest.mark.parametrize("place", ["a/nobody", "a", "a/", "/b"])
def test_a_keyring_that_keeps_nothing_there_is_named(
    keyring: dict[tuple[str, str], str], tmp_path: Path, place: str
) -> None:
    with pytest.raises(ConfigurationError):
        load_signer(f"keyring:{place}", base=tmp_path)


def test_what_a_keyring_holds_is_never_printed(
    keyring: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    keyring["a", "b"] = "secret"
    with pytest.raises(ConfigurationError) as caught:
        load_signer("keyring:a/b", base=tmp_path)
    assert "secret" not in str(caught.value)


# --- signers elsewhere


def test_a_signer_of_securesystemslib_is_a_signer(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import CryptoSigner

    private = Ed25519PrivateKey.generate()
    signer = VerifiedSigner(key_stores.CloudSigner(CryptoSigner(private)))
    assert signer.public_key == private.public_key().public_bytes_raw()
    assert signer.sign(b"hello") == private.sign(b"hello")


def test_another_kind_of_key_is_refused() -> None:
    from securesystemslib.signer import CryptoSigner

    with pytest.raises(ConfigurationError, match="not Ed25519"):
        key_stores.CloudSigner(CryptoSigner.generate_ecdsa())


@pytest.mark.parametrize("scheme", key_stores.CLOUD_SCHEMES)
def test_a_cloud_that_is_not_there_says_what_is_missing(
    scheme: str, tmp_path: Path
) -> None:
    with pytest.raises(LedgerError) as caught:
        load_signer(f"{scheme}:vault/key", base=tmp_path)
    assert isinstance(caught.value, ConfigurationError | UnavailableError)
    if isinstance(caught.value, ConfigurationError):
        assert "pip install 'mlledger[kms]'" in caught.value.hint


class Faulty:
    """A signer whose signatures are of another key."""

    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key

    def sign(self, message: bytes) -> bytes:
        return Ed25519Signer.from_seed(bytes(32)).sign(message)


def test_a_signature_from_elsewhere_is_checked_before_it_is_used() -> None:
    other = Ed25519Signer.from_seed(b"o" * 32)
    with pytest.raises(ConfigurationError, match="of no use"):
        VerifiedSigner(Faulty(other.public_key)).sign(b"hello")
    with pytest.raises(ConfigurationError, match="no usable"):
        VerifiedSigner(Faulty(b"\x01" + bytes(31)))
