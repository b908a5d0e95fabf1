"""The times of the enclosed leaves, held to the control log's and the witnesses'.

Source: ``docs/format.md``, section 7 and steps 4 and 5 of "Bundle verification".
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from ledger.bundle.contents import CONTROL
from ledger.bundle.enclosed import At
from ledger.verification.clocks import (
    verify_fresh,
    verify_not_earlier,
    verify_not_later,
)

if TYPE_CHECKING:
    from ledger.bundle.enclosed import Enclosed
    from ledger.policy import Cosigned
    from ledger.verification.findings import Findings


def verify_control_clocks(enclosed: Enclosed, found: Findings) -> None:
    """Compare each leaf with the enclosed control leaves around what it pins.

    As the clock of the control log never goes back, the last enclosed leaf below
    ``registry_size`` bounds a leaf from below, the first of the others from above.
    """
    part = enclosed.contents.logs.get(CONTROL)
    numbers = sorted(part.leaves) if part else []
    for place, leaf in enclosed.leaves.items():
        if place.log == CONTROL:
            continue
        seen = bisect_left(numbers, leaf.registry_size)
        for number in numbers[max(seen - 1, 0) : seen]:
            with found.collected():
                pinned = enclosed.leaves[At(CONTROL, number)]
                verify_not_earlier(leaf, pinned.sealed_at_ms, str(place))
        for number in numbers[seen : seen + 1]:
            with found.collected():
                unseen = enclosed.leaves[At(CONTROL, number)]
                verify_fresh(leaf, unseen.sealed_at_ms, str(place))


def verify_witness_clocks(
    enclosed: Enclosed, log: str, cosigned: Cosigned, found: Findings
) -> None:
    """Check that no leaf of a log is later than the quorum that signed its tree."""
    if cosigned.attested_s is None:
        return
    for number in enclosed.contents.logs[log].leaves:
        place = At(log, number)
        with found.collected():
            leaf = enclosed.leaves[place]
            verify_not_later(leaf, cosigned.attested_s * 1_000, str(place))
