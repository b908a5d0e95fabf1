"""Origins and partitions: two names of one log, each made from the other.

``<name>/control`` is partition −1, ``<name>/manifest`` −2, ``<name>/p<k>`` k. After a
declared break the log of a partition goes on in its next *epoch*: ``<name>/p<k>/e<n>``
is partition ``k + n · 2**20``, with records, offsets and a tree of its own. The number
says which place is read and written; which epoch is open, the settings say.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ledger.errors import MalformedError

CONTROL = -1
MANIFEST = -2
EPOCH = 1 << 20
"""Distance between the same partition of two epochs."""

_TAIL = re.compile(r"(control|manifest|p(?:0|[1-9][0-9]{0,5}))(?:/e([1-9][0-9]{0,5}))?")
_NAMED = {"control": CONTROL, "manifest": MANIFEST}


class Place(NamedTuple):
    """A partition of the first epoch, and how many breaks were declared since.

    Attributes:
        base: −1 control, −2 manifest, 0 and up events.
        epoch: 0 and up; the control log has none but the first.
    """

    base: int
    epoch: int

    @property
    def partition(self) -> int:
        """The number that the log knows it by."""
        return self.base + self.epoch * EPOCH

    @property
    def tail(self) -> str:
        """The origin without the ledger's name."""
        names = {number: name for name, number in _NAMED.items()}
        first = names.get(self.base, f"p{self.base}")
        return f"{first}/e{self.epoch}" if self.epoch else first


def place_of(partition: int) -> Place:
    """Return base and epoch of a partition; inverse of :attr:`Place.partition`."""
    epoch, above = divmod(partition - MANIFEST, EPOCH)
    return Place(above + MANIFEST, epoch)


def parse_origin(origin: str) -> Place:
    """Return the place of an origin ``<name>/<tail>``.

    Raises:
        MalformedError: no origin is called so.
    """
    match = _TAIL.fullmatch(origin.partition("/")[2])
    if match is None or (match[1] == "control" and match[2]):
        raise MalformedError(f"{origin}: not an origin", place=origin)
    named = _NAMED.get(match[1])
    base = int(match[1][1:]) if named is None else named
    return Place(base, int(match[2] or 0))
