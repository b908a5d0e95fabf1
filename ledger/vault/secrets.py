"""The vault's two secrets: what opens envelopes, and what wraps data keys.

Key URIs as elsewhere: ``file:<path>`` (0600, relative to the home), ``env:<NAME>`` or
``keyring:<service>/<user>``. The first is an X25519 key as PKCS#8 PEM; the second 64
hexadecimal digits. They are two, so that the wrapping key can be changed alone.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ledger import clock
from ledger.errors import ConfigurationError, ConflictError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.config import Config


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The vault's keys; never printed.

    Attributes:
        private_key: opens envelopes.
        wrapping_key: 32 bytes, wraps data keys.
    """

    private_key: X25519PrivateKey
    wrapping_key: bytes

    @property
    def public_key(self) -> bytes:
        """What producers seal to, 32 bytes."""
        return self.private_key.public_key().public_bytes_raw()


def load_secrets(config: Config) -> Secrets:
    """Read the vault's keys.

    Raises:
        ConfigurationError: one is absent, readable by others, or none of its kind.
    """
    pem = _read(config.vault.key, config.home)
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError("vault.key: not an unencrypted PEM key") from error
    if not isinstance(private, X25519PrivateKey):
        raise ConfigurationError("vault.key: not an X25519 key")
    text = _read(config.vault.wrapping_key, config.home)
    try:
        wrapping = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        wrapping = b""
    if len(wrapping) != 32:
        raise ConfigurationError("vault.wrapping_key: expected 64 hexadecimal digits")
    return Secrets(private, wrapping)


def make_secrets(config: Config) -> Secrets:
    """Make both keys in the files that the home names.

    Raises:
        ConflictError: one of them exists already.
        ConfigurationError: they are not to lie in files.
    """
    private, wrapping = X25519PrivateKey.generate(), clock.random_bytes(32)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    places = [
        _file(uri, config.home) for uri in (config.vault.key, config.vault.wrapping_key)
    ]
    for path in places:
        if path.exists():
            raise ConflictError(f"{path}: a key file is there already")
    for path, data in zip(places, (pem, wrapping.hex().encode() + b"\n"), strict=True):
        write_private(path, data)
    return Secrets(private, wrapping)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, durably; it must not exist.

    Raises:
        ConfigurationError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def _file(uri: str, home: Path) -> Path:
    scheme, _, rest = uri.partition(":")
    if scheme != "file" or not rest:
        raise ConfigurationError(
            "a vault key is made in a file: write file:<path>",
            hint="or make it where it is to lie, and set vault.key and wrapping_key",
        )
    return home / rest


def _read(uri: str, home: Path) -> bytes:
    scheme, colon, rest = uri.partition(":")
    if scheme == "file" and rest:
        return _read_file(home / rest)
    if scheme == "env" and rest:
        if (text := os.environ.get(rest)) is None:
            raise ConfigurationError(f"the environment has no variable {rest}")
        return text.encode()
    if scheme == "keyring" and colon and rest:
        from ledger.key_stores import read_keyring

        return read_keyring(rest)
    # A mistyped URI may be the key itself, so it is never printed.
    raise ConfigurationError(
        "not a key URI of the vault",
        hint="write file:<path>, env:<NAME> or keyring:<service>/<user>",
    )


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ConfigurationError(
                    f"{path}: others can read this key", hint=f"chmod 600 {path}"
                )
            return file.read()
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path}: no vault key here",
            hint="make the vault with: mlledger vault init",
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
