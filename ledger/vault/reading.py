"""The record of a reading: no payload is opened before this event is durable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import InvalidEventError

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.events import Event

REVIEW = "access.review"
"""Field of the statement by which another person reviews an emergency."""
PURPOSES = ("audit", "incident", "monitoring", "subject_rights", "validation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who wants to read a payload, and what for.

    Attributes:
        purpose: one of :data:`PURPOSES`.
        login: of the operating system; stays in the vault's own table.
        identity: who signs as the reader; the reader of the home when empty.
        emergency: why it cannot wait for the ordinary way, without naming a person; at
            most 256 characters, empty for an ordinary reading.
    """

    purpose: str
    login: str
    identity: str = ""
    emergency: str = ""


def event_of(
    config: Config, decision_id: bytes, reading: Reading, committed: bytes, now_us: int
) -> Event:
    """Return the event that says who opens a payload, before it is opened.

    Args:
        config: of the home; says in which role people read here.
        decision_id: whose payload.
        reading: who and what for.
        committed: what the decision committed to.
        now_us: microseconds since 1970.

    Raises:
        InvalidEventError: the emergency is described at too great length.
    """
    from ledger.events.governance import AccessLogged

    return AccessLogged.record(
        basis="observed",
        time=now_us,
        kind="payload",
        principal=reading.identity or config.reader,
        role=config.access.role or None,
        purpose=reading.purpose,
        query="vault show",
        rows=1,
        payload_opened=True,
        decision=decision_id,
        subject_commitment=committed,
        break_glass=bool(reading.emergency),
        reason=reading.emergency or None,
        channel="vault",
    )


def check_purpose(reading: Reading) -> None:
    """Check that a payload may be read for what is named.

    Raises:
        InvalidEventError: it may not.
    """
    if reading.purpose not in PURPOSES:
        raise InvalidEventError(
            f"purpose: {reading.purpose!r} is none of {', '.join(PURPOSES)}"
        )
