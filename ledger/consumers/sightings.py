"""What a look at a topic adds to the looks before it; pure.

A reader is recorded when it is first seen, then once an hour if it was seen again
since, also when it has gone meanwhile: so the record of a reader that comes and goes
stays small, and the last time it was seen is in it. Signs of a reader are

* a member of its group that is assigned the topic at the time of the look;
* a committed offset that is new or has moved since the look before, where no member of
  that group shows.

A topic without any sign of a reader is recorded in the same rhythm, as read by nobody:
seen nothing differs from not looked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.broker_readers import ConsumerEvidence

HOUR_US = 3_600_000_000
MISSED_US = 180_000_000
"""Microseconds between two looks after which the time between counts as unwatched."""
MEMBERS = "kafka.group"
OFFSETS = "kafka.group_offsets"
MAX_TEXT = 256


@dataclass(frozen=True, slots=True)
class Reader:
    """Who was seen, as far as its group shows it.

    Attributes:
        channel: :data:`MEMBERS` or :data:`OFFSETS`, by which it was seen.
        consumer: the group's id; empty for nobody.
        group_type: ``classic``, ``consumer`` (KIP-848) and so on; None for nobody.
        client_id: its own name for itself, where it shows.
        host: its address, where it shows.
    """

    channel: str
    consumer: str
    group_type: str | None = None
    client_id: str | None = None
    host: str | None = None


NOBODY = Reader(MEMBERS, "")


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is remembered of a reader; times are microseconds since 1970.

    Attributes:
        reader: who.
        reported: end of the window that was last recorded, or None.
        first: first sign that is not recorded yet, or None.
        last: last such sign, or None.
        committed: sum of its group's committed offsets at the last look, or None.
        counted: the same when it was last recorded, or None.
    """

    reader: Reader
    reported: int | None = None
    first: int | None = None
    last: int | None = None
    committed: int | None = None
    counted: int | None = None


@dataclass(frozen=True, slots=True)
class TopicMemory:
    """What is remembered of a topic; times are microseconds since 1970.

    Attributes:
        looked: end of the last look, or 0 if there was none.
        steady: since when it has been looked at without a break.
        sightings: its readers.
    """

    looked: int = 0
    steady: int = 0
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What is to be recorded of a reader; times are microseconds since 1970.

    Attributes:
        reader: who.
        window_from: begin of the window, inclusive.
        window_to: its end, exclusive.
        complete: whether no look was missed in it.
        first: the look that showed the first sign in it.
        last: the look that showed the last sign in it.
        count: how far the group's committed offsets moved, or None if that is unknown.
    """

    reader: Reader
    window_from: int
    window_to: int
    complete: bool
    first: int
    last: int
    count: int | None


@dataclass(frozen=True, slots=True)
class _Sign:
    """One reader in one look; a quiet one says nothing, but its offsets are kept."""

    committed: int | None
    quiet: bool = False


def observe(
    memory: TopicMemory, rows: Sequence[ConsumerEvidence], *, now: int
) -> tuple[list[Observation], TopicMemory]:
    """Add a look to what is remembered; return also what is to be recorded.

    Args:
        memory: of the topic, from the look before.
        rows: what the look found.
        now: when it was, microseconds since 1970.
    """
    steady = memory.steady if _follows(memory.looked, now) else now
    signs = _signs(rows)
    known = {sighting.reader: sighting for sighting in memory.sightings}
    seen = [
        _seen(known.get(reader, Sighting(reader)), signs.get(reader), now)
        for reader in dict.fromkeys([*known, *signs])
    ]
    due = [sighting for sighting in seen if _is_due(sighting, now)]
    since = memory.looked if 0 < memory.looked <= now else now
    told = [_observation(sighting, since, steady, now) for sighting in due]
    kept = [
        _reported(sighting, now) if sighting in due else sighting
        for sighting in seen
        if not _is_over(sighting, signs, now)
    ]
    return told, TopicMemory(now + 1, steady, tuple(kept))


def reader_of(row: ConsumerEvidence) -> Reader:
    """Return the reader that a row of evidence shows."""
    return Reader(
        row.channel,
        fitting(row.group) or "(group without a name)",
        fitting(row.group_type),
        fitting(row.client_id),
        fitting(row.host),
    )


def fitting(text: str | None) -> str | None:
    """Return a text as an event can hold it; what does not fit stays distinct.

    A reader chooses its names itself; none may keep it out of the record.
    """
    if text is None or (len(text) <= MAX_TEXT and text.isprintable()):
        return text
    shown = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    tail = f"… (sha256:{digest})"
    return shown[: MAX_TEXT - len(tail)] + tail


def _follows(looked: int, now: int) -> bool:
    return looked > 0 and 0 <= now + 1 - looked <= MISSED_US


def _signs(rows: Iterable[ConsumerEvidence]) -> Mapping[Reader, _Sign]:
    shown = list(rows)
    with_members = {row.group for row in shown if row.channel == MEMBERS}
    signs = {
        reader_of(row): _Sign(
            row.committed, quiet=row.channel == OFFSETS and row.group in with_members
        )
        for row in shown
    }
    return signs or {NOBODY: _Sign(None)}


def _seen(sighting: Sighting, sign: _Sign | None, now: int) -> Sighting:
    if sign is None:
        return sighting
    moved = (
        sighting.reader.channel != OFFSETS
        or sighting.committed is None
        or sighting.committed != sign.committed
    )
    if sign.quiet or not moved:
        return replace(sighting, committed=sign.committed)
    first = now if sighting.first is None else sighting.first
    return replace(sighting, committed=sign.committed, first=first, last=now)


def _is_due(sighting: Sighting, now: int) -> bool:
    return sighting.last is not None and (
        sighting.reported is None or not 0 <= now + 1 - sighting.reported < HOUR_US
    )


def _is_over(sighting: Sighting, signs: Mapping[Reader, _Sign], now: int) -> bool:
    """Whether a reader that no longer shows may be forgotten.

    Within the hour it is not, lest one that comes and goes is new each time.
    """
    if sighting.reader in signs or _is_due(sighting, now):
        return False
    return sighting.reported is None or now + 1 - sighting.reported >= HOUR_US


def _reported(sighting: Sighting, now: int) -> Sighting:
    return replace(
        sighting,
        reported=now + 1,
        first=None,
        last=None,
        counted=sighting.committed,
    )


def _observation(sighting: Sighting, since: int, steady: int, now: int) -> Observation:
    begin = min(since if sighting.reported is None else sighting.reported, now)
    return Observation(
        reader=sighting.reader,
        window_from=begin,
        window_to=now + 1,
        complete=begin >= steady,
        first=now if sighting.first is None else sighting.first,
        last=now if sighting.last is None else sighting.last,
        count=_moved(sighting),
    )


def _moved(sighting: Sighting) -> int | None:
    if sighting.committed is None or sighting.counted is None:
        return None
    moved = sighting.committed - sighting.counted
    return moved if moved >= 0 else None
