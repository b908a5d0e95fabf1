"""What bounds the time that a sealer writes down, from above and from below.

Three clocks are compared, each allowed to be a minute off: the sealer's of a leaf, the
sealer's of the control log that the leaf rests on, and the witnesses'. A leaf is sealed
before the quorum signs it, after the control leaves it pins, and before those it did
not see were sealed.

Source: ``docs/format.md``, section 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import IntegrityError
from ledger.policy import MAX_SKEW_S

if TYPE_CHECKING:
    from ledger.leaf import SealLeaf

SKEW_MS = MAX_SKEW_S * 1_000
"""Milliseconds by which two honest clocks may differ."""


def verify_fresh(sealed: SealLeaf, next_ms: int, place: str) -> None:
    """Check that a leaf does not rest on a control log that had gone on.

    Args:
        sealed: the leaf.
        next_ms: clock of a control leaf that it did not see, milliseconds since 1970.
        place: of the leaf.

    Raises:
        IntegrityError: that one was sealed a minute or more before.
    """
    if sealed.sealed_at_ms < next_ms + SKEW_MS:
        return
    raise IntegrityError(
        f"{place}: rests on {sealed.registry_size} control leaves although one more "
        "was sealed a minute or more before: a revocation may have been ignored",
        place=place,
        expected=f"sealed before {next_ms + SKEW_MS} ms",
        actual=f"sealed at {sealed.sealed_at_ms} ms",
    )


def verify_not_earlier(sealed: SealLeaf, pinned_ms: int, place: str) -> None:
    """Check that a leaf was not sealed before the control log that it rests on.

    Args:
        sealed: the leaf.
        pinned_ms: clock of a control leaf that it saw, milliseconds since 1970.
        place: of the leaf.

    Raises:
        IntegrityError: it says so, by more than a minute.
    """
    if sealed.sealed_at_ms >= pinned_ms - SKEW_MS:
        return
    raise IntegrityError(
        f"{place}: sealed more than a minute before the control log it rests on",
        place=place,
        expected=f"sealed at {pinned_ms - SKEW_MS} ms or later",
        actual=f"sealed at {sealed.sealed_at_ms} ms",
    )


def verify_not_later(
    sealed: SealLeaf, attested_ms: int, place: str, *, by: str = "the witnesses"
) -> None:
    """Check that a leaf had been sealed when somebody else attested a tree with it.

    Args:
        sealed: the leaf.
        attested_ms: by when that was, milliseconds since 1970.
        place: of the leaf.
        by: whose word it is.

    Raises:
        IntegrityError: its time comes more than a minute after theirs.
    """
    until_ms = attested_ms + SKEW_MS
    if sealed.sealed_at_ms <= until_ms:
        return
    raise IntegrityError(
        f"{place}: sealed at a time that had not come when {by} signed",
        place=place,
        expected=f"{until_ms} ms or earlier",
        actual=f"{sealed.sealed_at_ms} ms",
    )
