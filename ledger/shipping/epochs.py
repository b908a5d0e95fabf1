"""Where a partition's log goes on: producers follow the newest open epoch.

The settings say where it begins; a break that is declared while the producer runs is
learnt from the sealed control log, so that a process need not start again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import MalformedError
from ledger.origins import parse_origin

if TYPE_CHECKING:
    from ledger.config import Config
    from ledger.control import Control


class OpenEpochs:
    """The open epoch of every event partition. Safe to use from several threads.

    Args:
        config: the ledger home.
    """

    def __init__(self, config: Config) -> None:
        self._open = {
            base: config.current(base) for base in range(config.log.partitions)
        }

    def current(self, base: int) -> int:
        """Return the partition in which new streams of a partition begin."""
        return self._open[base]

    def learn(self, control: Control) -> None:
        """Take in which origins the control log has open."""
        found = dict(self._open)
        for origin, state in control.logs.items():
            if state.closed_at is not None:
                continue
            try:
                place = parse_origin(origin)
            except MalformedError:
                continue  # a name of a later version of this format
            if place.base in found:
                found[place.base] = max(found[place.base], place.partition)
        self._open = found
