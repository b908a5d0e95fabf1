"""How ids, identities and times are spelled on the command line and in JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, cast
from uuid import UUID

from ledger.errors import InvalidEventError

IdentityKind = Literal["person", "service"]
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""Seconds since 1970 at which the calendar begins and ends."""
_IDENTITY = re.compile(r"(person|service):\S+")


def format_id(value: bytes | UUID | None) -> str | None:
    """Return an event id in UUID text form."""
    if value is None:
        return None
    return str(value if isinstance(value, UUID) else UUID(bytes=value))


def parse_id(text: str) -> bytes:
    """Return the 16 bytes of an event id in UUID text form or 32 hex digits."""
    try:
        return UUID(text).bytes
    except ValueError as error:
        raise InvalidEventError(
            f"{text!r} is not an event id", hint="8-4-4-4-12 hexadecimal digits"
        ) from error


def identity_kind(identity: str, *, what: str = "an identity") -> IdentityKind:
    """Return who stands behind an identity: its first word says so.

    Args:
        identity: ``person:NAME`` or ``service:NAME``, without white space.
        what: what the text is given for, for the error.

    Raises:
        InvalidEventError: it has another form.
    """
    found = _IDENTITY.fullmatch(identity)
    if found is None:
        raise InvalidEventError(
            f"{identity!r}: not {what}",
            hint="write person:NAME or service:NAME, without white space",
        )
    return cast("IdentityKind", found[1])


def format_time(microseconds: int | None) -> str | None:
    """Return microseconds since 1970 as ISO 8601 in UTC, six digits, with Z.

    Anybody may sign any number for a time: one outside the years 1 to 9999 is said as
    that number.
    """
    if microseconds is None:
        return None
    seconds, micros = divmod(microseconds, 1_000_000)
    if not _FIRST <= seconds <= _LAST:
        return f"{microseconds} µs since 1970"
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.isoformat()[:19]}.{micros:06d}Z"


def parse_time(text: str) -> int:
    """Return microseconds since 1970 of an ISO 8601 time; no zone means UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidEventError(
            f"{text!r} is not a time", hint="ISO 8601, such as 2026-11-21T09:30:00Z"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidEventError(f"{text!r}: before year 1 or after 9999") from error
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + moment.microsecond
