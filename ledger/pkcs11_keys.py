"""Ed25519 keys in PKCS#11 tokens and HSMs: the private key never leaves the token.

A URI names the library, the token, the key, and where the PIN is::

    pkcs11:token=acme;object=log-p0?module-path=/usr/lib/softhsm/libsofthsm2.so
      &pin-source=file:keys/pin

The key is of type CKK_EC_EDWARDS with its public object beside it; it signs with
CKM_EDDSA. Run against SoftHSM 2.

Source: RFC 7512; PKCS #11 v3.1, section 6.3.
"""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ledger.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

_PATH_ATTRIBUTES = {"token", "serial", "manufacturer", "model", "object", "id", "type"}
_QUERY_ATTRIBUTES = {"module-path", "pin-source"}
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class TokenUri:
    """What a PKCS#11 URI says.

    Attributes:
        path: attributes that name token and key, percent-decoded.
        module: path of the PKCS#11 library.
        pin_source: ``file:<path>`` or ``env:<NAME>``; empty for a token without PIN.
    """

    path: dict[str, bytes]
    module: str
    pin_source: str

    def text(self, name: str) -> str | None:
        """Return a path attribute as text, or None when it is absent."""
        value = self.path.get(name)
        return None if value is None else value.decode()


def parse_token_uri(uri: str) -> TokenUri:
    """Parse a PKCS#11 URI.

    Raises:
        ConfigurationError: an attribute is unknown, stands twice, or is needed and
            absent. A PIN inside the URI is refused: settings are no place for it.

    Source: RFC 7512, section 2.3.
    """
    path_text, _, query_text = uri.removeprefix("pkcs11:").partition("?")
    path = _attributes(path_text, ";", _PATH_ATTRIBUTES)
    query = _attributes(query_text, "&", _QUERY_ATTRIBUTES)
    if path.get("type", b"private") != b"private":
        raise ConfigurationError("pkcs11: a signer needs type=private")
    if "object" not in path and "id" not in path:
        raise ConfigurationError("pkcs11: name the key by object= or id=")
    if "module-path" not in query:
        raise ConfigurationError("pkcs11: name the library by ?module-path=")
    try:
        decoded = {name: value.decode() for name, value in query.items()}
        for name in path.keys() - {"id"}:
            path[name].decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError("pkcs11: an attribute is not UTF-8") from error
    return TokenUri(path, decoded["module-path"], decoded.get("pin-source", ""))


def _attributes(text: str, between: str, known: set[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(between) if text else ():
        name, equals, value = part.partition("=")
        if name == "pin-value":
            raise ConfigurationError(
                "pkcs11: a PIN does not belong into a URI",
                hint="write pin-source=file:<path> or pin-source=env:<NAME>",
            )
        if not equals or name not in known or name in found:
            raise ConfigurationError(
                f"pkcs11: attribute {name[:20]!r} is unknown or stands twice",
                hint=f"one of {', '.join(sorted(known))}",
            )
        found[name] = unquote_to_bytes(os.fsencode(value))
    return found


class TokenSigner:
    """A signer whose private key stays inside a PKCS#11 token.

    Safe to use from several threads: a token does one thing at a time.

    Args:
        uri: see the module.
        base: folder that a relative PIN file starts from.

    Raises:
        ConfigurationError: no such module, token, PIN or Ed25519 key.
    """

    def __init__(self, uri: str, *, base: Path) -> None:
        try:
            import pkcs11
            from pkcs11.exceptions import PKCS11Error
        except ImportError as error:
            raise ConfigurationError(
                f"PKCS#11 tokens need further packages ({error})",
                hint="pip install 'mlledger[pkcs11]'",
            ) from error
        wanted = parse_token_uri(uri)
        pin = _pin(wanted.pin_source, base)
        try:
            session = _session(wanted, pin)
            with _ONE_AT_A_TIME:
                self._key: Any = _key(session, wanted, pkcs11.ObjectClass.PRIVATE_KEY)
                public: Any = _key(session, wanted, pkcs11.ObjectClass.PUBLIC_KEY)
                point = bytes(public[pkcs11.Attribute.EC_POINT])
        except (PKCS11Error, RuntimeError) as error:
            raise ConfigurationError(f"pkcs11: {_named(error)}") from error
        self._mechanism: Any = pkcs11.Mechanism.EDDSA
        self.public_key: bytes = _raw_point(point)

    def sign(self, message: bytes) -> bytes:
        """See :meth:`ledger.keys.Signer.sign`.

        Raises:
            UnavailableError: the token does not sign; it may have been taken out.
        """
        from pkcs11.exceptions import PKCS11Error

        try:
            with _ONE_AT_A_TIME:
                return bytes(self._key.sign(message, mechanism=self._mechanism))
        except PKCS11Error as error:
            text = f"pkcs11: the token does not sign: {_named(error)}"
            raise UnavailableError(text) from error


def _session(wanted: TokenUri, pin: str | None) -> Any:
    from pkcs11.exceptions import UserAlreadyLoggedIn

    with _ONE_AT_A_TIME:
        library: Any = _library(wanted.module)
        tokens = [
            token
            for slot in library.get_slots(token_present=True)
            if _fits(token := slot.get_token(), wanted)
        ]
        if len(tokens) != 1:
            count = "several tokens have" if tokens else "no token has"
            raise ConfigurationError(f"pkcs11: {count} these attributes")
        try:
            return tokens[0].open(user_pin=pin)
        except UserAlreadyLoggedIn:
            return tokens[0].open()  # this process logged in for another key


@cache
def _library(module: str) -> Any:
    import pkcs11

    return pkcs11.lib(module)


def _fits(token: Any, wanted: TokenUri) -> bool:
    facts = {
        "token": token.label,
        "serial": bytes(token.serial).decode().strip(),
        "manufacturer": token.manufacturer_id,
        "model": token.model,
    }
    return all(wanted.text(name) in (None, fact) for name, fact in facts.items())


def _key(session: Any, wanted: TokenUri, kind: Any) -> Any:
    import pkcs11

    return session.get_key(
        object_class=kind,
        key_type=pkcs11.KeyType.EC_EDWARDS,
        label=wanted.text("object"),
        id=wanted.path.get("id"),
    )


def _raw_point(point: bytes) -> bytes:
    """Return the raw key: CKA_EC_POINT is that, or a DER OCTET STRING around it."""
    raw = point[2:] if point[:2] == b"\x04\x20" and len(point) == 34 else point
    if len(raw) != 32:
        raise ConfigurationError("pkcs11: not an Ed25519 key")
    return raw


def _pin(source: str, base: Path) -> str | None:
    scheme, _, rest = source.partition(":")
    if not source:
        return None
    if scheme == "env" and rest in os.environ:
        return os.environ[rest]
    if scheme == "file" and rest:
        return _read_pin(base / rest)
    raise ConfigurationError(
        "pkcs11: the PIN is not where pin-source says",
        hint="write pin-source=file:<path> or pin-source=env:<NAME of a variable>",
    )


def _read_pin(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError(
                f"{path}: others can read this PIN", hint=f"chmod 600 {path}"
            )
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error


def _named(error: Exception) -> str:
    return str(error) or type(error).__name__
