"""From ``[kafka]`` in the settings to what kafka-python is told; secrets are read here.

Each connection reads certificates and secrets anew, so that a running process takes
renewed ones when it connects again.
"""

from __future__ import annotations

import os
import ssl
import stat
from typing import TYPE_CHECKING, Any

from ledger import key_stores
from ledger.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.config import Config
    from ledger.kafka_settings import KafkaConfig

INSTEAD = {
    "sasl_plain_password": "kafka.password",
    "ssl_password": "kafka.key_password",
}
"""Options of kafka-python that would hold a secret → the setting that says where."""


def security(config: Config) -> dict[str, Any]:
    """Return kafka-python's settings for ``[kafka]``; empty when it says nothing.

    Raises:
        ConfigurationError: settings that do not fit together, or a file, certificate or
            secret that cannot be read; no secret is in the text.
    """
    kafka = config.kafka
    kafka.check()
    if not kafka.protocol:
        return {}
    found: dict[str, Any] = {"security_protocol": kafka.protocol}
    if kafka.has_tls:
        found["ssl_context"] = _context(kafka, config.home)
    if kafka.has_sasl:
        found["sasl_mechanism"] = kafka.mechanism
        found["sasl_plain_username"] = kafka.username
        found["sasl_plain_password"] = secret(
            "kafka.password", kafka.password, config.home
        )
    return found


def secret(setting: str, reference: str, home: Path) -> str:
    """Return the secret that a reference leads to, without white space at its ends.

    Args:
        setting: whose it is, for error texts.
        reference: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.
        home: folder that relative paths start from.

    Raises:
        ConfigurationError: nothing is there, or others can read the file.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        found = os.environ.get(rest, "")
    elif scheme == "keyring":
        found = key_stores.read_keyring(rest).decode()
    else:
        found = _owner_only(setting, home / rest)
    if not found.strip():
        raise ConfigurationError(f"{setting}: {reference}: nothing is there")
    return found.strip()


def _context(kafka: KafkaConfig, home: Path) -> ssl.SSLContext:
    """Return what TLS connections are made with: 1.2 or later, host names checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if kafka.ca:
        try:
            context.load_verify_locations(home / kafka.ca)
        except (OSError, ssl.SSLError) as error:
            raise _unreadable("kafka.ca", home / kafka.ca, error) from error
    else:
        context.load_default_certs()
    if kafka.certificate:
        _load_client(context, kafka, home)
    return context


def _load_client(context: ssl.SSLContext, kafka: KafkaConfig, home: Path) -> None:
    chain, key = home / kafka.certificate, home / (kafka.key or kafka.certificate)
    _owner_only("kafka.key" if kafka.key else "kafka.certificate", key)
    # Without a passphrase OpenSSL would ask the terminal; an empty one it refuses.
    passphrase = ""
    if kafka.key_password:
        passphrase = secret("kafka.key_password", kafka.key_password, home)
    try:
        context.load_cert_chain(chain, key, lambda: passphrase)
    except (OSError, ssl.SSLError) as error:
        raise _unreadable(
            "kafka.certificate", home / kafka.certificate, error
        ) from error


def _owner_only(setting: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ConfigurationError(
                    f"{setting}: {path}: others can read it", hint=f"chmod 600 {path}"
                )
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(setting, path, error) from error


def _unreadable(setting: str, path: Path, error: Exception) -> ConfigurationError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    hint = "expected PEM; is the key the certificate's, its passphrase right?"
    return ConfigurationError(
        f"{setting}: {path}: {reason or type(error).__name__}",
        hint=hint if isinstance(error, ssl.SSLError) else "",
    )
