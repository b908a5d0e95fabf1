"""Where evidence stands, in words; and errors that name it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.errors import EvidenceError, MalformedError
from ledger.log import CONTROL, MANIFEST

if TYPE_CHECKING:
    from collections.abc import Generator

_PARTITION = re.compile(r"p(0|[1-9][0-9]{0,8})")


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
    tail = origin.partition("/")[2]
    if tail in {"control", "manifest"}:
        return CONTROL if tail == "control" else MANIFEST
    if match := _PARTITION.fullmatch(tail):
        return int(match[1])
    raise MalformedError(f"{origin}: not an origin", place=origin)


@contextmanager
def at(place: str) -> Generator[None]:
    """Give an error that does not name its place this one."""
    try:
        yield
    except EvidenceError as error:
        if not error.place:
            error.place = place
        raise
