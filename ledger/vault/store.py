"""Rows of the vault, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SealedDecision:
    """A sealed decision that committed to a payload.

    Attributes:
        decision_id: 16 bytes.
        commitment: 32 bytes.
        time_us: when it was made, as claimed, microseconds since 1970.
        use: the use it served.
        case_id: 16 bytes, or None.
        origin: the log it is in; with leaf and idx its position.
        deployment_id: 16 bytes, what answered.
    """

    decision_id: bytes
    commitment: bytes
    time_us: int
    use: str | None
    case_id: bytes | None
    origin: str
    leaf: int
    idx: int
    deployment_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment that the sealed log tells of.

    Attributes:
        deployment_id: 16 bytes.
        digest: SHA-256 of its activation.
        release_id: 16 bytes.
        system_id: AI system, or None.
    """

    deployment_id: bytes
    digest: bytes
    release_id: bytes
    system_id: str | None


@dataclass(frozen=True, slots=True)
class RuleEvent:
    """An event about retention rules or holds."""

    event_id: bytes
    type: str
    time_us: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A payload as the database holds it.

    Attributes:
        decision_id: 16 bytes.
        commitment: what its content hashes to under its salt.
        key_id: of the data key.
        nonce: 12 bytes.
        ciphertext: of salt and content, with the tag.
    """

    decision_id: bytes
    commitment: bytes
    key_id: bytes
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """What arrived and is no payload of this ledger; its bytes are not kept."""

    offset: int
    digest: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A payload that arrived for a decision.

    Attributes:
        encrypted: the payload.
        state: ``waiting``, ``kept`` or ``quarantined``.
        reason: of a quarantine.
        committed: what the sealed decision committed to, or None if it is not sealed.
    """

    encrypted: Encrypted
    state: str
    reason: str | None
    committed: bytes | None


@dataclass(frozen=True, slots=True)
class Held:
    """What rules and holds ask about a payload.

    Attributes:
        decision_id: 16 bytes.
        commitment: with it the key of the row.
        key_id: of the data key.
        state: as of :class:`Arrived`.
        received_us: when it arrived.
        time_us: when the decision was made; None if it is not sealed.
        use: as of the decision.
        case_id: as of the decision.
    """

    decision_id: bytes
    commitment: bytes
    key_id: bytes
    state: str
    received_us: int
    time_us: int | None
    use: str | None
    case_id: bytes | None
