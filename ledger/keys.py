"""Ed25519 keys: signers, key URIs, and one strict way to verify a signature.

Verification refuses a public key or a signature's R that is one of the 14 encodings
of the points of low order, then asks the library. Without the refusal one signature
could verify for many messages, and implementations would disagree about it.

Source: RFC 8032; C2SP CCTV, ``ed25519/README``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger import clock
from ledger.errors import ConfigurationError, ConflictError, SignatureError

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def _low_order_encodings() -> frozenset[bytes]:
    """Return the 14 encodings: y, y + p where it fits, each with both sign bits."""
    ordinates = (0, 1, _P - 1, _P, _P + 1, _ORDER_8_Y, _P - _ORDER_8_Y)
    return frozenset(
        (y | sign << 255).to_bytes(32, "little") for y in ordinates for sign in (0, 1)
    )


LOW_ORDER_ENCODINGS = _low_order_encodings()


class Signer(Protocol):
    """Something that holds an Ed25519 private key and signs with it."""

    @property
    def public_key(self) -> bytes:
        """The raw public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of a message."""
        ...


class Ed25519Signer:
    """A signer whose private key lies in this process's memory."""

    __slots__ = ("_private", "public_key")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> Ed25519Signer:
        """Return the signer of a 32-byte private seed (RFC 8032, section 5.1.5).

        Raises:
            ValueError: the seed has another length.
        """
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def generate(
        cls, random: Callable[[int], bytes] = clock.random_bytes
    ) -> Ed25519Signer:
        """Return the signer of a fresh key.

        Args:
            random: gives that many unpredictable bytes.
        """
        return cls.from_seed(random(32))

    def sign(self, message: bytes) -> bytes:
        """See :meth:`Signer.sign`."""
        return self._private.sign(message)

    def to_pem(self) -> bytes:
        """Return the private key as unencrypted PKCS#8 PEM."""
        return self._private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )

    def __repr__(self) -> str:
        return f"Ed25519Signer(public_key={self.public_key.hex()})"


def key_fingerprint(public_key: bytes) -> bytes:
    """Return the 32-byte SHA-256 of a raw public key, by which entries name it."""
    return sha256(public_key).digest()


def verify_signature(*, public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature, strictly.

    Args:
        public_key: raw public key A, 32 bytes.
        signature: R and S, 64 bytes.
        message: the bytes that were signed.

    Raises:
        SignatureError: it does not verify, or A or R is of low order.

    Source: RFC 8032, section 5.1.7; C2SP CCTV for the refusal.
    """
    if len(public_key) != 32 or len(signature) != 64:
        raise SignatureError("an Ed25519 key has 32 bytes, a signature 64")
    if is_low_order(public_key) or is_low_order(signature[:32]):
        raise SignatureError("the key or the signature's R is a point of low order")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        text = f"the signature does not verify under key {public_key.hex()}"
        raise SignatureError(text) from error


def is_low_order(encoding: bytes) -> bool:
    """Tell whether 32 bytes encode a point of low order, canonically or not."""
    return encoding in LOW_ORDER_ENCODINGS


@lru_cache(maxsize=512)
def is_usable_key(public_key: bytes) -> bool:
    """Tell whether a public key may be registered at all.

    It has 32 bytes, decodes to a point of the curve, is spelled in the only canonical
    way and is not of low order. A point with ordinate y exists where
    (y² − 1)/(dy² + 1) is a square, which Euler's criterion tells without a root.

    Source: RFC 8032, section 5.1.3.
    """
    if len(public_key) != 32 or is_low_order(public_key):
        return False
    y = int.from_bytes(public_key, "little") & (1 << 255) - 1
    quotient_times_square = (y * y - 1) * (_D * y * y + 1)
    return y < _P and pow(quotient_times_square, (_P - 1) // 2, _P) == 1


def load_signer(uri: str, *, base: Path) -> Signer:
    """Return the signer that a key URI names.

    Args:
        uri: ``file:<path>``, relative to ``base`` unless absolute, ``env:<NAME>`` of an
            environment variable or ``keyring:<service>/<user>``, each of which holds
            PKCS#8 PEM; ``pkcs11:…`` (:mod:`ledger.pkcs11_keys`); or a key in a cloud
            service (:mod:`ledger.key_stores`).
        base: folder that relative paths start from; the ledger home.

    Raises:
        ConfigurationError: no such key, others can read it, or it is not Ed25519.
        UnavailableError: a token or service is away.
    """
    from ledger import key_stores, pkcs11_keys

    scheme, colon, rest = uri.partition(":")
    read = {
        "file": lambda: _read_private(base / rest),
        "env": lambda: _read_variable(rest),
        "keyring": lambda: key_stores.read_keyring(rest),
    }
    if scheme in read and colon and rest:
        return _from_pem(read[scheme](), uri)
    if scheme == "pkcs11" and rest:
        return VerifiedSigner(pkcs11_keys.TokenSigner(uri, base=base))
    if scheme in key_stores.CLOUD_SCHEMES and rest:
        return VerifiedSigner(key_stores.open_cloud(scheme, rest))
    # A mistyped URI may be the key itself, so it is never printed.
    raise ConfigurationError(
        "not a key URI",
        hint="write file:<path>, env:<NAME of a variable>, keyring:<service>/<user> "
        f"or pkcs11:…; or one of {', '.join(key_stores.CLOUD_SCHEMES)}",
    )


class VerifiedSigner:
    """A signer elsewhere, each of whose signatures is checked before it is used."""

    __slots__ = ("_signer", "public_key")

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.public_key: bytes = signer.public_key
        if not is_usable_key(self.public_key):
            raise ConfigurationError("the key's public half is no usable Ed25519 key")

    def sign(self, message: bytes) -> bytes:
        """See :meth:`Signer.sign`.

        Raises:
            ConfigurationError: what signs elsewhere does not sign as Ed25519 asks.
        """
        signature = self._signer.sign(message)
        try:
            verify_signature(
                public_key=self.public_key, signature=signature, message=message
            )
        except SignatureError as error:
            raise ConfigurationError(f"a signature of no use: {error}") from error
        return signature


def write_key(path: Path, signer: Ed25519Signer) -> None:
    """Write a private key as PKCS#8 PEM, readable by its owner only (0600).

    On return the file and its folder entry are on disk.

    Raises:
        ConflictError: the file exists already.
        ConfigurationError: the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConflictError(f"{path}: a key file is there already") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(signer.to_pem())
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise ConfigurationError(
                    f"{path}: others can read this private key",
                    hint=f"chmod 600 {path}",
                )
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # U+0000 within the path
        raise ConfigurationError(f"{str(path)!r}: not a path") from error


def _read_variable(name: str) -> bytes:
    text = os.environ.get(name)
    if text is None:
        raise ConfigurationError(f"the environment has no variable {name}")
    return os.fsencode(text)


def _from_pem(data: bytes, uri: str) -> Ed25519Signer:
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{uri}: not an unencrypted PEM key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{uri}: not an Ed25519 key")
    return Ed25519Signer(key)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
