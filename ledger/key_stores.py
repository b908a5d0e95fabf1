"""Keys that lie elsewhere than in a file: in a keyring or a cloud service.

=====================================  ===============================================
key URI                                where the private key is
=====================================  ===============================================
keyring:<service>/<user>               the keyring of the operating system, as PEM
hv:<name>                              HashiCorp Vault, transit engine
gcpkms:, awskms:, azurekms:<name>      the key services of these clouds
=====================================  ===============================================

Cloud keys are reached through securesystemslib, and must be Ed25519 keys as well:
its version 1.6 offers those for Vault alone. No test here runs against a cloud.
Tokens and HSMs: :mod:`ledger.pkcs11_keys`.
"""

from __future__ import annotations

from typing import Any

from ledger.errors import ConfigurationError, UnavailableError

CLOUD_SCHEMES = ("hv", "gcpkms", "awskms", "azurekms")


def read_keyring(place: str) -> bytes:
    """Return the PEM that the keyring keeps at ``<service>/<user>``.

    Raises:
        ConfigurationError: nothing is kept there, or there is no keyring.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise _absent("keyring", "keyring", error) from error
    service, slash, user = place.rpartition("/")
    if not (service and slash and user):
        raise ConfigurationError("write keyring:<service>/<user>")
    try:
        found = keyring.get_password(service, user)
    except KeyringError as error:
        raise ConfigurationError(f"keyring:{place}: {error}") from error
    if found is None:
        raise ConfigurationError(
            f"keyring:{place}: the keyring keeps nothing there",
            hint=f"keyring set {service} {user} < KEY.pem",
        )
    return found.encode()


class CloudSigner:
    """A signer behind securesystemslib's interface.

    Args:
        signer: a ``securesystemslib.signer.Signer`` of an Ed25519 key.

    Raises:
        ConfigurationError: its key is of another kind.
    """

    def __init__(self, signer: Any) -> None:
        key: Any = signer.public_key
        if (key.keytype, key.scheme) != ("ed25519", "ed25519"):
            raise ConfigurationError(f"the key is {key.scheme}, not Ed25519")
        self._signer = signer
        self.public_key: bytes = bytes.fromhex(key.keyval["public"])

    def sign(self, message: bytes) -> bytes:
        """See :meth:`ledger.keys.Signer.sign`."""
        return bytes.fromhex(self._signer.sign(message).signature)


def open_cloud(scheme: str, name: str) -> CloudSigner:
    """Return the signer of a key in a cloud service; see the module for names.

    Raises:
        ConfigurationError: a package is absent, or the key is not Ed25519.
        UnavailableError: the service does not give its key out.
    """
    try:
        from securesystemslib import signer as cloud
        from securesystemslib.exceptions import UnsupportedLibraryError
    except ImportError as error:
        raise _absent("keys in a cloud service", "kms", error) from error
    package: Any = cloud
    parts = name.split("/", 1) if scheme == "azurekms" else [name]
    try:
        uri, key = package.SIGNER_FOR_URI_SCHEME[scheme].import_(*parts)
        return CloudSigner(package.Signer.from_priv_key_uri(uri, key))
    except (UnsupportedLibraryError, ImportError) as error:
        raise _absent(f"{scheme}: keys", "kms", error) from error
    except ConfigurationError:
        raise
    except Exception as error:  # each service raises errors of its own
        raise UnavailableError(f"{scheme}:{name}: {error}") from error


def _absent(what: str, extra: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{what} need further packages ({error})",
        hint=f"pip install 'mlledger[{extra}]'",
    )
