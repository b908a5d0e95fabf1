"""Which rows of an answer lie in a window in which their key counts as compromised.

A revocation may say since when a key was in other hands. What was sealed from then on,
before the revocation, stays valid, and every answer that rests on it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from projections.asking import ask

if TYPE_CHECKING:
    from projections.database import Connection


@dataclass(frozen=True, slots=True)
class Suspect:
    """A leaf whose key counts as compromised when it was sealed.

    Attributes:
        origin: the log.
        leaf: number of the leaf.
        key_fp: the key, 64 hex digits.
    """

    origin: str
    leaf: int
    key_fp: str


def suspects(
    connection: Connection, leaves: Iterable[tuple[str, int]]
) -> list[Suspect]:
    """Return those of some leaves that are suspect, by origin and number.

    Args:
        connection: of the projections.
        leaves: origin and number of each.
    """
    asked = sorted(set(leaves))
    if not asked:
        return []
    return ask(
        connection,
        "projections",
        "suspects",
        Suspect,
        origins=[origin for origin, _ in asked],
        leaves=[leaf for _, leaf in asked],
    )


def leaves_of(answer: object) -> Iterator[tuple[str, int]]:
    """Yield origin and leaf of every row that an answer holds, at any depth."""
    if isinstance(answer, dict):
        fields = cast("dict[str, Any]", answer)
        origin, leaf = fields.get("origin"), fields.get("leaf")
        if isinstance(origin, str) and isinstance(leaf, int):
            yield origin, leaf
        for value in fields.values():
            yield from leaves_of(value)
    elif isinstance(answer, list | tuple):
        for item in cast("list[object]", answer):
            yield from leaves_of(item)
