"""The population of a sample, as the request for it binds it: one line of text.

``sample count=20 release=<uuid> since=2026-01-01T00:00:00Z``: the word, then what was
said of ``count``, ``release``, ``deployment``, ``since``, ``until``, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from ledger.errors import InvalidEventError

WORD = "sample"
MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which decisions a sample is drawn from, and how many.

    Attributes:
        count: 1 to 10,000.
        release, deployment: of this one alone; None is any.
        since, until: made then or later, and before then.

    Raises:
        InvalidEventError: the count is out of range.
    """

    count: int
    release: UUID | None = None
    deployment: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise InvalidEventError(f"count {self.count}: 1 to {MOST}")

    def __str__(self) -> str:
        parts: list[tuple[str, object]] = [
            ("count", self.count),
            ("release", self.release),
            ("deployment", self.deployment),
            ("since", _text(self.since)),
            ("until", _text(self.until)),
        ]
        said = [f"{name}={value}" for name, value in parts if value is not None]
        return " ".join((WORD, *said))


def parse_population(text: str | None) -> Population:
    """Return the population of a request; inverse of ``str``.

    Raises:
        InvalidEventError: the text is no such line.
    """
    word, _, rest = (text or "").partition(" ")
    parts = [part.partition("=") for part in rest.split()]
    said = {name: value for name, _, value in parts}
    try:
        found = Population(
            count=int(said.pop("count")),
            release=_id(said.pop("release", None)),
            deployment=_id(said.pop("deployment", None)),
            since=_time(said.pop("since", None)),
            until=_time(said.pop("until", None)),
        )
        is_spelled = str(found) == text
    except (KeyError, OverflowError, ValueError) as error:
        raise InvalidEventError(f"{text!r} binds no population of a sample") from error
    if said or word != WORD or not is_spelled:
        raise InvalidEventError(f"{text!r} binds no population of a sample")
    return found


def _text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
