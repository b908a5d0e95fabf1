"""The settings of payload capture and of the vault, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """Whether decisions keep their personal payload, and for whom it is sealed.

    Attributes:
        enabled: whether the SDK captures; a call may say otherwise.
        vault_key: the vault's public key, 64 hexadecimal digits; all a producer needs.
    """

    enabled: bool = False
    vault_key: str = ""


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """Where personal payload lies and what opens it; of use to the vault alone.

    Attributes:
        dsn: libpq connection string of the vault's database; by default a database of
            its own beside the projections.
        key: URI of the X25519 private key that opens envelopes.
        wrapping_key: URI of the key under which data keys lie wrapped.
        keys: file of the wrapped data keys; never in the database, whose pages and
            backups may live on after a deletion.
        backup_days: days after which no backup of the vault holds older data; 0 says
            that there are no backups.
    """

    dsn: str = ""
    key: str = "file:keys/vault.key"
    wrapping_key: str = "file:keys/vault-wrapping.key"
    keys: str = "vault/keys.sqlite"
    backup_days: int = 30
