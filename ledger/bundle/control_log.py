"""The control log from outside, to recompute what a bundle's verdicts assert."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.bundle.contents import CONTROL
from ledger.errors import IntegrityError, MissingEvidenceError, RootMismatchError
from ledger.verification.clocks import verify_fresh, verify_not_earlier

if TYPE_CHECKING:
    from ledger.bundle.enclosed import At
    from ledger.checkpoint import Checkpoint
    from ledger.control import Control
    from ledger.leaf import SealLeaf


@dataclass(frozen=True, slots=True)
class ControlLog:
    """A control log that was verified from its genesis on.

    Attributes:
        control: its state.
        root_at: root of its first so many leaves.
        sealed_at_ms: per leaf, the sealer's clock; empty when it is not known.
    """

    control: Control
    root_at: Callable[[int], bytes]
    sealed_at_ms: Sequence[int] = ()

    @property
    def size(self) -> int:
        """Number of its leaves."""
        return self.control.size

    def verify_history(self, shown: Checkpoint) -> None:
        """Check that a bundle's control checkpoint is of the same history.

        Raises:
            RootMismatchError: it is of another one.
            MissingEvidenceError: it is newer than what is known here.
        """
        if shown.size > self.size:
            raise MissingEvidenceError(
                "the control log that was given is older than the bundle",
                expected=f"{shown.size} leaves or more",
                actual=f"{self.size} leaves",
            )
        if (root := self.root_at(shown.size)) != shown.root:
            raise RootMismatchError(
                expected=root, computed=shown.root, what="root of the control log"
            )

    def verify_key(self, key_fp: bytes, place: At, leaf: SealLeaf) -> bool:
        """Check that a key was in force for a leaf; tells whether it is suspect.

        Raises:
            IntegrityError: it was unknown or revoked.
        """
        pinned = leaf.registry_size
        if place.log == CONTROL:
            pinned = max(place.leaf, 1)
        key = self.control.key_at(key_fp, pinned)
        if key is None or key.revoked_at is not None:
            raise IntegrityError(
                f"{place}: accepted although its key was not in force",
                expected=f"a key in force below control leaf {pinned}",
                actual="revoked" if key else f"unknown: {key_fp.hex()}",
            )
        newest = self.control.key(key_fp)
        since = newest.compromised_since if newest else None
        return since is not None and leaf.sealed_at_ms * 1_000 >= since

    def verify_clock(self, place: At, leaf: SealLeaf) -> None:
        """Check the time of a leaf against the control leaves around what it pins.

        Raises:
            IntegrityError: it is over a minute earlier, or later, than they allow.
        """
        pinned, clocks = leaf.registry_size, self.sealed_at_ms
        if place.log == CONTROL:
            return
        if 0 < pinned <= len(clocks):
            verify_not_earlier(leaf, clocks[pinned - 1], str(place))
        if pinned < len(clocks):
            verify_fresh(leaf, clocks[pinned], str(place))


def open_control(home: Path, ledger_id: bytes) -> ControlLog:
    """Read and verify the control log of a ledger home, or of a copy of one.

    Args:
        home: folder with ``mlledger.toml``, the log and ``public``.
        ledger_id: 32 bytes, from elsewhere.

    Raises:
        ConfigurationError: no ledger is there.
        EvidenceError: its control log contradicts itself, or is not complete.
    """
    from ledger.config import load_config
    from ledger.log import open_log
    from ledger.public import OriginReader, PublicFolder
    from ledger.verification import ControlReader

    config = load_config(home)
    log, public = open_log(config), PublicFolder(config.public)
    try:
        reader = ControlReader(log=log, public=public, ledger_id=ledger_id)
        control = reader.refresh()
    finally:
        log.close()
    tiles = OriginReader(public, reader.vkey, checkpoint=reader.checkpoint)
    return ControlLog(control, tiles.root_at, tuple(reader.sealed_at_ms))
