"""The published files of one origin, each against the tree its checkpoint signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import MalformedError, MissingEvidenceError
from ledger.public import PENDING, Public, placed
from ledger.tiles import TilePath, parse_tile_path, tiles_of
from ledger.tileset import TileSet
from ledger.verification.findings import Findings
from ledger.verification.notes import KEPT, OriginNotes
from ledger.verification.places import at
from ledger.verification.tokens import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.checkpoint import Checkpoint
    from ledger.verification.steps import Step


class OriginFiles:
    """The files of an origin, listed first and then read.

    The list is taken before the checkpoint: a sealer that is at work makes the
    checkpoint grow, never the list be newer than it.

    Args:
        public: the published ledger.
        origin: such as ``acme/p0``.

    Attributes:
        names: the files as listed.
        beyond: how many of them reach beyond the checkpoint.
    """

    def __init__(self, public: Public, origin: str) -> None:
        self._public = public
        self.origin = origin
        self.names = list(public.list(self.origin))
        self.beyond = 0

    def notes(self) -> OriginNotes:
        """Read the checkpoints; their signatures are checked later.

        Raises: as :class:`OriginNotes`.
        """
        return OriginNotes(self._public, self.origin, self.names)

    def tile_steps(self, checkpoint: Checkpoint) -> list[Step]:
        """Check every tile there must be and every other file there is."""
        findings = Findings(f"{self.origin} tiles")
        tiles = TileSet(
            lambda path: self._public.read(self.origin, path),
            size=checkpoint.size,
            root=checkpoint.root,
        )
        count = self._verify_required(tiles, tiles_of(checkpoint.size), findings)
        self._verify_others(tiles, checkpoint.size, findings)
        detail = f"{count} tiles hash to the root at size {checkpoint.size}"
        if self.beyond:
            detail += f"; {self.beyond} files reach beyond it and wait for theirs"
        return findings.steps(detail)

    def _verify_required(
        self, tiles: TileSet, required: Iterable[TilePath], findings: Findings
    ) -> int:
        count = 0
        for count, path in enumerate(required, 1):  # noqa: B007  the last count
            with findings.collected(), placed(self.origin, str(path)):
                self._verify_tile(tiles, path)
        return count

    def _verify_tile(self, tiles: TileSet, path: TilePath) -> None:
        try:
            tiles.verify_file(path)
        except MissingEvidenceError:
            # A partial tile may have been retired for the full one meanwhile.
            full = str(TilePath(path.level, path.index))
            if path.width == 256 or full not in self.names:
                raise

    def _verify_others(self, tiles: TileSet, size: int, findings: Findings) -> None:
        for name in self.names:
            if name in {"checkpoint", PENDING} or KEPT.fullmatch(name):
                continue
            if TOKEN.fullmatch(name):
                continue  # ledger.verification.cuts
            with findings.collected(), placed(self.origin, name):
                self._verify_other(tiles, size, name)

    def _verify_other(self, tiles: TileSet, size: int, name: str) -> None:
        with at(name):
            path = _known_path(name)
        if path.width == 256 and _last(path) <= size:
            return  # one of those that had to be there
        try:
            tiles.verify_file(path)
        except MissingEvidenceError:
            self.beyond += _last(path) > size


def _last(path: TilePath) -> int:
    """Return the tree size at which all hashes of a tile exist."""
    return (path.index * 256 + path.width) << 8 * (path.level or 0)


def _known_path(name: str) -> TilePath:
    try:
        return parse_tile_path(name)
    except MalformedError as error:
        raise MalformedError(
            f"{name}: not a file of a published ledger",
            place=name,
            expected="checkpoint, checkpoint.<size>, its time token, "
            "checkpoint.pending or a tile",
            actual=name,
        ) from error
