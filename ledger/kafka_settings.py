"""The settings by which Kafka clients show who they are, and whom they trust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ledger.errors import ConfigurationError

_SCHEMES = ("env:", "file:", "keyring:")
_OF_TLS = ("ca", "certificate", "key", "key_password")
_OF_SASL = ("username", "password")


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """How the clients of a Kafka log connect; paths are relative to the home.

    A secret is never written here, only where it is: ``env:NAME`` of an environment
    variable, ``file:PATH`` of a file that its owner alone can read, or
    ``keyring:SERVICE/USER``.

    Attributes:
        protocol: Kafka's security protocol; empty is ``PLAINTEXT``, or what
            ``log.options`` says.
        ca: PEM file of the certificates that sign the brokers'; empty means those of
            the operating system.
        certificate: PEM file of this client's certificate and its chain, for brokers
            that ask for one, or empty.
        key: PEM file of its private key; empty when it is in ``certificate``.
        key_password: where the passphrase of an encrypted key is, or empty.
        mechanism: how a user shows its password.
        username: the user.
        password: where its password is.
    """

    protocol: Literal["", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    key_password: str = ""
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        """Refuse a secret itself."""
        for setting in ("password", "key_password"):
            if (found := getattr(self, setting)) and not found.startswith(_SCHEMES):
                # What stands there may be the secret, so it is never printed.
                raise ConfigurationError(
                    f"kafka.{setting}: say where it is, never what it is",
                    hint="write env:NAME, file:PATH or keyring:SERVICE/USER",
                )

    @property
    def has_tls(self) -> bool:
        """Whether the brokers are spoken to over TLS."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def has_sasl(self) -> bool:
        """Whether a user name and a password are shown."""
        return self.protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    def placed(self, folder: Path) -> KafkaConfig:
        """Return the same with absolute paths, relative ones beginning at a folder."""
        plain = {
            name: str(folder / found)
            for name in ("ca", "certificate", "key")
            if (found := getattr(self, name))
        }
        referred = {
            name: f"file:{folder / found.removeprefix('file:')}"
            for name in ("password", "key_password")
            if (found := getattr(self, name)).startswith("file:")
        }
        return replace(self, **plain, **referred)

    def check(self) -> None:
        """Refuse settings that have no effect together, or that expose a password.

        Not done when they are read: variables override one setting after the other.

        Raises:
            ConfigurationError: naming the setting, and what to do.
        """
        wrong = (
            [] if self.has_tls else [name for name in _OF_TLS if getattr(self, name)]
        )
        wrong += [] if self.has_sasl else [n for n in _OF_SASL if getattr(self, n)]
        if wrong:
            raise ConfigurationError(
                f"kafka.{wrong[0]}: has no effect with kafka.protocol "
                f"{self.protocol or 'PLAINTEXT'}",
                hint="set kafka.protocol to SSL, SASL_PLAINTEXT or SASL_SSL",
            )
        if self.key and not self.certificate:
            raise ConfigurationError("kafka.certificate: is needed beside kafka.key")
        if self.has_sasl:
            self._check_user()

    def _check_user(self) -> None:
        for name in _OF_SASL:
            if not getattr(self, name):
                raise ConfigurationError(
                    f"kafka.{name}: is needed with kafka.protocol {self.protocol}"
                )
        if self.mechanism == "PLAIN" and not self.has_tls:
            raise ConfigurationError(
                "kafka.mechanism: PLAIN without TLS shows the password to the network",
                hint="set kafka.protocol to SASL_SSL",
            )
