"""Where evidence stands, in words; and errors that name it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import EvidenceError
from ledger.origins import parse_origin

if TYPE_CHECKING:
    from collections.abc import Generator


def log_place(origin: str, offset: int) -> str:
    """Return the place of a record."""
    return f"log {origin} offset {offset}"


def leaf_place(origin: str, leaf: int) -> str:
    """Return the place of a leaf."""
    return f"{origin} leaf {leaf}"


def event_place(origin: str, leaf: int, index: int) -> str:
    """Return the place of an event within its leaf's entry."""
    return f"{origin} leaf {leaf} event {index}"


def partition_of(origin: str) -> int:
    """Return the partition of the log that an origin seals.

    Raises:
        MalformedError: no origin is called so.
    """
    return parse_origin(origin).partition


@contextmanager
def at(place: str) -> Generator[None]:
    """Give an error that does not name its place this one."""
    try:
        yield
    except EvidenceError as error:
        if not error.place:
            error.place = place
        raise
