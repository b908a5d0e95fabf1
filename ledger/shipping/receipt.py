"""One receipt: what the leaf that covers an entry's offset says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.entry import NO_HASH, header_hash
from ledger.errors import IntegrityError
from ledger.leaf import SealLeaf, parse_leaf
from ledger.public import offset_to_leaf
from ledger.verdict import Verdict

if TYPE_CHECKING:
    from ledger.journal.rows import Waiting
    from ledger.public import OriginReader


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one leaf says about one entry.

    Attributes:
        row: the entry.
        verdict: of the leaf that covers its offset.
        is_ours: False when that leaf is about other bytes: what was appended there is
            lost or was altered before it was sealed.
    """

    row: Waiting
    verdict: Verdict
    is_ours: bool

    @property
    def is_sealed(self) -> bool:
        """Whether the entry is in the tree for good."""
        accepted = self.verdict in {Verdict.ACCEPTED, Verdict.DUPLICATE}
        return self.is_ours and accepted


def receipt_of(reader: OriginReader, row: Waiting) -> Receipt | None:
    """Return what is published about an entry; None while nothing is.

    Raises:
        IntegrityError: a DUPLICATE names no accepted leaf of the same entry.
    """
    index = offset_to_leaf(reader, row.offset)
    if index is None:
        return None
    leaf = parse_leaf(reader.leaf(index))
    is_ours = leaf.verdict != Verdict.GAP and leaf.record_hash == row.record_hash
    if is_ours and leaf.verdict == Verdict.DUPLICATE:
        _verify_duplicate(reader, leaf, row)
    return Receipt(row, leaf.verdict, is_ours)


def _verify_duplicate(reader: OriginReader, leaf: SealLeaf, row: Waiting) -> None:
    """Check that a DUPLICATE names an accepted leaf with the entry's own header."""
    known = leaf.aux < reader.checkpoint.size
    accepted = parse_leaf(reader.leaf(leaf.aux)) if known else None
    there = header_hash(accepted.header_bytes) if accepted else NO_HASH
    if accepted is None or accepted.verdict or there != row.header_hash:
        raise IntegrityError(
            f"{row.origin}: the leaf of offset {row.offset} names leaf {leaf.aux} as"
            " the same entry accepted before, but it is not",
            place=f"{row.origin} leaf {leaf.aux}",
            expected=row.header_hash.hex(),
            actual=there.hex(),
        )
