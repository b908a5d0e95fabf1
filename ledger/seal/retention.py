"""Which old checkpoints stay published.

Kept: ``checkpoint.<size>`` of the last 1,000 sizes, the first of each hour (by
``sealed_at_ms`` of its last leaf) and each that has an RFC 3161 token beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEPT_SIZES = 1_000
_PASS_EVERY = 100
_HOUR_MS = 3_600_000


class CheckpointRetention:
    """Retires what need not be kept, a hundred checkpoints at a time.

    Args:
        folder: the origin's published folder.
        sealed_at_ms: clock of the leaf with an index, from the published tiles.
    """

    def __init__(self, folder: Path, sealed_at_ms: Callable[[int], int]) -> None:
        self._folder = folder
        self._sealed_at_ms = sealed_at_ms
        self._hours: dict[int, int] = {}
        self._passed = 0

    def published(self) -> None:
        """Take note of one more checkpoint; now and then retire old ones."""
        self._passed += 1
        if self._passed % _PASS_EVERY == 0:
            self.retire()

    def retire(self) -> list[int]:
        """Delete the checkpoints that need not be kept; returns their sizes."""
        sizes = sorted(
            int(path.name[11:])
            for path in self._folder.glob("checkpoint.*")
            if path.name[11:].isdecimal()
        )
        gone = self._later_of_hour(sizes[:-KEPT_SIZES])
        for size in gone:
            (self._folder / f"checkpoint.{size}").unlink()
            del self._hours[size]
        return gone

    def _later_of_hour(self, sizes: list[int]) -> list[int]:
        seen: set[int] = set()
        later: list[int] = []
        for size in sizes:
            hour = self._hour(size)
            if hour in seen and not self._has_token(size):
                later.append(size)
            seen.add(hour)
        return later

    def _has_token(self, size: int) -> bool:
        return (self._folder / f"checkpoint.{size}.tsr").exists()

    def _hour(self, size: int) -> int:
        if size not in self._hours:
            self._hours[size] = self._sealed_at_ms(size - 1) // _HOUR_MS
        return self._hours[size]
