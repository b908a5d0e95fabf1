"""How log, public folder and database stand to each other, origin by origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ledger.errors import EvidenceError, MissingEvidenceError
from ledger.leaf import parse_leaf
from ledger.public import head_reader
from projections.asking import ask

if TYPE_CHECKING:
    from ledger.control import Control
    from ledger.note import Vkey
    from ledger.public import OriginReader, PublicFolder
    from projections.database import Connection

WITNESSES = "0 witnesses, 0 outside the operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far one projection has read one origin; ``root`` is the tree's root there."""

    projection: str
    origin: str
    next_leaf: int
    root: bytes
    sealed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one origin stands.

    Attributes:
        origin: its name.
        sealed: leaves under the newest signed checkpoint; None when it cannot be read.
        sealed_at: when its last leaf was sealed, by the sealer's clock.
        projected: leaves that every projection has read.
        projected_at: when the last leaf that was read was sealed.
        fault: what contradicts itself, or cannot be checked; None for nothing.
        is_contradiction: whether ``fault`` is a contradiction.
    """

    origin: str
    sealed: int | None
    sealed_at: datetime | None
    projected: int
    projected_at: datetime | None
    fault: str | None = None
    is_contradiction: bool = False

    @property
    def behind(self) -> int:
        """Sealed leaves that are not projected yet."""
        return max(0, (self.sealed or 0) - self.projected)


def positions(connection: Connection) -> list[Position]:
    """Return how far each projection has read each origin."""
    return ask(connection, "dashboard", "positions", Position)


def sizes(found: Sequence[Position]) -> dict[str, int]:
    """Return origin → leaves that every projection has read."""
    read: dict[str, int] = {}
    for row in found:
        read[row.origin] = min(row.next_leaf, read.get(row.origin, row.next_leaf))
    return read


def standings(
    found: Sequence[Position], *, public: PublicFolder, control: Control
) -> list[Standing]:
    """Compare the signed checkpoint of each origin with what the projections read.

    Args:
        found: positions of the projections.
        public: the published ledger.
        control: the verified control log, for the origins' verifier keys.
    """
    return [
        _standing([row for row in found if row.origin == origin], public, log.active)
        for origin, log in control.logs.items()
    ]


def matched_to(stands: Sequence[Standing]) -> datetime | None:
    """Return up to which seal time all origins are projected; None for never.

    Origins that are behind count with what they have; when none is, the newest seal.
    """
    behind = [stand for stand in stands if stand.behind]
    times = [stand.projected_at for stand in behind or stands if stand.projected_at]
    if len(times) < len(behind) or not times:
        return None
    return min(times) if behind else max(times)


def clock_time(moment: datetime | None) -> str:
    """Return a moment as ``2026-11-21 14:02:05 UTC``, or ``never``."""
    if moment is None:
        return "never"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def age(moment: datetime | None, *, now: datetime) -> str:
    """Return how long ago a moment was, in words, rounded down."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for length, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {word} ago"
    return f"{seconds} s ago"


def _standing(
    rows: Sequence[Position], public: PublicFolder, vkeys: Sequence[Vkey]
) -> Standing:
    origin = vkeys[0].name
    last = min(rows, key=lambda row: row.next_leaf, default=None)
    projected = last.next_leaf if last else 0
    projected_at = last.sealed_at if last else None
    try:
        reader = head_reader(public, vkeys)
        size = reader.checkpoint.size
        sealed_at = _sealed_at(reader, size)
        fault = _fault(reader, rows)
    except EvidenceError as error:
        nothing = isinstance(error, MissingEvidenceError) and not projected
        return Standing(
            origin=origin,
            sealed=0 if nothing else None,
            sealed_at=None,
            projected=projected,
            projected_at=projected_at,
            fault=None if nothing else str(error),
            is_contradiction=not isinstance(error, MissingEvidenceError),
        )
    return Standing(
        origin=origin,
        sealed=size,
        sealed_at=sealed_at,
        projected=projected,
        projected_at=projected_at,
        fault=fault,
        is_contradiction=fault is not None,
    )


def _sealed_at(reader: OriginReader, size: int) -> datetime | None:
    if size == 0:
        return None
    leaf = parse_leaf(reader.leaf(size - 1))
    return datetime.fromtimestamp(leaf.sealed_at_ms / 1_000, UTC)


def _fault(reader: OriginReader, rows: Sequence[Position]) -> str | None:
    for row in rows:
        if row.next_leaf > reader.checkpoint.size:
            return (
                f"{row.projection}: {row.next_leaf} leaves were read, "
                f"{reader.checkpoint.size} are published"
            )
        root = reader.root_at(row.next_leaf)
        if root != row.root:
            return (
                f"{row.projection}: at {row.next_leaf} leaves the published root is "
                f"{root.hex()}, the database has {row.root.hex()}"
            )
    return None
