"""The settings of payload capture, of the vault and of reading, as values."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import ConfigurationError


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
        identity: who signs what the vault emits, an identity of the home; the producer
            when empty.
        statistics_hours: hours of one window of statistics over what was captured, 1
            to 744, aligned to 1970-01-01 UTC; 0 makes none.
        statistics_wait_hours: hours after the end of a window before it is measured,
            so that payload on its way is in, 0 or more.
        statistics_most: payloads opened for one window at most, 100,000 or fewer: the
            vault is locked while they are, for about 0.2 s a thousand.
        statistics_least: persons that a window needs, 20 or more; one with fewer gives
            no statistics.
        statistics_rare: persons that a value needs to be named, 5 or more; a column
            needs as many, and as many stand behind each number.
    """

    dsn: str = ""
    key: str = "file:keys/vault.key"
    wrapping_key: str = "file:keys/vault-wrapping.key"
    keys: str = "vault/keys.sqlite"
    backup_days: int = 30
    identity: str = ""
    statistics_hours: int = 24
    statistics_wait_hours: int = 6
    statistics_most: int = 10_000
    statistics_least: int = 100
    statistics_rare: int = 10

    def __post_init__(self) -> None:
        """Refuse what would publish too little, or too much of a person."""
        _within("statistics_hours", self.statistics_hours, 0, 744)
        _within("statistics_wait_hours", self.statistics_wait_hours, 0, 8_784)
        _within("statistics_rare", self.statistics_rare, 5, 10_000)
        least = max(20, 2 * self.statistics_rare)
        _within("statistics_least", self.statistics_least, least, 100_000)
        most = self.statistics_least
        _within("statistics_most", self.statistics_most, most, 100_000)


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigurationError(
            f"vault.{name}: {value} is not between {low} and {high}",
            hint="statistics stay in the log for good: docs/erasure.md",
        )


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Which readings are recorded, and who reads.

    Opened payloads and issued reports are recorded always.

    Attributes:
        log: whether every question of command line and dashboard is recorded too.
        identity: who reads here, an identity of the home; the producer when empty.
        role: role in which they read, such as ``auditor``.
        purpose: what they read for, such as ``audit``.
    """

    log: bool = False
    identity: str = ""
    role: str = ""
    purpose: str = ""
